"""`protocol bgp`: one session."""

from typing import Any

from sim.device.bird import BgpProtocol
from sim.dialects.bird.bgp_checks import check, is_internal
from sim.dialects.bird.channels import BGP, bgp_channel, plain_channels
from sim.dialects.bird.options import (
    SECONDS,
    Draft,
    Option,
    Options,
    braces,
    count,
    flag,
    ip,
    not_modelled,
    secret,
    value,
    without_effect,
)
from sim.dialects.bird.protocols import Kind
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import address, number, prefix, router_id, string, switch

_PREFERENCE = 100


def _local(reader: Reader, draft: Draft) -> None:
    """`local [ADDRESS[%IF]] [port N] [as N]`, in any order of the last two."""
    if reader.here.kind == "ip" or _constant_address(reader):
        draft["local"] = _scoped_address(reader, draft)
    while not reader.sees(";"):
        if reader.takes("as"):
            draft["local_as"] = number(reader)
        elif reader.takes("port"):
            draft["local_port"] = number(reader, 1, 65535, "port")
        elif reader.takes("role"):
            draft["role"] = reader.next().text
        else:
            reader.refuse("'as', 'port' or ';'")


def _constant_address(reader: Reader) -> bool:
    return reader.symbol("constant") is not None


def _scoped_address(reader: Reader, draft: Draft) -> Any:
    found = address(reader)
    if reader.takes("%"):
        token = reader.next()
        draft["interface"] = token.text
    return found


def _neighbour(reader: Reader, draft: Draft) -> None:
    """`neighbor [ADDRESS[%IF] | range PREFIX] [port N] [as N | internal | external]`."""
    if reader.takes("range"):
        _only_one(reader, draft)
        draft["neighbour_range"] = prefix(reader)
    elif reader.here.kind == "ip" or _constant_address(reader):
        _only_one(reader, draft)
        draft["neighbour"] = _scoped_address(reader, draft)
    while not reader.sees(";"):
        if reader.takes("as"):
            draft["remote_as"] = number(reader)
        elif reader.takes("port"):
            draft["remote_port"] = number(reader, 1, 65535, "port")
        elif reader.sees("internal") or reader.sees("external"):
            draft[reader.next().text] = True
        else:
            reader.refuse("'as', 'internal', 'external', 'port' or ';'")


def _only_one(reader: Reader, draft: Draft) -> None:
    if "neighbour" in draft or "neighbour_range" in draft:
        reader.complain("only one neighbor per BGP instance is allowed", reader.here.place)


def _interface(reader: Reader, draft: Draft) -> None:
    draft["interface"] = string(reader)


def _multihop(reader: Reader, draft: Draft) -> None:
    draft["multihop"] = 64 if reader.sees(";") else number(reader, 1, 255, "multihop")


def _cluster_id(reader: Reader, draft: Draft) -> None:
    draft["rr_cluster_id"] = router_id(reader).value


def _hold_time(reader: Reader, draft: Draft) -> None:
    place = reader.here.place
    if 0 < number(reader) < 3:
        reader.complain("hold time must be in range 3-65535 or zero", place)


def _bfd(reader: Reader, draft: Draft) -> None:
    if reader.sees("{"):
        braces(reader)
        draft["bfd"] = True
    else:
        draft["bfd"] = True if reader.takes("graceful") else switch(reader)


def _allow_local_as(reader: Reader, draft: Draft) -> None:
    draft["allow_local_as"] = 0xFFFF if reader.sees(";") else number(reader)


def _cease(reader: Reader) -> None:
    braces(reader) if reader.sees("{") else switch(reader)


_QUIET: dict[str, Option] = {
    "hold time": _hold_time,
    "min hold time": SECONDS,
    "startup hold time": SECONDS,
    "keepalive time": without_effect(lambda reader: number(reader, 1, 65535, "keepalive time")),
    "min keepalive time": SECONDS,
    "connect delay time": SECONDS,
    "connect retry time": SECONDS,
    "start delay time": SECONDS,
    "error forget time": SECONDS,
    "error wait time": without_effect(number, number),
    "disable after error": without_effect(switch),
    "disable after cease": without_effect(_cease),
    "enable route refresh": without_effect(switch),
    "enable enhanced route refresh": without_effect(switch),
    "enable as4": not_modelled(switch),
    "enable extended messages": flag("extended_messages"),
    "advertise hostname": without_effect(switch),
    "setkey": without_effect(switch),
    "graceful restart": without_effect(switch),
    "graceful restart aware": without_effect(),
    "graceful restart time": SECONDS,
    "long lived graceful restart": without_effect(switch),
    "long lived graceful restart aware": without_effect(),
    "long lived stale time": SECONDS,
    "check link": without_effect(switch),
    "strict bind": flag("strict_bind"),
    "free bind": without_effect(switch),
    "dynamic name": without_effect(string),
    "dynamic name digits": without_effect(lambda reader: number(reader, 0, 10)),
}
OPTIONS: Options = {
    **_QUIET,
    "local": _local,
    "neighbor": _neighbour,
    "interface": _interface,
    "source address": ip("local"),
    "rr cluster id": _cluster_id,
    "rr client": flag("rr_client"),
    "rs client": flag("rs_client"),
    "confederation": count("confederation"),
    "confederation member": flag("confederation_member"),
    "direct": value("multihop", None),
    "multihop": _multihop,
    "path metric": flag("path_metric"),
    "med metric": flag("med_metric"),
    "igp metric": flag("igp_metric"),
    "prefer older": flag("prefer_older"),
    "deterministic med": flag("deterministic_med"),
    "default bgp_med": count("default_med"),
    "default bgp_local_pref": count("default_local_pref"),
    "capabilities": flag("capabilities"),
    "password": secret("password_digest"),
    "passive": flag("passive"),
    "interpret communities": flag("interpret_communities"),
    "allow local as": _allow_local_as,
    "allow bgp_local_pref": flag("allow_local_pref"),
    "ttl security": flag("ttl_security"),
    "bfd": _bfd,
    "enforce first as": flag("enforce_first_as"),
    "require roles": flag("require_roles"),
}


def build(reader: Reader, draft: Draft) -> BgpProtocol:
    """The session, checked as BIRD does when its brace closes."""
    check(reader, draft)
    multihop = draft.get("multihop", 64 if is_internal(draft) else None)
    gateway = "direct" if multihop is None else "recursive"
    own = {name: each for name, each in draft.items() if name in BgpProtocol.__dataclass_fields__}
    keep = {"next_hop_keep": "all"} if draft.get("rs_client") else {}  # a route server's default (bgp_postconfig)
    channels = tuple(bgp_channel({**keep, **each}, _PREFERENCE, gateway) for each in plain_channels(draft))
    return BgpProtocol(**{**own, "channels": channels, "multihop": multihop})


KIND = Kind("bgp", OPTIONS, build, channel=BGP)
