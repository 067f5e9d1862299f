"""Stanzas -> Device: what ifupdown2 makes of them at boot.

Up come the interfaces that start, and those that they stand on. A physical interface without `mtu` gets 1500, whatever
its cable carries (ifupdown2's default policy); a bridge takes its ports'. `gateway` is a route of protocol `kernel`,
onlink. Where a stanza brings an interface up, addresses that the interface had from elsewhere go (address-purge).
"""

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sim.address import Address, InterfaceAddress, Prefix, parse_address, parse_interface
from sim.dataclasses import replace
from sim.device import Device
from sim.device.interfaces import InterfaceConfig, Kind
from sim.device.static import StaticRoute
from sim.dialects.ifupdown import bridging
from sim.dialects.ifupdown.stanzas import Interfaces, Line, Stanza
from sim.dialects.ifupdown.words import FOREIGN, KNOWN
from sim.errors import ConfigError
from sim.iproute import carried_out
from sim.snapshot import Note
from sim.sysctls import slashed

Value = TypeVar("Value")
_DEFAULT_MTU_BYTES = 1500
_IPV6_METRIC = 1024
_HARMLESS = ("sleep", "echo", "true", "logger", "ethtool", "touch", "modprobe", "/bin/true", "/sbin/ethtool")


def meant(node: str, found: Interfaces) -> Device:
    """What the stanzas of a node say. ConfigError at a line that ifup refuses."""
    together = _together(found.stanzas)
    configs = {name: _config(name, stanzas) for name, stanzas in together.items()}
    started = _started(together, configs)
    device = Device(
        node,
        interfaces={name: configs[name] for name in together if name in started},
        notes=tuple(replace(note, node=node) for note in (*found.notes, *_notes(found.stanzas))),
    )
    up = {name: stanzas for name, stanzas in together.items() if name in started}
    device = bridging.joined(device, {name: _lines(stanzas) for name, stanzas in up.items()})
    device = replace(device, interfaces=_with_lower(device.interfaces), sysctls=dict(_forwarding(device, up)))
    for name, stanzas in up.items():
        device = _routed(device, name, stanzas)
    return device


def _with_lower(interfaces: Mapping[str, InterfaceConfig]) -> dict[str, InterfaceConfig]:
    """Interfaces with those they stand on: ifupdown2 brings these up as well, and a bridge's ports and a VLAN's parent
    get its default MTU, though no stanza names them; a port loses the addresses that it had."""
    found = dict(interfaces)
    for config in interfaces.values():
        below = (*(config.members if config.kind == "bridge" else ()), config.parent)
        for name in below:
            if name is not None and name not in found:
                port = config.kind == "bridge"
                found[name] = InterfaceConfig(
                    name, up=True, mtu_bytes=_DEFAULT_MTU_BYTES, flushed=port, place=config.place
                )
    return found


def _forwarding(device: Device, up: Mapping[str, list[Stanza]]) -> Iterable[tuple[str, str]]:
    """`ip-forward`, `ip6-forward`; a bridge forwards if it has an address or something stands on it, and else not."""
    upon = {config.parent for config in device.interfaces.values()}
    for name, stanzas in up.items():
        said = {line.key: line for line in _lines(stanzas)}
        config = device.interfaces[name]
        for version, key in ((4, "ip-forward"), (6, "ip6-forward")):
            sysctl = f"net.ipv{version}.conf.{slashed(name)}.forwarding"
            if config.kind == "bridge":
                yield sysctl, "1" if config.addresses or name in upon else "0"
            elif key in said:
                yield sysctl, "1" if _yes(said[key]) else "0"


def _together(stanzas: Iterable[Stanza]) -> dict[str, list[Stanza]]:
    """The stanzas of each interface."""
    found: dict[str, list[Stanza]] = {}
    for stanza in stanzas:
        found.setdefault(stanza.name, []).append(stanza)
    return found


def _lines(stanzas: Iterable[Stanza]) -> list[Line]:
    return [line for stanza in stanzas for line in stanza.lines]


def _started(together: dict[str, list[Stanza]], configs: dict[str, InterfaceConfig]) -> set[str]:
    """Interfaces that come up: those that start by themselves, and what they stand on."""
    waiting = [name for name, stanzas in together.items() if any(stanza.starts for stanza in stanzas)]
    started: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in started:
            started.add(name)
            config = configs.get(name)
            below = (*config.members, config.parent, config.vrf) if config else ()
            waiting += [each for each in below if each]
    return started


def _notes(stanzas: Iterable[Stanza]) -> Iterable[Note]:
    for stanza in stanzas:
        for line in stanza.lines:
            if line.key in FOREIGN:
                yield Note(line.place, f"{line.key} is not modelled", policy=True)
            elif line.key == "vxlan-id":
                yield Note(line.place, f"vxlan {stanza.name}: what it carries is not modelled", policy=True)


def _config(name: str, stanzas: list[Stanza]) -> InterfaceConfig:
    """One interface, its place that of its first stanza."""
    lines = _lines(stanzas)
    for line in lines:
        if line.key not in KNOWN:
            raise ConfigError(f"iface {name}: unsupported keyword {line.key!r}", line.place)
    said = {line.key: line for line in lines}
    kind, parent, vlan = _kind(name, said)
    addressed = [stanza for stanza in stanzas if stanza.method in ("", "static", "loopback")]
    addresses = tuple(dict.fromkeys(each for stanza in addressed for each in _addresses(stanza)))
    config = InterfaceConfig(
        name,
        kind,
        tuple(own for own, _ in addresses),
        peers=tuple((own, far) for own, far in addresses if far is not None),
        up=None if name == "lo" else not _yes(said.get("link-down")),
        mtu_bytes=_mtu(name, kind, said.get("mtu")),
        mac=_mac(said["hwaddress"]) if "hwaddress" in said else None,
        parent=parent,
        vlan_id=vlan,
        vrf=said["vrf"].value if "vrf" in said else None,
        table=_table(said.get("vrf-table")),
        dhcp=any(stanza.method == "dhcp" and stanza.family != "inet6" for stanza in stanzas),
        virtual_addresses=tuple(each for line in lines if line.key == "address-virtual" for each in _virtual(line)),
        flushed=name != "lo" and bool(addressed),
        place=stanzas[0].place,
    )
    return bridging.described(config, said)


def _yes(line: Line | None) -> bool:
    return line is not None and line.value.lower() in ("yes", "on", "1", "true")


def _kind(name: str, said: dict[str, Line]) -> tuple[Kind, str | None, int | None]:
    """What an interface is; of a VLAN, its parent and tag."""
    if name == "lo":
        return "loopback", None, None
    for key, kind in _TELLING.items():
        if key in said:
            return kind, None, None
    link_type = said["link-type"].value if "link-type" in said else ""
    if link_type == "dummy" or name.startswith("dummy"):
        return "dummy", None, None
    raw = said.get("vlan-raw-device")
    head, dot, tail = name.rpartition(".")
    if raw or (dot and tail.isdecimal()):
        return "vlan", raw.value if raw else head, _tag(name, said.get("vlan-id"), raw)
    return "physical", None, None


_TELLING: dict[str, Kind] = {
    "bridge-ports": "bridge",
    "bridge-vlan-aware": "bridge",
    "bond-slaves": "bond",
    "bond-ports": "bond",
    "vrf-table": "vrf",
    "vxlan-id": "vxlan",
}


def _tag(name: str, line: Line | None, raw: Line | None) -> int:
    """A VLAN's tag: `vlan-id`, or the number that its name ends with (`eth0.100`, `vlan100`)."""
    digits = line.value if line else name.rpartition(".")[2].removeprefix("vlan")
    place = line.place if line else raw.place if raw else None
    if not digits.isdecimal() or not 0 < int(digits) < 4095:
        raise ConfigError(f"iface {name}: {digits!r} is no VLAN; expected 1 to 4094", place)
    return int(digits)


def _mtu(name: str, kind: Kind, line: Line | None) -> int | None:
    if line is None:
        return _DEFAULT_MTU_BYTES if kind in ("physical", "bond", "dummy", "vxlan") else None
    if not line.value.isdecimal():
        raise ConfigError(f"iface {name}: mtu {line.value!r} is no number", line.place)
    return int(line.value)


def _mac(line: Line) -> str:
    words = line.value.split()
    text = words[1] if words[0] == "ether" and len(words) > 1 else words[0]
    parts = text.split(":")
    if len(parts) != 6 or not all(len(part) == 2 and part.isalnum() for part in parts):
        raise ConfigError(f"hwaddress {line.value!r} is no MAC address", line.place)
    return text.lower()


def _table(line: Line | None) -> int | None:
    """A VRF's table; `auto` takes the next from 1001 on, which the model leaves to the name."""
    if line is None or line.value == "auto":
        return None
    return _read(line, int)


def _read(line: Line, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(line.value)
    except ValueError as error:
        raise ConfigError(f"{line.key} {line.value!r}: {error}", line.place) from error


def _addresses(stanza: Stanza) -> Iterable[tuple[InterfaceAddress, Address | None]]:
    """Each `address` with the `netmask` and `pointopoint` that follow it."""
    current: list[Line] = []
    for line in (*stanza.lines, None):
        if (line is None or line.key == "address") and current:
            yield _address(current)
            current = []
        if line is not None and (line.key == "address" or (current and line.key in ("netmask", "pointopoint"))):
            current.append(line)


def _address(lines: list[Line]) -> tuple[InterfaceAddress, Address | None]:
    said = {line.key: line for line in lines}
    first = said["address"]
    mask = said.get("netmask")
    text = f"{first.value}/{mask.value}" if mask and "/" not in first.value else first.value
    own = _read(replace(mask or first, value=text), parse_interface)
    if "pointopoint" not in said:
        return own, None
    far = _read(said["pointopoint"], parse_interface)  # its length counts, and that of the address does not
    return own._replace(length=far.length), far.address


def _virtual(line: Line) -> Iterable[tuple[str, InterfaceAddress]]:
    """`address-virtual MAC ADDRESS...`; without a MAC (`None`) ifupdown2 makes one up."""
    words = line.value.split()
    mac, addresses = (words[0].lower(), words[1:]) if "." not in words[0] and words[0].count(":") == 5 else ("", words)
    for word in addresses:
        if word.lower() != "none":
            yield mac, _read(replace(line, value=word), parse_interface)


def _routed(device: Device, name: str, stanzas: list[Stanza]) -> Device:
    """Gateways, and the commands of `pre-up`, `up` and `post-up`."""
    vrf = next((line.value for line in _lines(stanzas) if line.key == "vrf"), "default")
    metric = next((_read(line, int) for line in _lines(stanzas) if line.key == "metric"), 0)
    for order in (("pre-up",), ("gateway",), ("up",), ("post-up",)):
        for line in (line for line in _lines(stanzas) if line.key in order):
            if line.key == "gateway":
                device = replace(device, statics=(*device.statics, *_gateways(line, name, vrf, metric)))
            else:
                device = _commanded(device, line)
    return device


def _gateways(line: Line, name: str, vrf: str, metric: int) -> Iterable[StaticRoute]:
    for word in line.value.split():
        via = _read(replace(line, value=word), parse_address)
        yield StaticRoute(
            Prefix(0, 0, via.version),
            via,
            name,
            distance=0,
            metric=metric or (_IPV6_METRIC if via.version == 6 else 0),
            vrf=vrf,
            onlink=True,
            protocol="kernel",
            place=line.place,
        )


def _commanded(device: Device, line: Line) -> Device:
    """A command line: `ip ...` is understood, harmless programs pass, anything else is a note."""
    try:
        words = shlex.split(line.value)
    except ValueError:
        words = []
    plain = words and not set(line.value) & set(";&|<>$`")
    if words and words[0] in _HARMLESS and plain:
        return device
    if plain and words[0] in ("ip", "/sbin/ip", "/bin/ip", "/usr/sbin/ip"):
        return carried_out(device, words, line.place)
    note = Note(line.place, f"`{line.key} {line.value}` is not modelled", device.node, policy=True)
    return replace(device, notes=(*device.notes, note))
