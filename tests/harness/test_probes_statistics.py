"""The statistics of ECMP against published numbers and against simulation."""

import random
from math import log

import pytest

from harness import statistics as st

NEEDED = [  # width, all members seen, every share +-10 % at 99.9 %, half-weight member found
    (2, 31, 1_212, 284),
    (4, 77, 4_024, 620),
    (8, 171, 10_302, 1_459),
    (16, 365, 24_039, 3_535),
    (64, 1_580, 117_557, 22_273),
]


@pytest.mark.parametrize(("width", "seen", "share", "half"), NEEDED)
def test_flows_needed_for_a_claim_about_a_width(width: int, seen: int, share: int, half: int) -> None:
    assert st.flows_to_see_all([1.0] * width) == seen
    assert st.flows_for_share(width) == pytest.approx(share, abs=1)
    assert st.flows_to_find_weight(width) == half


def test_a_member_of_half_weight_is_found_as_often_as_promised() -> None:
    dice = random.Random(7)
    flows = st.flows_to_find_weight(4)
    found = sum(st.chi_square(_draw(dice, [0.5, 1, 1, 1], flows), [1] * 4).p_value < 1e-3 for _ in range(300))
    assert found >= 290


def test_fair_spreading_is_not_called_unfair() -> None:
    dice = random.Random(11)
    rejected = sum(st.chi_square(_draw(dice, [1] * 4, 1000), [1] * 4).p_value < 0.01 for _ in range(1000))
    assert rejected < 25


def test_the_two_goodness_tests_agree_on_large_counts() -> None:
    counts, weights = [2450, 2550, 5000], [1, 1, 2]
    assert st.g_test(counts, weights).p_value == pytest.approx(st.chi_square(counts, weights).p_value, rel=0.02)
    assert st.chi_square([50, 50], [1, 1]) == st.Fit(0.0, 1, 1.0, 0.0)


def test_balance_must_be_shown_and_few_flows_show_nothing() -> None:
    assert not st.balanced_within([10, 10], [1, 1], 0.1)
    assert st.balanced_within([5_000, 5_000], [1, 1], 0.1)
    assert not st.balanced_within([5_600, 4_400], [1, 1], 0.1)
    assert st.balanced_within([6_667, 3_333], [2, 1], 0.1)


def test_intervals_hold_the_true_share() -> None:
    exact = st.clopper_pearson(50, 100)
    assert (round(exact.low, 4), round(exact.high, 4)) == (0.3983, 0.6017)
    assert st.clopper_pearson(0, 100).low == 0.0
    assert st.clopper_pearson(100, 100).high == 1.0
    close = st.wilson(50, 100)
    assert (round(close.low, 4), round(close.high, 4)) == (0.4038, 0.5962)
    assert all(each.low < 0.25 < each.high for each in st.simultaneous_intervals([240, 260, 255, 245]))


def test_effective_width_counts_equal_members() -> None:
    assert st.effective_width([100, 100, 100, 100]) == pytest.approx(4)
    assert st.effective_width([100, 0, 0, 0]) == pytest.approx(1)
    assert st.effective_width([0, 0]) == 0


def test_two_tiers_with_one_seed_are_polarised() -> None:
    same = [[256 * (i == j) for j in range(4)] for i in range(4)]
    found = st.polarisation(same)
    assert found.fit.effect == pytest.approx(1)
    assert found.fit.p_value < 1e-9
    assert found.paths == pytest.approx(4)
    assert found.mutual_information == pytest.approx(log(4))


def test_two_tiers_with_their_own_seeds_are_independent() -> None:
    dice = random.Random(3)
    found = st.polarisation([_draw(dice, [1] * 4, 1024) for _ in range(4)])
    assert found.fit.p_value > 1e-3
    assert found.paths == pytest.approx(16, rel=0.01)


def test_one_router_among_many_is_judged_by_the_family() -> None:
    assert st.holm([0.0009, 0.5, 0.4], alpha=1e-3) == [False, False, False]
    assert st.holm([1e-9, 0.0004, 0.4], alpha=1e-3) == [True, True, False]


def test_a_member_nobody_took_is_named() -> None:
    assert st.unseen([10, 0, 12]) == [1]
    assert st.miss_probability([1, 1, 1], 100) < 1e-16


def _draw(dice: random.Random, weights: list[float], flows: int) -> list[int]:
    counts = [0] * len(weights)
    for index in dice.choices(range(len(weights)), weights, k=flows):
        counts[index] += 1
    return counts
