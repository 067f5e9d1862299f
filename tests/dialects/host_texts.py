"""Texts of a host's files, read by one dialect each."""

from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.dialects import Dialect, Source
from sim.dialects.ifcfg import DIALECTS as IFCFG
from sim.dialects.ifupdown import DIALECTS as IFUPDOWN
from sim.dialects.sysctl import DIALECTS as SYSCTL
from sim.errors import Place
from sim.topology.model import Node

SCRIPTS = "/etc/sysconfig/network-scripts/"


def interfaces(text: str, **sourced: str) -> Device:
    """/etc/network/interfaces, with interfaces.d/<name> beside it."""
    files = {"/etc/network/interfaces": text, **{f"/etc/network/interfaces.d/{k}": v for k, v in sourced.items()}}
    return _read(IFUPDOWN[0], files)


def ifcfg(network: str = "", **files: str) -> Device:
    """Files of network-scripts by name, `_` for the dash: `ifcfg_eth0`."""
    named = {SCRIPTS + name.replace("_", "-"): text for name, text in files.items()}
    return _read(IFCFG[0], named | ({"/etc/sysconfig/network": network} if network else {}))


def sysctl(*texts: str, main: str = "") -> Device:
    """Files of sysctl.d in order, and /etc/sysctl.conf; both passes."""
    files = {f"/etc/sysctl.d/{number}0.conf": text for number, text in enumerate(texts)}
    files |= {"/etc/sysctl.conf": main} if main else {}
    return _read(SYSCTL[0], files) | _read(SYSCTL[1], files)


def _read(dialect: Dialect, files: dict[str, str]) -> Device:
    sources = {path: Source(path, path, text) for path, text in files.items() if dialect.claims(path)}
    return dialect.parse(Node("box"), sources)


def addresses(config: InterfaceConfig) -> list[str]:
    return [str(each) for each in config.addresses]


def routes(device: Device) -> list[str]:
    """Routes as `ip route` would print them, shortened."""
    return [
        " ".join(
            [str(each.prefix)]
            + ([f"via {each.via}"] if each.via else [])
            + ([f"dev {each.interface}"] if each.interface else [])
            + ([f"src {each.source}"] if each.source else [])
            + ([f"metric {each.metric}"] if each.metric else [])
            + ([f"table {each.table}"] if each.table != "main" else [])
            + [each.protocol]
        )
        for each in device.statics
    ]


def notes(device: Device) -> list[tuple[int, str]]:
    """Line and text of each note."""
    return [(each.place.line if isinstance(each.place, Place) else 0, each.text) for each in device.notes]
