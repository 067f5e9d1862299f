"""Channels: a protocol's doors to its tables, each a draft of its own within the protocol's."""

from typing import Any, Literal

from sim.device.bird import BgpChannel, Channel, Limit
from sim.dialects.bird.filters import import_export
from sim.dialects.bird.options import (
    Draft,
    Option,
    Options,
    count,
    flag,
    ip,
    mask,
    not_modelled,
    read_option,
    value,
    without_effect,
)
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import number, switch
from sim.policies.bird import ALL, NONE

PLAIN = ("ipv4", "ipv6")
_UNKNOWN = ("ipv6 sadr", "vpn4", "vpn6", "roa4", "roa6", "flow4", "flow6", "mpls")
_UNKNOWN_BGP = (
    *("ipv4 multicast", "ipv6 multicast", "ipv4 mpls", "ipv6 mpls", "vpn4 mpls", "vpn6 mpls"),
    *("vpn4 multicast", "vpn6 multicast", "flow4", "flow6"),
)
_ACTIONS: tuple[Literal["warn", "block", "restart", "disable"], ...] = ("warn", "block", "restart", "disable")


def _filter(name: str) -> Option:
    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = import_export(reader)

    return read


def _limit(name: str) -> Option:
    def read(reader: Reader, draft: Draft) -> None:
        if reader.takes("off"):
            draft[name] = None
            return
        routes = number(reader)
        place = reader.tokens[reader.at - 1].place
        actions = (each for each in _ACTIONS if reader.takes("action", each))
        draft[name] = Limit(routes, next(actions, _ACTIONS[-1]))
        if name == "export_limit" or draft[name].action == "block":
            reader.note(f"'{reader.option}' with its action is not modelled", place)

    return read


def _table(name: str) -> Option:
    def read(reader: Reader, draft: Draft) -> None:
        place = reader.here.place
        draft[name], family = reader.tokens[reader.at].text, reader.known("table")
        if draft.get("family", family) != family:
            reader.complain("incompatible table type", place)

    return read


PIPE: Options = {
    "table": _table("table"),
    "import": _filter("imports"),
    "export": _filter("exports"),
    "receive limit": _limit("receive_limit"),
    "import limit": _limit("import_limit"),
    "export limit": _limit("export_limit"),
    "preference": count("preference", 0, 0xFFFF),
    "import keep filtered": flag("keep_filtered"),
    "rpki reload": without_effect(switch),
}
CHANNEL: Options = {**PIPE, "debug": without_effect(mask)}


def _whom(name: str) -> Option:
    """A switch, or `ibgp`, or `ebgp`."""

    def read(reader: Reader, draft: Draft) -> None:
        for whom in ("ibgp", "ebgp"):
            if reader.takes(whom):
                draft[name] = whom
                return
        draft[name] = "all" if switch(reader) else ""

    return read


def _add_paths(reader: Reader, draft: Draft) -> None:
    if reader.takes("rx"):
        draft.update(add_paths_rx=True, add_paths_tx=False)
    elif reader.takes("tx"):
        draft.update(add_paths_rx=False, add_paths_tx=True)
    else:
        both = switch(reader)
        draft.update(add_paths_rx=both, add_paths_tx=both)


BGP: Options = {
    **CHANNEL,
    "next hop address": ip("next_hop_address"),
    "next hop self": _whom("next_hop_self"),
    "next hop keep": _whom("next_hop_keep"),
    "mandatory": without_effect(switch),
    "missing lladdr self": without_effect(),
    "missing lladdr drop": without_effect(),
    "missing lladdr ignore": without_effect(),
    "next hop prefer global": without_effect(),
    "gateway direct": value("gateway", "direct"),
    "gateway recursive": value("gateway", "recursive"),
    "secondary": flag("secondary"),
    "graceful restart": without_effect(switch),
    "long lived graceful restart": without_effect(switch),
    "long lived stale time": without_effect(number),
    "extended next hop": flag("extended_next_hop"),
    "add paths": _add_paths,
    "import table": flag("import_table"),
    "export table": without_effect(switch),
    "aigp": not_modelled(switch),
    "aigp originate": not_modelled(),
    "cost": count("cost", 1),
    "igp table": _table("igp_table"),
    "validate": not_modelled(switch),
    "base table": not_modelled(lambda reader: reader.known("table")),
}


def reads_channel(reader: Reader, draft: Draft, options: Options) -> bool:
    """A channel, if one begins here, with its semicolon. Those of families beyond IPv4 and IPv6 become Notes."""
    unknown = _UNKNOWN_BGP if options is BGP else _UNKNOWN
    found = next((words for words in (*unknown, *PLAIN) if reader.sees(*words.split())), None)
    if found is None:
        return False
    place = reader.here.place
    reader.at += len(found.split())
    if found not in PLAIN:
        reader.note(f"channel '{found}' is not modelled", place)
    channel = draft["channels"].setdefault(found, {"family": found, "table": f"master{found[-1]}"})
    if reader.takes("{"):
        while not reader.takes("}"):
            read_option(reader, channel, options)
    reader.expect(";")
    return True


def plain_channels(draft: Draft) -> list[Draft]:
    """Those channels of a draft that are modelled."""
    return [channel for family, channel in draft["channels"].items() if family in PLAIN]


def the_channel(reader: Reader, draft: Draft) -> Draft:
    """The one channel of a protocol that must have one."""
    channels = plain_channels(draft)
    if len(channels) > 1:
        reader.complain("different channel type: one channel is allowed here")
    if not channels and not draft["channels"]:
        reader.complain("channel not specified")
    return channels[0] if channels else {"family": "ipv4", "table": "master4", "imports": NONE, "exports": NONE}


def channel(draft: Draft, preference: int) -> Channel:
    """The draft of a plain channel as what it says; imports all and exports none by default."""
    return Channel(**_common(draft, preference))


def bgp_channel(draft: Draft, preference: int, gateway: str) -> BgpChannel:
    """The same of a BGP channel."""
    own = {name: each for name, each in draft.items() if name in _BGP_FIELDS}
    return BgpChannel(**_common(draft, preference), **{"gateway": gateway, **own})


_COMMON_FIELDS = frozenset(Channel.__dataclass_fields__)
_BGP_FIELDS = frozenset(BgpChannel.__dataclass_fields__) - _COMMON_FIELDS


def _common(draft: Draft, preference: int) -> dict[str, Any]:
    defaults: dict[str, Any] = {"imports": ALL, "exports": NONE, "preference": preference}
    return {**defaults, **{name: each for name, each in draft.items() if name in _COMMON_FIELDS}}
