"""The statistics of spreading flows over next hops, and of loss: pure functions, no network.

What belongs here: how likely an ECMP member is missed by chance, whether observed shares fit their weights, what may be
claimed with which confidence, how many flows a claim needs. Flows are the sampling unit, never packets. Shares and
probabilities run from 0 to 1; `weights` are the relative weights of the members, `counts` the flows seen on each.

A goodness-of-fit test that does not reject proves nothing about balance: to *claim* balance use `balanced_within`.
`scipy.special` only: `scipy.stats` costs two seconds to import.
"""

from collections.abc import Callable, Sequence
from math import exp, log

from scipy import special

from sim.dataclasses import dataclass

Counts = Sequence[int]
Weights = Sequence[float]


@dataclass(frozen=True, slots=True)
class Fit:
    """A goodness-of-fit test: the statistic, its degrees of freedom, its P-value, its effect size."""

    statistic: float
    degrees: int
    p_value: float
    effect: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a share."""

    low: float
    high: float

    def within(self, low: float, high: float) -> bool:
        """Whether the whole interval lies in [low, high]."""
        return low <= self.low and self.high <= high


def shares(weights: Weights) -> list[float]:
    """What each member should get: w_i / sum(w)."""
    total = float(sum(weights))
    if not weights or total <= 0 or min(weights) <= 0:
        raise ValueError("weights must be positive, and at least one")
    return [weight / total for weight in weights]


def miss_probability(weights: Weights, flows: int) -> float:
    """How likely it is that at least one member sees none of the flows by chance: at most sum((1 - p_i)^N)."""
    return min(1.0, sum((1.0 - p) ** flows for p in shares(weights)))


def chi_square(counts: Counts, weights: Weights) -> Fit:
    """Pearson's test of the counts against the weights: sum((O - E)^2 / E), n - 1 degrees of freedom.

    Trust it where every expected count is 5 or more. The effect is the largest relative deviation, max|O/E - 1|.
    """
    expected = _expected(counts, weights)
    statistic = sum((seen - due) ** 2 / due for seen, due in zip(counts, expected, strict=True))
    return _fit(statistic, len(counts) - 1, counts, expected)


def _expected(counts: Counts, weights: Weights) -> list[float]:
    total = sum(counts)
    if total == 0:
        raise ValueError("no flow was counted")
    return [total * p for p in shares(weights)]


def _fit(statistic: float, degrees: int, counts: Counts, expected: Sequence[float]) -> Fit:
    effect = max(abs(seen / due - 1.0) for seen, due in zip(counts, expected, strict=True))
    return Fit(statistic, degrees, _chi_square_tail(statistic, degrees), effect)


def _chi_square_tail(statistic: float, degrees: int) -> float:
    return float(special.chdtrc(degrees, statistic)) if degrees else 1.0


def clopper_pearson(count: int, total: int, alpha: float = 0.05) -> Interval:
    """The exact interval of a share: quantiles of Beta(k, N - k + 1) and Beta(k + 1, N - k) at alpha / 2."""
    low = float(special.betaincinv(count, total - count + 1, alpha / 2)) if count else 0.0
    high = float(special.betaincinv(count + 1, total - count, 1 - alpha / 2)) if count < total else 1.0
    return Interval(low, high)


def simultaneous_intervals(counts: Counts, alpha: float = 1e-3) -> list[Interval]:
    """Clopper-Pearson intervals of all shares that hold together with confidence 1 - alpha (Bonferroni: alpha / n)."""
    total = sum(counts)
    return [clopper_pearson(count, total, alpha / len(counts)) for count in counts]


def balanced_within(counts: Counts, weights: Weights, tolerance: float, alpha: float = 1e-3) -> bool:
    """Whether every share is *shown* to lie within +-tolerance (relative) of its due: an equivalence test.

    Two one-sided tests (TOST) at alpha for each member, alpha / n by Bonferroni, as intervals at 1 - 2 alpha / n.
    """
    total = sum(counts)
    claimed = zip(counts, shares(weights), strict=True)
    return all(
        clopper_pearson(count, total, 2 * alpha / len(counts)).within(p * (1 - tolerance), p * (1 + tolerance))
        for count, p in claimed
    )


def effective_width(counts: Counts) -> float:
    """How many equally loaded members would carry this: exp(H), H the entropy of the shares in nats."""
    total = sum(counts)
    if total == 0:
        return 0.0
    return exp(-sum(count / total * log(count / total) for count in counts if count))


def flows_to_see_all(weights: Weights, miss: float = 1e-9) -> int:
    """The flows after which a member that was never seen is missing but for a chance of `miss`."""
    return _smallest(lambda flows: miss_probability(weights, flows) <= miss)


def flows_to_find_weight(width: int, weight: float = 0.5, power: float = 0.99, alpha: float = 1e-3) -> int:
    """The flows with which the chi-square test finds that one of `width` equal members has only `weight` of its due.

    Noncentral chi-square with n - 1 degrees of freedom and noncentrality N w^2, w^2 = sum((q_i - p)^2 / p).
    """
    p = 1.0 / width
    actual = shares([weight, *[1.0] * (width - 1)])
    effect = sum((q - p) ** 2 / p for q in actual)
    critical = float(special.chdtri(width - 1, alpha))
    return _smallest(lambda flows: 1.0 - float(special.chndtr(critical, width - 1, flows * effect)) >= power)


def flows_needed(width: int) -> int:
    """The flows of a spread check of that width: all members seen, and a member of half weight found."""
    if width < 2:
        return 1
    return max(flows_to_see_all([1.0] * width), flows_to_find_weight(width))


def _smallest(enough: Callable[[int], bool]) -> int:
    """The smallest number from 1 on for which `enough` (monotone) holds."""
    high = 1
    while not enough(high):
        high *= 2
    low = high // 2 + 1 if high > 1 else 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
