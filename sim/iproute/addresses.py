"""`ip address`, `ip link` and `ip rule`: what a command changes of interfaces and of policy rules."""

import re
from collections.abc import Callable
from typing import Any, cast

from sim.address import Prefix
from sim.dataclasses import replace
from sim.device import Device
from sim.device.interfaces import InterfaceConfig, Kind
from sim.device.static import Rule
from sim.iproute.words import NotModelled, Words, abbreviated, table_name

_KINDS = ("dummy", "bridge", "vlan", "bond", "vrf", "vxlan")
_MAC = re.compile(r"([0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2}")
_SILENT_LINK = frozenset({
    "txqueuelen", "qlen", "txqlen", "alias", "group", "numtxqueues", "gso_max_size", "addrgenmode", "broadcast",
    "multicast", "allmulticast", "promisc", "arp", "dynamic", "trailers", "carrier", "index",
})  # fmt: skip


def changed(device: Device, name: str, **changes: Any) -> Device:
    """The device with some of an interface's facts replaced."""
    config = device.interfaces.get(name) or InterfaceConfig(name)
    return replace(device, interfaces={**device.interfaces, name: replace(config, **changes)})


def address(device: Device, words: Words, version: int | None) -> Device:
    """The device after an `ip address` command."""
    verb = (
        abbreviated(words.next(), "add", "change", "chg", "replace", "delete", "del", "show", "flush") if words else ""
    )
    if verb in ("", "show", "list", "ls"):
        return device
    if verb == "flush":
        return _flushed(device, words)
    if verb not in ("add", "change", "chg", "replace", "del", "delete"):
        raise NotModelled
    given = words.interface_address() if words.peek() != "local" else (words.next(), words.interface_address())[1]
    peer, name = None, ""
    while words:
        if words.take("dev"):
            name = words.next()
        elif words.take("peer"):
            peer = words.interface_address()
        elif words.take(
            "brd", "broadcast", "scope", "label", "valid_lft", "preferred_lft", "metric", "anycast", "proto"
        ):
            words.next()
        elif not words.take("nodad", "noprefixroute", "home", "mngtmpaddr", "autojoin", "optimistic"):
            raise words.wrong(f"{words.peek()!r} is not known there")
    if not name:
        raise words.wrong('not enough information: "dev" argument is required')
    config = device.interfaces.get(name) or InterfaceConfig(name)
    if verb in ("del", "delete"):
        return changed(device, name, addresses=tuple(each for each in config.addresses if each != given))
    if peer is not None:
        own = given._replace(length=peer.length)
        peers = (*config.peers, (own, peer.address))
        return changed(device, name, addresses=(*config.addresses, own), peers=peers)
    return changed(device, name, addresses=tuple(dict.fromkeys((*config.addresses, given))))


def _flushed(device: Device, words: Words) -> Device:
    words.take("dev")
    name = words.next()
    if words:
        raise NotModelled
    return changed(device, name, addresses=(), peers=())


def link(device: Device, words: Words, version: int | None) -> Device:
    """The device after an `ip link` command."""
    verb = abbreviated(words.next(), "set", "add", "delete", "del", "show") if words else ""
    if verb in ("", "show", "list", "ls"):
        return device
    if verb == "set":
        return _link_set(device, words)
    if verb == "add":
        return _link_add(device, words)
    raise NotModelled


def _link_set(device: Device, words: Words) -> Device:
    words.take("dev")
    name = words.next()
    while words:
        if words.take("up"):
            device = changed(device, name, up=True)
        elif words.take("down"):
            device = changed(device, name, up=False)
        elif words.take("mtu"):
            device = changed(device, name, mtu_bytes=words.number())
        elif words.take("address"):
            device = changed(device, name, mac=words.read(_mac))
        elif words.take("master", "vrf"):
            device = _enslaved(device, name, words.next())
        elif words.take("nomaster"):
            device = _freed(device, name)
        elif words.take(*_SILENT_LINK):
            words.next()
        elif words.peek() in ("type", "name", "netns", "xdp", "vf", "altname", "protodown"):
            raise NotModelled
        else:
            raise words.wrong(f"{words.peek()!r} is not known there")
    return device


def _mac(word: str) -> str:
    if not _MAC.fullmatch(word):
        raise ValueError(f"{word!r} is not a MAC address")
    return ":".join(part.zfill(2) for part in word.lower().split(":"))


def _enslaved(device: Device, name: str, master: str) -> Device:
    device = _freed(device, name)
    config = device.interfaces.get(master) or InterfaceConfig(master)
    if config.kind == "vrf":
        return changed(device, name, vrf=master)
    return changed(device, master, members=(*config.members, name))


def _freed(device: Device, name: str) -> Device:
    for config in tuple(device.interfaces.values()):
        if name in config.members:
            device = changed(device, config.name, members=tuple(each for each in config.members if each != name))
    return device


def _link_add(device: Device, words: Words) -> Device:
    changes: dict[str, Any] = {"up": False}
    name = ""
    while words and not words.take("type"):
        if words.take("link"):
            changes["parent"] = words.next()
        elif words.take("mtu"):
            changes["mtu_bytes"] = words.number()
        elif words.take("address"):
            changes["mac"] = words.read(_mac)
        elif words.take("up"):
            changes["up"] = True
        else:
            words.take("name", "dev")
            name = words.next()
    kind = words.next()
    if kind not in _KINDS:
        raise NotModelled
    while words:
        if kind == "vlan" and words.take("id"):
            changes["vlan_id"] = words.number()
        elif kind == "vrf" and words.take("table"):
            changes["table"] = words.number()
        elif kind == "bridge" and words.take("vlan_filtering"):
            changes["vlan_aware"] = words.number() == 1
        else:
            words.next()
    return changed(device, name, kind=cast(Kind, kind), place=words.place, **changes)


def rule(device: Device, words: Words, version: int | None) -> Device:
    """The device after an `ip rule` command."""
    verb = abbreviated(words.next(), "add", "delete", "del", "show") if words else ""
    if verb in ("", "show", "list", "ls"):
        return device
    if verb not in ("add", "del", "delete"):
        raise NotModelled
    said = _rule(words, version)
    if verb == "add":
        return replace(device, rules=(*device.rules, said))
    if said not in device.rules:
        raise NotModelled
    return replace(device, rules=tuple(each for each in device.rules if each != said))


def _rule(words: Words, version: int | None) -> Rule:
    version = version or (6 if words.name_ipv6() else 4)
    said = Rule(version=version, place=words.place)
    while words:
        word = words.next()
        if word not in _SELECTORS:
            raise words.wrong(f"{word!r} is not known there")
        said = _SELECTORS[word](said, words)
    return said


def _prefix(words: Words, version: int) -> Prefix | None:
    """A selector's prefix, host bits cleared by the kernel; everything selects nothing."""
    found = words.prefix(version)
    return found if found.length else None


def _mark(word: str) -> tuple[int, int]:
    value, _, mask = word.partition("/")
    return int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF


def _ports(word: str) -> tuple[int, int]:
    low, _, high = word.partition("-")
    return int(low), int(high or low)


def _refused(said: Rule, words: Words) -> Rule:
    raise NotModelled


def _lookup(said: Rule, words: Words) -> Rule:
    return replace(said, action=table_name(words.next()))


def _priority(said: Rule, words: Words) -> Rule:
    return replace(said, priority=words.number())


def _acting(action: str) -> Callable[[Rule, Words], Rule]:
    return lambda said, words: replace(said, action=action)


_SELECTORS: dict[str, Callable[[Rule, Words], Rule]] = {
    "from": lambda said, words: replace(said, source=_prefix(words, said.version)),
    "to": lambda said, words: replace(said, destination=_prefix(words, said.version)),
    "iif": lambda said, words: replace(said, incoming=words.next()),
    "dev": lambda said, words: replace(said, incoming=words.next()),
    "oif": lambda said, words: replace(said, outgoing=words.next()),
    "fwmark": lambda said, words: replace(said, mark=words.read(_mark)),
    "ipproto": lambda said, words: replace(said, protocol=words.next()),
    "sport": lambda said, words: replace(said, sports=words.read(_ports)),
    "dport": lambda said, words: replace(said, dports=words.read(_ports)),
    "not": lambda said, words: replace(said, negated=True),
    "table": _lookup,
    "lookup": _lookup,
    "pref": _priority,
    "preference": _priority,
    "priority": _priority,
    "order": _priority,
    "goto": lambda said, words: replace(said, action=f"goto {words.number()}"),
    "blackhole": _acting("blackhole"),
    "unreachable": _acting("unreachable"),
    "prohibit": _acting("prohibit"),
    "unicast": lambda said, words: said,
    "type": lambda said, words: said,
    "tos": _refused,
    "dsfield": _refused,
    "l3mdev": _refused,
    "uidrange": _refused,
    "suppress_prefixlength": _refused,
    "suppress_ifgroup": _refused,
    "realms": _refused,
    "nat": _refused,
}
