"""The router id that zebra picks where none is configured (zebra/router-id.c)."""

from collections.abc import Mapping

from sim.address import Address
from sim.device import Device
from sim.routing import Port


def router_id_of(device: Device, ports: Mapping[str, Port]) -> Address:
    """`router-id` if configured, else the highest IPv4 address of a loopback, else of any interface; 127/8 never."""
    if device.zebra is not None and device.zebra.router_id is not None:
        return device.zebra.router_id
    loops = [port for port in ports.values() if port.kind == "loopback"]
    for faces in (loops, list(ports.values())):
        found = [
            each.address
            for port in faces
            if port.up
            for each in port.addresses
            if each.version == 4 and each.value >> 24 != 127
        ]
        if found:
            return max(found)
    return Address(0)
