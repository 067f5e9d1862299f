"""What must go together in a BGP session: BIRD 2.0.12's own checks, made when its brace closes (found by `bird -p`)."""

from collections.abc import Callable
from typing import Any

from sim.dialects.bird.channels import plain_channels
from sim.dialects.bird.options import Draft
from sim.dialects.bird.reader import Reader


def is_internal(draft: Draft) -> bool:
    """Whether the peer is of our own AS."""
    return bool(draft.get("internal") or (draft.get("remote_as") == draft["local_as"] and not draft.get("external")))


def check(reader: Reader, draft: Draft) -> None:
    """ConfigError at the protocol's head for the first rule that is broken."""
    for broken, words in _RULES:
        if broken(draft):
            reader.complain(words, draft["place"])
    for channel in plain_channels(draft):
        _check_channel(reader, draft, channel)


def _check_channel(reader: Reader, draft: Draft, channel: Draft) -> None:
    if _multihop(draft) and channel.get("gateway") == "direct":
        reader.complain("multihop BGP cannot use direct gateway mode", draft["place"])
    if channel.get("secondary") and channel["table"] not in reader.sorted_tables:
        reader.complain("BGP with secondary option requires sorted table", draft["place"])
    if is_internal(draft) or draft.get("confederation_member") or reader.syntax == 1:
        return
    for name in ("import", "export"):
        if f"{name}s" not in channel:
            reader.complain(f"EBGP requires explicit {name} policy", draft["place"])


def _multihop(draft: Draft) -> bool:
    return draft.get("multihop", 64 if is_internal(draft) else None) is not None


def _link_local(draft: Draft) -> bool:
    found = draft.get("neighbour")
    return found is not None and found.version == 6 and bool(found.is_link_local)


_RULES: tuple[tuple[Callable[[Draft], Any], str], ...] = (
    (lambda d: not d.get("local_as"), "local AS number must be set"),
    (lambda d: "neighbour" not in d and "neighbour_range" not in d, "neighbor must be configured"),
    (
        lambda d: not (d.get("remote_as") or d.get("internal") or d.get("external")),
        "remote AS number (or peer type) must be set",
    ),
    (lambda d: d.get("internal") and d.get("remote_as", d["local_as"]) != d["local_as"], "IBGP cannot have other ASNs"),
    (lambda d: d.get("external") and d.get("remote_as") == d["local_as"], "EBGP cannot have the same ASNs"),
    (lambda d: d.get("confederation_member") and not d.get("confederation"), "confederation ID must be set"),
    (lambda d: is_internal(d) and "role" in d, "local role cannot be set on IBGP sessions"),
    (lambda d: d.get("require_roles") and "role" not in d, "local role must be set if roles are required"),
    (lambda d: not is_internal(d) and d.get("rr_client", False), "only internal neighbor can be RR client"),
    (lambda d: is_internal(d) and d.get("rs_client", False), "only external neighbor can be RS client"),
    (lambda d: _link_local(d) and "interface" not in d, "link-local addresses require defined interface"),
    (lambda d: _link_local(d) and _multihop(d), "multihop BGP cannot be used with link-local addresses"),
    (lambda d: _multihop(d) and "interface" in d, "multihop BGP cannot be bound to interface"),
    (
        lambda d: _multihop(d) and d.get("bfd", False) and "local" not in d,
        "multihop BGP with BFD requires specified local address",
    ),
    (lambda d: d.get("strict_bind") and "local" not in d, "local address must be configured for strict bind"),
)
