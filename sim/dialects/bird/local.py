"""Protocols that speak with nobody: device, direct, kernel, static, pipe."""

from typing import Any

from sim.dataclasses import fields
from sim.device.bird import (
    BirdRoute,
    DeviceProtocol,
    DirectProtocol,
    KernelProtocol,
    PipeProtocol,
    StaticHop,
    StaticProtocol,
)
from sim.dialects.bird.channels import CHANNEL, PIPE, channel, plain_channels, the_channel
from sim.dialects.bird.filters import command
from sim.dialects.bird.options import (
    SECONDS,
    Draft,
    Options,
    braces,
    count,
    flag,
    not_modelled,
    without_effect,
)
from sim.dialects.bird.patterns import patterns
from sim.dialects.bird.protocols import Kind
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import address, number, prefix, switch
from sim.policies.bird import BirdFilter
from sim.policies.bird_commands import Command, Decide
from sim.snapshot import RouteType


def _own(of: type, draft: Draft) -> dict[str, Any]:
    """What a draft says of a value's fields."""
    names = {each.name for each in fields(of)}
    return {name: each for name, each in draft.items() if name in names}


def _interface(reader: Reader, draft: Draft) -> None:
    draft["interfaces"] = (*draft.get("interfaces", ()), patterns(reader))


def _preferred(reader: Reader, draft: Draft) -> None:
    """`interface "x" { preferred ADDRESS; }` of the device protocol."""
    patterns(reader)
    if reader.sees("{"):
        braces(reader)


def _device(reader: Reader, draft: Draft) -> DeviceProtocol:
    if reader.synced.setdefault("", draft["name"]) != draft["name"]:
        reader.complain("kernel device protocol already defined", draft["place"])
    return DeviceProtocol(draft["name"], draft["place"])


def _direct(reader: Reader, draft: Draft) -> DirectProtocol:
    """Without a channel it imports nothing."""
    return DirectProtocol(
        **{**_own(DirectProtocol, draft), "channels": tuple(channel(each, 240) for each in plain_channels(draft))}
    )


def _merge_paths(reader: Reader, draft: Draft) -> None:
    """`merge paths [SWITCH] [limit N]`; 16 is BIRD's most (KRT_DEFAULT_ECMP_LIMIT)."""
    draft["merge_paths"] = 16 if reader.sees("limit") or switch(reader) else 0
    if reader.takes("limit"):
        draft["merge_paths"] = number(reader, 1, 255, "merge paths limit")


def _kernel(reader: Reader, draft: Draft) -> KernelProtocol:
    found = KernelProtocol(**{**_own(KernelProtocol, draft), "channel": channel(the_channel(reader, draft), 10)})
    owner = reader.synced.setdefault(found.channel.table, found.name)
    if owner != found.name:
        reader.complain(f"kernel syncer ({owner}) already attached to table {found.channel.table}", draft["place"])
    return found


_TYPES = {
    "blackhole": RouteType.BLACKHOLE,
    "unreachable": RouteType.UNREACHABLE,
    "prohibit": RouteType.PROHIBIT,
    "drop": RouteType.BLACKHOLE,
    "reject": RouteType.UNREACHABLE,
}


def _route(reader: Reader, draft: Draft) -> None:
    """`route PREFIX (via ... | recursive ADDRESS | blackhole ...) [{ commands }]`."""
    place = reader.here.place
    network = prefix(reader)
    found: dict[str, Any] = {}
    if kind := next((each for each in _TYPES if reader.takes(each)), None):
        found["type"] = _TYPES[kind]
    elif reader.takes("recursive"):
        found["recursive"] = address(reader)
    elif reader.takes("multipath") or reader.sees("via"):
        found["hops"] = _hops(reader)
    else:
        reader.refuse("'via', 'recursive', 'blackhole', 'unreachable' or 'prohibit'")
    if reader.takes("{"):
        found["policy"] = _attached(reader)
    draft["routes"] = (*draft.get("routes", ()), BirdRoute(network, place=place, **found))


def _hops(reader: Reader) -> tuple[StaticHop, ...]:
    found = []
    while reader.takes("via"):
        found.append(_hop(reader))
    return tuple(found)


def _hop(reader: Reader) -> StaticHop:
    """`via ADDRESS[%IF]` or `via "IF"`, with `weight`, `onlink`, `bfd`."""
    via = interface = None
    if reader.here.kind == "text":
        interface = reader.next().text
    else:
        via = address(reader)
    weight, onlink = 1, False
    while True:
        if reader.takes("%"):
            interface = reader.next().text
        elif reader.takes("weight"):
            weight = number(reader, 1, 256, "weight")
        elif reader.takes("onlink"):
            onlink = switch(reader) if not reader.sees("via") and not reader.sees("{") else True
        elif reader.takes("bfd"):
            switch(reader)
        elif reader.takes("mpls"):
            reader.note("'mpls' on a route is not modelled", reader.tokens[reader.at - 1].place)
            number(reader)
        else:
            return StaticHop(via, interface, weight, onlink)


def _attached(reader: Reader) -> BirdFilter:
    """What a route says in braces behind it: commands that set its attributes."""
    place, commands = reader.here.place, list[Command]()
    while not reader.takes("}"):
        commands.append(command(reader))
    return BirdFilter("route", (*commands, Decide(True)), (), place)


def _static(reader: Reader, draft: Draft) -> StaticProtocol:
    found = StaticProtocol(**{**_own(StaticProtocol, draft), "channel": channel(the_channel(reader, draft), 200)})
    version = int(found.channel.family[-1])
    for route in found.routes:
        if route.prefix.version != version:
            reader.complain(f"route {route.prefix} incompatible with channel type {found.channel.family}", route.place)
    return found


def _igp_table(reader: Reader, draft: Draft) -> None:
    draft["igp_table"], _ = reader.here.text, reader.known("table")


def _peer_table(reader: Reader, draft: Draft) -> None:
    draft["peer_table"], draft["peer_family"] = reader.here.text, reader.known("table")


def _pipe(reader: Reader, draft: Draft) -> PipeProtocol:
    """Its channel's options stand on itself; it imports and exports all by default."""
    if "table" not in draft:
        reader.complain("primary routing table not specified", draft["place"])
    if "peer_table" not in draft:
        reader.complain("secondary routing table not specified", draft["place"])
    if draft["table"] == draft["peer_table"]:
        reader.complain("primary table and peer table must be different", draft["place"])
    family = reader.symbols[draft["table"]].value
    if family != draft["peer_family"]:
        reader.complain("primary table and peer table must have the same type", draft["place"])
    door = channel({**draft, "family": family}, 70)
    return PipeProtocol(draft["name"], door, draft["peer_table"], draft.get("disabled", False), draft["place"])


_DEVICE: Options = {"scan time": SECONDS, "interface": _preferred, "primary": not_modelled(patterns)}
_DIRECT: Options = {"interface": _interface, "check link": flag("check_link")}
_KERNEL: Options = {
    "learn": flag("learn"),
    "persist": flag("persist"),
    "scan time": SECONDS,
    "graceful restart": without_effect(switch),
    "merge paths": _merge_paths,
    "kernel table": count("kernel_table", 1),
    "metric": count("metric"),
    "netlink rx buffer": SECONDS,
}
_STATIC: Options = {"route": _route, "check link": flag("check_link"), "igp table": _igp_table}
_PIPE: Options = {**PIPE, "peer table": _peer_table}

KINDS = (
    Kind("device", _DEVICE, _device),
    Kind("direct", _DIRECT, _direct, channel=CHANNEL),
    Kind("kernel", _KERNEL, _kernel, channel=CHANNEL),
    Kind("static", _STATIC, _static, channel=CHANNEL),
    Kind("pipe", _PIPE, _pipe),
)
