"""bgpd's decision process (RFC 4271 9.1.2, bgp_route.c bgp_path_info_cmp of 8.4) as a table of named steps.

Each step keeps those of the remaining paths that are best by its rule. A path still there after `AGE` differs from the
others by nothing but when it came; FRR keeps the eBGP path it has, and we say which entries that decides.
What differs on purpose: without `deterministic-med` FRR's answer may depend on the order in which paths came; here
MEDs are always compared within each neighbouring AS, which is what every order gives where it matters not.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sim.address import Address
from sim.device.bgp import BgpFamily, BgpInstance
from sim.route import PathAttributes
from sim.routing.frr.paths import Choice, Path, Sort

AGE = "older path"
NEIGHBOUR = "neighbour address"
_WORST_MED = 4294967295


class Rules(NamedTuple):
    """What the steps read of an instance and of the moment. `metric` is the IGP metric to a path's next hop."""

    instance: BgpInstance
    family: BgpFamily
    metric: Callable[[Path], int]
    current: Path | None = None
    contrary: bool = False  # as if of equal paths the one that seems last had come first


class Step(NamedTuple):
    """A named step: `keep` gives those paths that it lets pass, never none."""

    name: str
    keep: Callable[[Sequence[Path], Rules], Sequence[Path]]


def _least(key: Callable[[Path, Rules], int]) -> Callable[[Sequence[Path], Rules], Sequence[Path]]:
    def keep(paths: Sequence[Path], rules: Rules) -> Sequence[Path]:
        keys = [key(path, rules) for path in paths]
        least = min(keys)
        return [path for path, found in zip(paths, keys, strict=True) if found == least]

    return keep


def local_pref(path: Path, rules: Rules) -> int:
    """A path's preference; one that came without has the instance's default."""
    given = path.attributes.local_pref
    return rules.instance.default_local_pref if given is None else given


def as_path_length(path: Path, rules: Rules) -> int:
    """An AS_SET counts as one; confederation segments only with `bestpath as-path confed`."""
    if rules.instance.ignore_as_path:
        return 0
    extra = len(path.attributes.confed_path) if rules.instance.compare_confed_path else 0
    return len(path.attributes.as_path) + extra


def med(attributes: PathAttributes, rules: Rules) -> int:
    """A missing MED is the best, or with `bestpath med missing-as-worst` the worst."""
    if attributes.med is not None:
        return attributes.med
    return _WORST_MED if rules.instance.missing_med_worst else 0


def comparable(one: PathAttributes, two: PathAttributes, rules: Rules) -> bool:
    """Whether their MEDs may be compared: they come from the same neighbouring AS, or the configuration says so."""
    if rules.instance.always_compare_med:
        return True
    if one.as_path and two.as_path:
        return one.as_path[0] == two.as_path[0] and not isinstance(one.as_path[0], frozenset)
    if one.as_path or two.as_path:
        return False
    if one.confed_path and two.confed_path:
        return rules.instance.med_confed or one.confed_path[0] == two.confed_path[0]
    return not one.confed_path and not two.confed_path


def _keep_med(paths: Sequence[Path], rules: Rules) -> Sequence[Path]:
    if all(path.attributes.med is None for path in paths):
        return paths
    return [path for path in paths if not any(_has_lower_med(other, path, rules) for other in paths)]


def _has_lower_med(one: Path, two: Path, rules: Rules) -> bool:
    lower = med(one.attributes, rules) < med(two.attributes, rules)
    return lower and comparable(one.attributes, two.attributes, rules)


def _cluster_length(path: Path) -> int:
    return len(path.attributes.cluster_list)


def _keep_clusters(paths: Sequence[Path], rules: Rules) -> Sequence[Path]:
    """Fewer reflectors on the way, as long as all is internal."""
    if any(path.sort is not Sort.IBGP for path in paths):
        return paths
    return _least(lambda path, _: _cluster_length(path))(paths, rules)


def _keep_other_members(paths: Sequence[Path], rules: Rules) -> Sequence[Path]:
    """Within a confederation: a path from another member before one from inside (bgp_path_info_cmp, 9)."""
    others = [path for path in paths if path.sort is Sort.CONFED] if rules.instance.confederation is not None else []
    return others or paths


def _keep_current(paths: Sequence[Path], rules: Rules) -> Sequence[Path]:
    """Among external paths the one that is in use stays, unless `bestpath compare-routerid`."""
    if not _hangs_on_age(paths, rules):
        return paths
    if rules.contrary:
        return [max(paths, key=lambda path: (path.router.value, _neighbour(path, rules)))]
    same = [path for path in paths if rules.current is not None and _same(path, rules.current)]
    return same or paths


def _hangs_on_age(paths: Sequence[Path], rules: Rules) -> bool:
    """Whether equal paths are told apart by which came first."""
    external = len(paths) > 1 and all(path.sort is Sort.EBGP for path in paths)
    return external and not rules.instance.compare_router_id


def _same(one: Path, two: Path) -> bool:
    return one.peering is not None and two.peering is not None and one.peering.number == two.peering.number


def _neighbour(path: Path, _: Rules) -> tuple[int, int]:
    address = path.peering.peer if path.peering is not None else Address(0)
    return (address.version, address.value)


def _are_link_local(paths: Sequence[Path]) -> bool:
    """Whether the neighbours that they come from are known by link-local addresses: no file says these."""
    return all(path.peering is not None and path.peering.peer.is_link_local for path in paths)


def _keep_neighbour(paths: Sequence[Path], rules: Rules) -> Sequence[Path]:
    if rules.contrary and _are_link_local(paths):
        return [max(paths, key=lambda path: _neighbour(path, rules))]
    least = min(_neighbour(path, rules) for path in paths)
    return [path for path in paths if _neighbour(path, rules) == least]


EQUAL = (  # steps up to here make paths unequal for multipath, too
    Step("weight", _least(lambda path, _: -path.attributes.weight)),
    Step("local preference", _least(lambda path, rules: -local_pref(path, rules))),
    Step("local origin", _least(lambda path, _: int(path.origin in ("received", "imported")))),
    Step("AS path length", _least(as_path_length)),
    Step("origin", _least(lambda path, _: int(path.attributes.origin))),
    Step("MED", _keep_med),
    Step("external over internal", _least(lambda path, _: int(path.sort not in (Sort.EBGP, Sort.LOCAL)))),
    Step("IGP metric to the next hop", _least(lambda path, rules: rules.metric(path))),
    Step("another member AS over our own", _keep_other_members),
)
TIE_BREAKS = (
    Step("fewer clusters", _keep_clusters),
    Step(AGE, _keep_current),
    Step("router id", _least(lambda path, _: path.router.value)),
    Step("cluster list length", _least(lambda path, _: _cluster_length(path))),
    Step(NEIGHBOUR, _keep_neighbour),
    Step("path id", _least(lambda path, _: path.path_id)),
)
STEPS = EQUAL + TIE_BREAKS


def decide(paths: Sequence[Path], rules: Rules) -> Choice:
    """The best of some valid paths and those used beside it."""
    if len(paths) < 2:
        return Choice(paths[0], (paths[0],), "only path") if paths else Choice()
    even, decided = _narrow(paths, EQUAL, rules)
    left, tie = _narrow(even, TIE_BREAKS, rules)
    best = left[0]
    tied = _hangs_on_age(even, rules) and any(path.attributes is not best.attributes for path in even)
    alternatives = _alternatives(best, paths, even, rules)
    beside = alternatives[: max(1, _limit(best, rules))]
    tied = tied or (tie == NEIGHBOUR and _are_link_local(even))
    tied = tied or (len(beside) < len(alternatives) and _is_by_chance(best))  # cut by link-local addresses, so by MACs
    return Choice(best, beside, tie or decided or "first in the table", tied)


def _narrow(paths: Sequence[Path], steps: Iterable[Step], rules: Rules) -> tuple[Sequence[Path], str]:
    """The paths that some steps leave, and the last step that put one out."""
    name = ""
    for step in steps:
        if len(paths) == 1:
            break
        kept = step.keep(paths, rules)
        if len(kept) < len(paths):
            paths, name = kept, step.name
    return paths, name


def _alternatives(best: Path, paths: Sequence[Path], even: Sequence[Path], rules: Rules) -> tuple[Path, ...]:
    """The best and its equals, one for each next hop, in the order in which they are taken.

    A path with a next hop that is among them adds nothing, and takes no place (bgp_path_info_mpath_update; 8.4.4, seen
    2026-11-25). FRR compares each path with the best one alone: one that lost to a third by MED may still be its equal.
    """
    if _limit(best, rules) < 2 or best.sort is Sort.LOCAL:
        return (best,)
    if len(even) < len(paths) and any(path.attributes.med is not None for path in paths):
        even = [path for path in paths if all(len(step.keep((path, best), rules)) == 2 for step in EQUAL)]
    equal = [path for path in even if path is not best and _is_alike(path, best, rules)]
    equal.sort(key=lambda path: (_hop(path), _neighbour(path, rules)), reverse=rules.contrary and _is_by_chance(best))
    by_hop = {_hop(best): best}
    for path in equal:
        by_hop.setdefault(_hop(path), path)
    return tuple(by_hop.values())


def _limit(best: Path, rules: Rules) -> int:
    return rules.family.maximum_paths_ibgp if best.sort is Sort.IBGP else rules.family.maximum_paths


def _is_by_chance(path: Path) -> bool:
    """Whether equals of a path are put in order by link-local addresses, which no file says."""
    return path.link_local is not None or (path.next_hop is not None and path.next_hop.is_link_local)


def _hop(path: Path) -> tuple[int, int, str]:
    """What equal paths are ordered by; of two addresses the link-local one (bgp_path_info_nexthop_cmp)."""
    address = path.link_local or path.next_hop or Address(0)
    return (address.version, address.value, path.interface or "")


def _is_alike(path: Path, best: Path, rules: Rules) -> bool:
    """Whether a path that is as good as the best is enough like it to be used beside it."""
    if path.sort is not best.sort:
        return False
    if rules.instance.multipath_relax:
        return True
    if best.sort is Sort.IBGP:  # members that it came through are part of the path (8.4.4, seen 2026-11-25)
        return _whole_path(path) == _whole_path(best)
    if path.peering is None or best.peering is None:
        return path.peering is best.peering
    return path.peering.remote_as == best.peering.remote_as


def _whole_path(path: Path) -> tuple[object, ...]:
    return path.attributes.confed_path, path.attributes.as_path


def losers(paths: Iterable[Path], rules: Rules) -> list[tuple[Path, str]]:
    """Each path that did not win, with the name of the step that put it out."""
    left: Sequence[Path] = list(paths)
    found: list[tuple[Path, str]] = []
    for step in STEPS:
        kept = step.keep(left, rules) if left else left
        found += [(path, step.name) for path in left if path not in kept]
        left = kept
    return found
