"""Why a route of FRR is the one: bgpd's deciding step and losers, and zebra's choice among protocols."""

from collections.abc import Iterator

from sim.address import Prefix
from sim.explanation import Loser, Why
from sim.routing.frr.bgp import Speaker
from sim.routing.frr.decision import losers
from sim.routing.frr.paths import Path
from sim.routing.frr.rib import Rib, RibRoute


def explain(rib: Rib, speaker: Speaker | None, prefix: Prefix) -> Why | None:
    """The story of zebra's selected route; None where nothing is selected."""
    selected = rib.selected.get(prefix)
    if selected is None:
        return None
    candidates = tuple(_worse(rib, prefix, selected.route))
    if selected.route.protocol == "bgp" and speaker is not None:
        found = _of_bgp(speaker, prefix)
        if found is not None:
            return found._replace(candidates=candidates)
    step = "distance" if candidates else "only route"
    return Why(_told(selected.route), step, (), candidates)


def _worse(rib: Rib, prefix: Prefix, best: RibRoute) -> Iterator[Loser]:
    for route in rib.candidates.get(prefix, {}).values():
        if route is not best:
            better = route.distance < best.distance and best.protocol != "connected"
            step = "next hop" if better else "distance" if route.distance > best.distance else "metric"
            yield Loser(_told(route), step)


def _told(route: RibRoute) -> str:
    return f"{route.protocol} distance {route.distance} metric {route.metric}"


def _of_bgp(speaker: Speaker, prefix: Prefix) -> Why | None:
    family = "ipv6" if prefix.version == 6 else "ipv4"
    entry = speaker.tables[family].get(prefix)
    best = entry.choice.best if entry is not None else None
    if entry is None or best is None:
        return None
    valid = speaker.valid(family, prefix, entry)
    beside = [path for path in entry.choice.multipath if path is not best]
    rules = speaker.rules(family, best)
    out = [Loser(tell(path), step) for path, step in losers(valid, rules) if path not in beside]
    out += [Loser(tell(path), "next hop not reachable") for path in entry.paths if path not in valid]
    used = "".join(f", and {tell(path)}" for path in beside)
    return Why(tell(best) + used, entry.choice.step, tuple(out))


def tell(path: Path) -> str:
    """A path in a few words."""
    if path.peering is None:
        return path.origin
    end = path.peering.end
    numbers = " ".join(map(_number, path.attributes.as_path)) or "empty"
    return f"from {end.interface or path.peering.peer} (AS path {numbers})"


def _number(each: int | frozenset[int]) -> str:
    return "{" + ",".join(map(str, sorted(each))) + "}" if isinstance(each, frozenset) else str(each)
