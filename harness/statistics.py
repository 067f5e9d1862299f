"""The statistics of spreading flows over next hops, and of loss: pure functions, no network.

What belongs here: how likely an ECMP member is missed by chance, whether observed shares fit their weights, what may be
claimed with which confidence, how many flows a claim needs. Flows are the sampling unit, never packets. Shares and
probabilities run from 0 to 1; `weights` are the relative weights of the members, `counts` the flows seen on each.

A goodness-of-fit test that does not reject proves nothing about balance: to *claim* balance use `balanced_within`.
`scipy.special` only: `scipy.stats` costs two seconds to import.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from scipy import special

Counts = Sequence[int]
Weights = Sequence[float]


@dataclass(frozen=True, slots=True)
class Fit:
    """A goodness-of-fit or independence test: the statistic, its degrees of freedom, its P-value, its effect size."""

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


def unseen(counts: Counts) -> list[int]:
    """The members (by index) that no flow took: the support test, to be read with `miss_probability`."""
    return [index for index, count in enumerate(counts) if count == 0]


def chi_square(counts: Counts, weights: Weights) -> Fit:
    """Pearson's test of the counts against the weights: sum((O - E)^2 / E), n - 1 degrees of freedom.

    Trust it where every expected count is 5 or more. The effect is the largest relative deviation, max|O/E - 1|.
    """
    expected = _expected(counts, weights)
    statistic = sum((seen - due) ** 2 / due for seen, due in zip(counts, expected, strict=True))
    return _fit(statistic, len(counts) - 1, counts, expected)


def g_test(counts: Counts, weights: Weights) -> Fit:
    """The likelihood-ratio test of the counts against the weights: 2 sum(O ln(O / E)), n - 1 degrees of freedom."""
    expected = _expected(counts, weights)
    statistic = 2.0 * sum(seen * log(seen / due) for seen, due in zip(counts, expected, strict=True) if seen)
    return _fit(max(0.0, statistic), len(counts) - 1, counts, expected)


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


def wilson(count: int, total: int, alpha: float = 0.05) -> Interval:
    """Wilson's score interval of a share, for rates of loss and of moved flows."""
    z = float(special.ndtri(1 - alpha / 2))
    share = count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


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


@dataclass(frozen=True, slots=True)
class Polarisation:
    """Whether the second tier's choice depends on the first's; `mutual_information` in nats; `paths` exp(H(path))."""

    fit: Fit
    mutual_information: float
    paths: float


def polarisation(table: Sequence[Counts]) -> Polarisation:
    """Independence of two tiers' choices: `table[i][j]` flows took member i of tier 1 and member j of tier 2.

    Pearson's test of independence with (r - 1)(c - 1) degrees of freedom; the effect is Cramer's V, sqrt(chi2 /
    (N min(r - 1, c - 1))): 0 independent, 1 fully polarised. Rows and columns without a flow are left out.
    """
    rows = [row for row in table if sum(row)]
    columns = [column for column in zip(*rows, strict=True) if sum(column)]
    cells = [list(row) for row in zip(*columns, strict=True)]
    total = sum(map(sum, cells))
    if total == 0:
        raise ValueError("no flow was counted")
    due = [[sum(row) * sum(column) / total for column in columns] for row in cells]
    pairs = [(seen, d) for row, dues in zip(cells, due, strict=True) for seen, d in zip(row, dues, strict=True)]
    statistic = sum((seen - d) ** 2 / d for seen, d in pairs)
    narrow = min(len(cells), len(columns)) - 1
    degrees = (len(cells) - 1) * (len(columns) - 1)
    strength = sqrt(statistic / (total * narrow)) if narrow else 0.0
    information = sum(seen / total * log(seen / d) for seen, d in pairs if seen)
    paths = effective_width([seen for seen, _ in pairs])
    return Polarisation(Fit(statistic, degrees, _chi_square_tail(statistic, degrees), strength), information, paths)


def holm(p_values: Sequence[float], alpha: float = 1e-3) -> list[bool]:
    """Which of several tests reject, with a family-wise error of at most alpha (Holm 1979)."""
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        rejected[index] = True
    return rejected


def flows_to_see_all(weights: Weights, miss: float = 1e-9) -> int:
    """The flows after which a member that was never seen is missing but for a chance of `miss`."""
    return _smallest(lambda flows: miss_probability(weights, flows) <= miss)


def flows_for_share(width: int, tolerance: float = 0.1, alpha: float = 1e-3) -> int:
    """The flows that fix every share of `width` equal members to +-tolerance (relative) together, confidence 1 - alpha.

    N = z^2 (1 - p) / (p d^2) with p = 1 / width and z the normal quantile at alpha / (2 width).
    """
    p = 1.0 / width
    z = float(special.ndtri(1 - alpha / (2 * width)))
    return round(z * z * (1 - p) / (p * tolerance**2))


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
