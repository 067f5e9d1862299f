"""Why a route that BIRD has put into the kernel is the one: the deciding step, the losers, and what was merged."""

from sim.address import Prefix
from sim.explanation import Loser, Why
from sim.routing.bird.choice import EQUAL_STEPS, LAST_STEPS, OLDER, PREFERENCE, deciding_step
from sim.routing.bird.entry import Entry
from sim.routing.bird.kernel import KernelSync

_ORDER = (PREFERENCE, "kernel metric", *(step.name for step in EQUAL_STEPS), "router id")
_ORDER += (*(step.name for step in LAST_STEPS), OLDER)


def explain(kernel: KernelSync, prefix: Prefix) -> Why | None:
    """The story of a prefix's best route; None where the kernel has none from here."""
    if kernel.route(prefix) is None:
        return None
    best, *others = kernel.table.ordered(prefix)
    beside = kernel.merged_with(prefix)
    out = [(each, deciding_step(best, each)) for each in others if each not in beside]
    losers = tuple(Loser(tell(each), step) for each, step in out if step != PREFERENCE)
    candidates = tuple(Loser(tell(each), step) for each, step in out if step == PREFERENCE)
    deciding = max((step for _, step in out), key=_ORDER.index, default="only route")
    return Why(tell(best) + "".join(f", and {tell(each)}" for each in beside), deciding, losers, candidates)


def tell(entry: Entry) -> str:
    """A route in a few words."""
    if entry.live is None:
        return f"{entry.key.protocol} preference {entry.preference}"
    numbers = " ".join(map(_number, entry.attributes.as_path)) or "empty"
    return f"from {entry.learned_from} (AS path {numbers})"


def _number(each: int | frozenset[int]) -> str:
    return "{" + ",".join(map(str, sorted(each))) + "}" if isinstance(each, frozenset) else str(each)
