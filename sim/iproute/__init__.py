"""iproute2's commands as text: what `ip route|address|link|rule` and their kin leave behind in a Device.

    carried_out(device, ["ip", "route", "add", "10.0.0.0/8", "via", "10.1.0.1"], place) -> Device

Scripts, `up` lines of interface files, route files of RHEL and a topology's `exec` all speak it. ConfigError, at the
place given, where `ip` itself would refuse; a Note there for what the model does not know.
"""

from sim.iproute.command import carried_out, noted

__all__ = ["carried_out", "noted"]
