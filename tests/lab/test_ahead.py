"""Work ahead begins before the cables are in, and its failure is the deploy's."""

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from lab.ahead import Ahead
from lab.node import RunningNode
from sim.errors import NodeFailed

WAIT_S = 20.0


class Carrier:
    """Of a Runtime, what work ahead needs. Who waits on a node waits until it hangs up."""

    def __init__(self) -> None:
        self.hung_up = Event()

    def node(self, name: str) -> Any:
        return SimpleNamespace(name=name)

    def hang_up(self) -> None:
        self.hung_up.set()


def test_routers_are_told_their_lines_before_their_cables_are_in() -> None:
    told = {"spine1": Event(), "spine2": Event()}

    def work(node: RunningNode) -> None:
        told[node.name].set()

    with Ahead(["spine1", "spine2"], work).begun(Carrier()):  # type: ignore[arg-type]
        assert all(each.wait(WAIT_S) for each in told.values())


def test_leaving_waits_for_the_work() -> None:
    cabled, told = Event(), Event()

    def work(_node: RunningNode) -> None:
        cabled.wait(WAIT_S)
        told.set()

    with Ahead(["spine1"], work).begun(Carrier()):  # type: ignore[arg-type]
        assert not told.is_set()
        cabled.set()
    assert told.is_set()


def test_a_router_that_fails_ahead_fails_the_deploy() -> None:
    def work(node: RunningNode) -> None:
        raise NodeFailed("does not start", node.name)

    with pytest.raises(NodeFailed, match="spine1: does not start"), Ahead(["spine1"], work).begun(Carrier()):  # type: ignore[arg-type]
        pass


def test_when_cabling_fails_nobody_waits_on_a_node_any_more() -> None:
    carrier, ended = Carrier(), Event()

    def work(_node: RunningNode) -> None:
        carrier.hung_up.wait(WAIT_S)
        ended.set()

    with pytest.raises(KeyboardInterrupt), Ahead(["spine1"], work).begun(carrier):  # type: ignore[arg-type]
        raise KeyboardInterrupt
    assert ended.is_set() and carrier.hung_up.is_set()


def test_with_nobody_ahead_nothing_is_done() -> None:
    with Ahead().begun(Carrier()):  # type: ignore[arg-type]
        pass
