"""Work ahead begins before the cables are in, waits for them where it must, and its failure is the deploy's."""

from collections.abc import Callable
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from lab.ahead import Ahead
from lab.node import RunningNode
from sim.errors import NodeFailed

WAIT_S = 20.0


class Carrier:
    """Of a Runtime, what work ahead needs."""

    hung_up = False

    def node(self, name: str) -> Any:
        return SimpleNamespace(name=name)

    def hang_up(self) -> None:
        self.hung_up = True


def test_a_router_is_started_before_its_cables_are_in_and_told_its_lines_after() -> None:
    happened: list[str] = []
    started = {"spine1": Event(), "spine2": Event()}

    def work(node: RunningNode, cabled: Callable[[], object]) -> None:
        started[node.name].set()
        cabled()
        happened.append(f"{node.name} told")

    with Ahead(["spine1", "spine2"], work).begun(Carrier()):  # type: ignore[arg-type]
        assert all(each.wait(WAIT_S) for each in started.values())
        happened.append("cabled")
    assert happened[0] == "cabled" and sorted(happened[1:]) == ["spine1 told", "spine2 told"]


def test_a_router_that_fails_ahead_fails_the_deploy() -> None:
    def work(node: RunningNode, cabled: Callable[[], object]) -> None:
        raise NodeFailed("does not start", node.name)

    with pytest.raises(NodeFailed, match="spine1: does not start"), Ahead(["spine1"], work).begun(Carrier()):  # type: ignore[arg-type]
        pass


def test_when_cabling_fails_nobody_waits_for_cables_any_more() -> None:
    carrier, ended = Carrier(), Event()

    def work(node: RunningNode, cabled: Callable[[], object]) -> None:
        cabled()
        ended.set()

    with pytest.raises(KeyboardInterrupt), Ahead(["spine1"], work).begun(carrier):  # type: ignore[arg-type]
        raise KeyboardInterrupt
    assert ended.is_set() and carrier.hung_up


def test_with_nobody_ahead_nothing_is_done() -> None:
    with Ahead().begun(Carrier()):  # type: ignore[arg-type]
        pass
