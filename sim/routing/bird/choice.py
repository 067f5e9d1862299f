"""Which of a prefix's routes is best (rte_better, bgp_rte_better), and which may be merged with it (rte_mergable).

BGP's steps are a table, in BIRD's order: resolvable next hop, local preference, AS path length, origin, MED within one
neighbour AS, external before internal, IGP metric of the next hop, router id (`prefer older` ends here for external
routes), length of the cluster list, the peer's address. `better` says no where two are equal: the older one stays.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sim.routing.bird.entry import Entry
from sim.routing.bird.sessions import Live

_CHOSEN_BY_BGP = "bgp"
PREFERENCE, OLDER = "preference", "older route"


class Step(NamedTuple):
    """A step of BGP's decision: of two values the lower wins, where the step applies to both routes."""

    name: str
    value: Callable[[Entry, Live], int]
    applies: Callable[[Entry, Entry], bool] = lambda one, two: True


def _live(entry: Entry) -> Live:
    assert entry.live is not None
    return entry.live


def _local_pref(entry: Entry, live: Live) -> int:
    own = entry.attributes.local_pref
    return -(live.protocol.default_local_pref if own is None else own)


def _med(entry: Entry, live: Live) -> int:
    return live.protocol.default_med if entry.attributes.med is None else entry.attributes.med


def neighbour_as(entry: Entry) -> int:
    """bgp_get_neighbor: the first AS of the path; our own of a route that began here."""
    first = next((hop for hop in entry.attributes.as_path if isinstance(hop, int)), None)
    return _live(entry).public_as if first is None else first


def _same_neighbour(one: Entry, two: Entry) -> bool:
    always = _live(one).protocol.med_metric or _live(two).protocol.med_metric
    return always or neighbour_as(one) == neighbour_as(two)


def _counts_paths(one: Entry, two: Entry) -> bool:
    return _live(one).protocol.path_metric or _live(two).protocol.path_metric


def identifier(entry: Entry) -> int:
    """The ORIGINATOR_ID, else the neighbour's router id (RFC 4456 9)."""
    own = entry.attributes.originator_id
    return _live(entry).peering.remote_id.value if own is None else own.value


EQUAL_STEPS = (
    Step("resolvable next hop", lambda entry, live: not entry.is_reachable),
    Step("local preference", _local_pref),
    Step("AS path length", lambda entry, live: len(entry.attributes.as_path), _counts_paths),
    Step("origin", lambda entry, live: int(entry.attributes.origin)),
    Step("MED", _med, _same_neighbour),
    Step("external before internal", lambda entry, live: live.interior),
    Step("IGP metric", lambda entry, live: entry.igp_metric if live.protocol.igp_metric else 0),
)
"""The steps that routes must be equal in to be merged."""

LAST_STEPS = (
    Step("cluster list length", lambda entry, live: len(entry.attributes.cluster_list)),
    Step("peer address", lambda entry, live: live.peering.peer.value),
)


def _decided(steps: Iterable[Step], new: Entry, old: Entry) -> tuple[bool | None, str]:
    """Whether `new` wins at one of the steps, and at which; None where they are equal."""
    for step in steps:
        if step.applies(new, old):
            one, two = step.value(new, _live(new)), step.value(old, _live(old))
            if one != two:
                return one < two, step.name
    return None, ""


def _bgp_better(new: Entry, old: Entry) -> bool:
    found, _ = _decided(EQUAL_STEPS, new, old)
    if found is not None:
        return found
    one, two = identifier(new), identifier(old)
    older = _live(new).protocol.prefer_older or _live(old).protocol.prefer_older
    if one != two:
        return one < two and not (older and not _live(new).internal)
    return bool(_decided(LAST_STEPS, new, old)[0])


def better(new: Entry, old: Entry) -> bool:
    """Whether a route displaces another: by preference, then by its protocol's own rule."""
    if new.preference != old.preference:
        return new.preference > old.preference
    if new.kind != old.kind:
        return False  # BIRD compares addresses in its memory
    if new.kind == _CHOSEN_BY_BGP:
        return _bgp_better(new, old)
    if new.kind == "kernel":
        return _kernel_metric(new) < _kernel_metric(old)
    return False


def deciding_step(best: Entry, other: Entry) -> str:
    """What puts another route behind the best one."""
    if best.preference != other.preference:
        return PREFERENCE
    if best.kind == other.kind == "kernel" and _kernel_metric(best) != _kernel_metric(other):
        return "kernel metric"
    if best.kind != _CHOSEN_BY_BGP or other.kind != _CHOSEN_BY_BGP:
        return OLDER
    found, name = _decided(EQUAL_STEPS, best, other)
    if found is not None:
        return name
    if identifier(best) != identifier(other):
        return "router id" if identifier(best) < identifier(other) else OLDER
    return _decided(LAST_STEPS, best, other)[1] or OLDER


def _kernel_metric(entry: Entry) -> int:
    metric = entry.other("krt_metric")
    return metric if isinstance(metric, int) else 0


def best(entries: Sequence[Entry]) -> Entry:
    """The best of a prefix's routes, in the order of their arrival."""
    if any(entry.live is not None and entry.live.protocol.deterministic_med for entry in entries):
        entries = _group_winners(entries)
    found = entries[0]
    for entry in entries[1:]:
        if better(entry, found):
            found = entry
    return found


def _group_winners(entries: Sequence[Entry]) -> list[Entry]:
    """Deterministic MED: of BGP routes of one preference and neighbour AS the best goes on alone."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        group = (entry.preference, neighbour_as(entry)) if entry.live is not None else entry.key
        groups.setdefault(group, []).append(entry)
    winners = []
    for members in groups.values():
        winner = members[0]
        for entry in members[1:]:
            if better(entry, winner):
                winner = entry
        winners.append(winner)
    return winners


def mergable(one: Entry, two: Entry) -> bool:
    """Whether two routes may share the traffic: of one protocol and preference, and equal in all that matters."""
    if one.preference != two.preference or one.kind != two.kind:
        return False
    if one.kind == _CHOSEN_BY_BGP:
        return _decided(EQUAL_STEPS, one, two)[0] is None
    return one.kind == "static"
