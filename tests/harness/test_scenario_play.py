"""Playing steps: deadlines count from the last change, what can not be done skips the rest, twins pass by failing."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from hand_made import snapshot, topology

from harness import play as plays
from harness.play import Play, StepResult
from harness.run import judge
from harness.story import Scenario, Step
from harness.verdict import Outcome, errored, failed, passed, skipped
from sim.errors import LabError, Place, ProbeError

PLACE = Place("story.yml", 1)


class Silence:
    """A bell that rings at once, and takes a second on the clock."""

    def __init__(self, clock):
        self.clock = clock

    def wait(self, longest_s):
        self.clock.now += 1.0

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        return None


@pytest.fixture
def stand(monkeypatch):
    """A Play whose check answers from a list, on a clock that moves a second per wait."""
    clock = SimpleNamespace(now=100.0)
    answers = []

    def sessions(witness):
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def down(stage, link):
        if link == "stuck":
            raise LabError("it does not move", link)
        clock.now += 10

    monkeypatch.setattr(plays.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(plays.checks, "check", lambda name: sessions)
    monkeypatch.setattr(plays, "actions", lambda: {"link.down": down})
    stage = SimpleNamespace(topology=topology("a:1 b:1"), snapshot=snapshot())
    play = Play(stage, stage, lambda: Silence(clock))
    return SimpleNamespace(play=play, answers=answers, clock=clock)


def expect(**times):
    return Step("expect", "sessions", {}, PLACE, **times)


def do(link="leaf1:eth1"):
    return Step("do", "link.down", {"link": link}, PLACE, written={"link": link})


def test_without_a_time_there_is_one_look(stand):
    stand.answers += [failed("no"), passed("yes")]
    assert stand.play.step(expect()).verdict.outcome is Outcome.FAIL


def test_within_asks_again_until_it_holds(stand):
    stand.answers += [failed("no"), errored("not yet"), passed("yes")]
    result = stand.play.step(expect(within_s=5))
    assert (result.verdict.outcome, result.looks, result.took_s) == (Outcome.PASS, 3, 2.0)


def test_what_was_waited_for_in_vain_is_asked_once_by_the_next_story(stand):
    stand.answers += [failed("no")] * 5
    vain = set()
    first, second = (Play(stand.play.stage, stand.play.witness, lambda: Silence(stand.clock), vain=vain) for _ in "12")
    assert first.step(expect(within_s=3)).looks == 4
    again = second.step(expect(within_s=3))
    assert (again.verdict.outcome, again.looks, again.step.within_s) == (Outcome.FAIL, 1, 3)


def test_within_ends_at_its_deadline_with_the_last_answer(stand):
    stand.answers += [failed(f"look {number}") for number in range(9)]
    result = stand.play.step(expect(within_s=3))
    assert (result.verdict.text, result.looks) == ("look 3", 4)


def test_the_deadline_counts_from_the_last_change_and_not_from_the_step(stand):
    stand.answers += [failed("no")] * 9
    stand.play.step(do())
    stand.clock.now += 4
    assert stand.play.step(expect(within_s=5)).looks == 2


def test_for_wants_it_throughout(stand):
    stand.answers += [passed("yes")] * 5
    assert stand.play.step(expect(for_s=3)).looks == 4
    stand.answers[:] = [passed("yes"), failed("no")]
    stand.clock.now = 100.0
    result = stand.play.step(expect(for_s=3))
    assert result.verdict.outcome is Outcome.FAIL
    assert result.verdict.text == "no; 1.0s in, though it held before"


def test_within_and_for_together_become_true_and_stay_so(stand):
    stand.answers += [failed("no"), passed("yes"), passed("yes"), passed("yes")]
    assert stand.play.step(expect(within_s=2, for_s=3)).verdict.outcome is Outcome.PASS
    stand.clock.now = 100.0
    stand.answers[:] = [failed("no"), passed("yes"), failed("no")]
    assert stand.play.step(expect(within_s=5, for_s=5)).verdict.outcome is Outcome.FAIL


def test_not_turns_pass_and_fail_and_nothing_else(stand):
    stand.answers += [passed("a"), failed("b"), errored("c"), skipped("d")]
    found = [stand.play.step(expect(negated=True)).verdict.outcome for _ in range(4)]
    assert found == [Outcome.FAIL, Outcome.PASS, Outcome.ERROR, Outcome.SKIP]


def test_a_broken_instrument_is_an_error_whatever_not_says(stand):
    stand.answers += [ProbeError("no socket", "gw")] * 2
    assert stand.play.step(expect()).verdict == errored("gw: no socket")
    assert stand.play.step(expect(negated=True)).verdict.outcome is Outcome.ERROR


def test_a_bug_of_ours_is_not_a_verdict(stand):
    stand.answers += [TypeError("ours")]
    with pytest.raises(TypeError):
        stand.play.step(expect())


def test_what_can_not_be_done_skips_the_rest(stand):
    stand.answers += [passed("yes")]
    assert stand.play.step(do("stuck")).verdict == errored("stuck: it does not move")
    result = stand.play.step(expect())
    assert result.verdict.outcome is Outcome.SKIP
    assert "do link.down stuck could not be done" in result.verdict.text


def story(fails=None):
    return Scenario("x", Path("x.yml"), Path("x.clab.yml"), (expect(),), fails=fails)


def results(*verdicts):
    return [StepResult(expect(), verdict, 0.0) for verdict in verdicts]


@pytest.mark.parametrize(
    ("fails", "verdicts", "outcome"),
    [
        (None, [passed("a"), passed("b")], Outcome.PASS),
        (None, [passed("a"), failed("b")], Outcome.FAIL),
        (None, [failed("a"), errored("b")], Outcome.ERROR),
        (None, [skipped("a")], Outcome.SKIP),
        (None, [skipped("a"), passed("b")], Outcome.PASS),
        ("9696", [passed("a"), failed("open: 9696")], Outcome.PASS),
        ("9696", [failed("closed: 80")], Outcome.FAIL),
        ("9696", [passed("a")], Outcome.FAIL),
        ("9696", [failed("open: 9696"), errored("b")], Outcome.ERROR),
    ],
)
def test_a_twin_passes_only_by_failing_for_its_reason(fails, verdicts, outcome):
    assert judge(story(fails), results(*verdicts)).outcome is outcome


def test_actions_are_named_as_scenarios_write_them():
    from harness.actions import actions

    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", name) for name in actions())
    assert {"link.down", "link.up", "node.stop", "node.start", "daemon.kill", "config.push"} < set(actions())
    assert {"service.stop", "service.start", "interface.mtu"} < set(actions())


def test_the_own_times_of_steps_add_up_to_the_storys(stand):
    stand.answers += [failed("not yet"), passed("there"), passed("still")]
    results = [stand.play.step(each) for each in (do(), expect(within_s=5), expect())]
    assert [each.own_s for each in results] == [10.0, 1.0, 0.0]
    assert results[1].took_s == 1.0
