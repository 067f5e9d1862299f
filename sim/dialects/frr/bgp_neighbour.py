"""`neighbor` lines of the session itself: who it is, how it is reached, which group it follows."""

import hashlib
from collections.abc import Callable

from sim.address import Address, parse_address
from sim.dialects.frr.bgp import ASN_MOST, BGP, asn, instance_value
from sim.dialects.frr.drafts import BgpDraft, PeerDraft
from sim.dialects.frr.grammar import Handler, Words
from sim.dialects.frr.reading import Reading, noted, number

NO_AS: dict[str, object] = {"remote_as": None, "external": False, "internal": False}


def address_of(word: str) -> Address | None:
    """The address that a word is, or None: an interface's or a group's name."""
    try:
        return parse_address(word)
    except ValueError:
        return None


def find(bgp: BgpDraft, word: str) -> PeerDraft | None:
    """The neighbour or group that a word names, however an IPv6 address is spelled."""
    found = bgp.peers.get(word)
    if found is None and ":" in word and (address := address_of(word)) is not None:
        found = bgp.peers.get(str(address))
    return found


def peer(reading: Reading, word: str) -> PeerDraft:
    """The neighbour or group that a line is about; it must be there."""
    found = find(reading.bgp, word)
    if found is None:
        raise reading.refuse(f"no neighbor {word!r} yet; specify remote-as or peer-group commands first")
    return found


def _new(reading: Reading, word: str, address: Address | None) -> PeerDraft:
    """A neighbour is made, with the families that are active without asking."""
    key = word if address is None or ":" not in word else str(address)
    made = PeerDraft(key, reading.place, address=address, active=set(reading.bgp.default_families))
    if reading.bgp.values.get("default_shutdown"):
        made.values["shutdown"] = True
    reading.bgp.peers[key] = made
    return made


def _as_values(reading: Reading, word: str) -> dict[str, object]:
    if word == "auto":  # FRR 10: whatever AS the other end has
        return {**NO_AS, "internal": True, "external": True}
    if word in ("internal", "external"):
        return {**NO_AS, word: True}
    return {**NO_AS, "remote_as": asn(reading, word)}


@BGP.on("neighbor * remote-as *")
def remote_as(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X remote-as ASN|internal|external`: makes the neighbour where there is none."""
    found = find(reading.bgp, words[1])
    if negated:
        _forget_as(reading, found)
        return
    if found is None:
        address = address_of(words[1])
        if address is None:
            raise reading.refuse(f"no peer-group or interface neighbor {words[1]!r} yet; create it first")
        found = _new(reading, words[1], address)
    elif found.group is not None and _has_as(found.group):
        raise reading.refuse(f"{words[1]!r} has its remote-as from peer-group {found.group.key!r}")
    found.values.update(_as_values(reading, words[3]))


def _has_as(draft: PeerDraft) -> bool:
    values = draft.values
    return bool(values.get("remote_as") or values.get("external") or values.get("internal"))


def is_internal(reading: Reading, found: PeerDraft) -> bool | None:
    """Whether its sessions stay inside our AS; None where no AS is said yet."""
    values = found.values
    if found.group is not None and _has_as(found.group):
        values = found.group.values
    if values.get("internal") or values.get("external"):
        return None if values.get("internal") == values.get("external") else bool(values.get("internal"))
    remote = values.get("remote_as")
    return None if remote is None else remote == reading.bgp.asn


def _forget_as(reading: Reading, found: PeerDraft | None) -> None:
    """`no neighbor X remote-as` removes a neighbour by address, and a group's members; else the AS alone."""
    if found is not None and found.address is not None:
        _remove(reading, found)
    elif found is not None:
        for member in found.members:
            reading.bgp.peers.pop(member.key, None)
        found.members.clear()
        for name in NO_AS:
            found.values.pop(name, None)


def _remove(reading: Reading, found: PeerDraft) -> None:
    if found.group is not None:
        found.group.members.remove(found)
    for member in found.members:
        reading.bgp.peers.pop(member.key, None)
    reading.bgp.peers.pop(found.key, None)


@BGP.on("neighbor *")
def whole(reading: Reading, words: Words, negated: bool) -> None:
    """`no neighbor X`."""
    if not negated:
        raise reading.refuse(f"'neighbor {words[1]}' says nothing of it")
    _remove(reading, peer(reading, words[1]))


@BGP.on("neighbor * peer-group")
def peer_group(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor NAME peer-group`: a group is made."""
    found = find(reading.bgp, words[1])
    if negated:
        if found is not None:
            _remove(reading, found)
    elif found is None:
        made = _new(reading, words[1], None)
        made.is_group = True
    elif not found.is_group:
        raise reading.refuse(f"{words[1]!r} is a neighbor already and can not be a peer-group")


@BGP.on("neighbor * peer-group *")
def join(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X peer-group NAME`: X follows the group, also in its active families; `no` removes X altogether."""
    group = find(reading.bgp, words[3])
    found = find(reading.bgp, words[1])
    if negated:
        if found is not None and found.group is not None:
            _remove(reading, found)
        return
    if group is None or not group.is_group:
        raise reading.refuse(f"no peer-group {words[3]!r} yet; configure the peer-group first")
    if found is None:
        address = address_of(words[1])
        if address is None:
            raise reading.refuse(f"{words[1]!r} is no address, and no interface neighbor yet")
        found = _new(reading, words[1], address)
    _bind(reading, found, group)


def _bind(reading: Reading, found: PeerDraft, group: PeerDraft) -> None:
    """bgpd: a member is active in the families that its group has, and gives up its own remote-as for the group's."""
    if found.group is group:
        return
    if found.group is not None:
        raise reading.refuse(f"{found.key!r} is in peer-group {found.group.key!r}; deconfigure that first")
    if _has_as(group):
        if found.values:
            for name in NO_AS:
                found.values.pop(name, None)
    else:
        _alike(reading, found, group)
    found.group = group
    group.members.append(found)
    found.active = set(group.active)


def _alike(reading: Reading, found: PeerDraft, group: PeerDraft) -> None:
    """The members of a group without an AS are all internal or all external."""
    sorts = {is_internal(reading, member) for member in (found, *group.members)} - {None}
    if len(sorts) > 1:
        raise reading.refuse(f"the members of peer-group {group.key!r} must be all internal or all external")


@BGP.on("neighbor * interface ...")
def unnumbered(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor IF interface [v6only] [remote-as ASN|internal|external | peer-group NAME]`."""
    found = reading.bgp.peers.get(words[1])
    rest = words[3:]
    if negated:
        if found is not None:
            _remove(reading, found)
        return
    if found is None:
        found = _new(reading, words[1], None)
    elif found.is_group:
        raise reading.refuse(f"{words[1]!r} is a peer-group and can not be an interface neighbor")
    found.interface = words[1]
    if rest[:1] == ["v6only"]:
        found.values["v6only"] = True
        rest = rest[1:]
    if len(rest) == 2 and rest[0] == "remote-as":
        found.values.update(_as_values(reading, rest[1]))
    elif len(rest) == 2 and rest[0] == "peer-group":
        join(reading, ["neighbor", words[1], "peer-group", rest[1]], False)
    elif rest:
        raise reading.refuse(f"{' '.join(rest)!r} is not expected after interface: [v6only] remote-as|peer-group is")


def value(name: str, make: Callable[[Reading, Words], object]) -> Handler:
    """A handler that keeps a value under the name of Neighbour's field; `no` lets the group's count again."""

    def handler(reading: Reading, words: Words, negated: bool) -> None:
        values = peer(reading, words[1]).values
        if negated:
            values.pop(name, None)
        else:
            values[name] = make(reading, words)

    return handler


def _true(reading: Reading, words: Words) -> object:
    return True


_FLAGS = {
    "neighbor * shutdown": "shutdown",
    "neighbor * shutdown message|rtt ...": "shutdown",
    "neighbor * passive": "passive",
    "neighbor * disable-connected-check": "disable_connected_check",
    "neighbor * enforce-multihop": "disable_connected_check",
    "neighbor * capability extended-nexthop": "capability_extended_next_hop",
    "neighbor * enforce-first-as": "enforce_first_as",
}
for _pattern, _name in _FLAGS.items():
    BGP.add(_pattern, value(_name, _true))


@BGP.on("neighbor * bfd ...")
def bfd(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X bfd [...]`; `no neighbor X bfd profile` and the like change its details alone."""
    values = peer(reading, words[1]).values
    if not negated:
        values["bfd"] = True
    elif len(words) == 3 or words[3].isdecimal():
        values.pop("bfd", None)


def _multihop(reading: Reading, words: Words) -> object:
    found = peer(reading, words[1])
    if found.interface is not None:
        raise reading.refuse("ebgp-multihop is not allowed on a directly connected (interface) neighbor")
    _not_both(reading, found, "ttl_security")
    return number(reading, words[3], 1, 255) if len(words) > 3 else 255


def _ttl_security(reading: Reading, words: Words) -> object:
    _not_both(reading, peer(reading, words[1]), "ebgp_multihop")
    return number(reading, words[4], 1, 254)


def _not_both(reading: Reading, found: PeerDraft, other: str) -> None:
    if other in found.values:
        raise reading.refuse("ebgp-multihop and ttl-security can not be configured together")


def keepalive_and_hold(reading: Reading, words: Words) -> tuple[int, int]:
    """Two timers in seconds; bgpd keeps the first at a third of the second or less."""
    keepalive, hold = (number(reading, word, 0, 65535) for word in words)
    return min(keepalive, hold // 3), hold


def _timers(reading: Reading, words: Words) -> object:
    return keepalive_and_hold(reading, words[3:5])


def _digest(reading: Reading, words: Words) -> object:
    return hashlib.sha256(" ".join(words[3:]).encode()).hexdigest()[:16]


BGP.add("neighbor * ebgp-multihop\nneighbor * ebgp-multihop *", value("ebgp_multihop", _multihop))
BGP.add("neighbor * ttl-security hops *", value("ttl_security", _ttl_security))
BGP.add("timers bgp * *", instance_value("timers", lambda reading, words: keepalive_and_hold(reading, words[2:4])))
BGP.add("neighbor * timers * *", value("timers", _timers))
BGP.add("neighbor * password *", value("password_digest", _digest))


@BGP.on("neighbor * update-source *")
def update_source(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X update-source ADDRESS|INTERFACE`; bgpd does nothing with it on an interface neighbour."""
    found = peer(reading, words[1])
    values = found.values
    values.pop("source", None)
    values.pop("source_interface", None)
    if not negated and found.interface is None:
        address = address_of(words[3])
        values["source" if address else "source_interface"] = address or words[3]


@BGP.on("neighbor * local-as *", "neighbor * local-as * no-prepend ...")
def local_as(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X local-as ASN [no-prepend [replace-as [dual-as]]]`."""
    values = peer(reading, words[1]).values
    given: dict[str, object] = {}
    if not negated:
        given["local_as"] = number(reading, words[3], 1, ASN_MOST)
        _may_have_local_as(reading, peer(reading, words[1]), int(words[3]))
        given["local_as_no_prepend"] = "no-prepend" in words
        given["local_as_replace"] = "replace-as" in words
        if "dual-as" in words:
            peer_unmodelled(reading, words, negated)
    for name in ("local_as", "local_as_no_prepend", "local_as_replace"):
        values.pop(name, None)
    values.update(given)


def _may_have_local_as(reading: Reading, found: PeerDraft, local: int) -> None:
    """bgpd's three refusals."""
    if local == reading.bgp.asn:
        raise reading.refuse("local-as can not be the AS number of BGP itself")
    if is_internal(reading, found):
        raise reading.refuse("local-as is allowed only for eBGP neighbors")
    if found.values.get("remote_as") == local:
        raise reading.refuse("local-as can not be the neighbor's own remote-as")


def peer_unmodelled(reading: Reading, words: Words, negated: bool) -> None:
    """A line about a neighbour that the model does not know: its routes are not certain."""
    if not negated:
        place = reading.note(f"{' '.join(words)!r} is not modelled")
        found = peer(reading, words[1])
        found.values["unmodelled"] = (*found.values.get("unmodelled", ()), place)


BGP.add(
    """
    neighbor * dont-capability-negotiate
    neighbor * override-capability
    neighbor * strict-capability-match
    neighbor * solo
    neighbor * local-role ...
    neighbor * rpki ...
    neighbor * oad
    neighbor * path-attribute discard|treat-as-withdraw ...
    neighbor * port *
    neighbor * tcp-mss *
    neighbor * extended-optional-parameters
    neighbor * graceful-shutdown
    """,
    peer_unmodelled,
)
BGP.add("neighbor * sender-as-path-loop-detection\nneighbor * aigp", noted)
