"""The statistics of ECMP against published numbers and against simulation."""

import random

import pytest

from harness import statistics as st

NEEDED = [(2, 31, 284), (4, 77, 620), (8, 171, 1_459), (16, 365, 3_535), (64, 1_580, 22_273)]


@pytest.mark.parametrize(("width", "seen", "half"), NEEDED)
def test_flows_needed_for_a_claim_about_a_width(width: int, seen: int, half: int) -> None:
    assert st.flows_to_see_all([1.0] * width) == seen
    assert st.flows_to_find_weight(width) == st.flows_needed(width) == half


def test_a_member_of_half_weight_is_found_as_often_as_promised() -> None:
    dice = random.Random(7)
    flows = st.flows_to_find_weight(4)
    found = sum(st.chi_square(_draw(dice, [0.5, 1, 1, 1], flows), [1] * 4).p_value < 1e-3 for _ in range(300))
    assert found >= 290


def test_fair_spreading_is_not_called_unfair() -> None:
    dice = random.Random(11)
    rejected = sum(st.chi_square(_draw(dice, [1] * 4, 1000), [1] * 4).p_value < 0.01 for _ in range(1000))
    assert rejected < 25


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
    assert all(each.low < 0.25 < each.high for each in st.simultaneous_intervals([240, 260, 255, 245]))


def test_effective_width_counts_equal_members() -> None:
    assert st.effective_width([100, 100, 100, 100]) == pytest.approx(4)
    assert st.effective_width([100, 0, 0, 0]) == pytest.approx(1)
    assert st.effective_width([0, 0]) == 0


def test_counts_that_fit_and_a_member_that_chance_does_not_miss() -> None:
    assert st.chi_square([50, 50], [1, 1]) == st.Fit(0.0, 1, 1.0, 0.0)
    assert st.miss_probability([1, 1, 1], 100) < 1e-16


def _draw(dice: random.Random, weights: list[float], flows: int) -> list[int]:
    counts = [0] * len(weights)
    for index in dice.choices(range(len(weights)), weights, k=flows):
        counts[index] += 1
    return counts
