"""What a scenario may `do` to a network: each action changes the drawing, and what it is played on, together.

An action's name in a scenario is the function's, with the first underscore as a dot: `link_down` is `link.down`. Its
parameters after the Stage are what the YAML takes. An action that can not be done raises LabError.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.parameters import CableEnd, NodeName, Vars
from harness.story import changed
from harness.worlds import World
from sim.dataclasses import dataclass, field, replace
from sim.errors import LabError
from sim.topology.facts import Service
from sim.topology.model import Link, Node, Topology

Bytes = Annotated[int, Field(ge=68, le=65535)]
Action = Callable[..., None]


@dataclass(slots=True)
class Stage:
    """A network while a story changes it. `drawn` has everything in place; `topology` is the network as it is now.

    `down` are cables by their text, with the end that was switched off; `mtus` those of cable ends that were set, in
    bytes; `killed` daemons by node.
    """

    world: World
    drawn: Topology
    down: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    ended: dict[tuple[str, str], Service] = field(default_factory=dict)  # by node and name
    killed: set[tuple[str, str]] = field(default_factory=set)
    mtus: dict[str, int] = field(default_factory=dict)
    altered: bool = False  # in a way that no other action takes back

    @property
    def topology(self) -> Topology:
        """The network as drawn, after the actions so far."""
        now = self.drawn
        for link in self.drawn.links:
            now = now.without(link) if str(link) in self.down else now
        for name in self.stopped:
            now = now.without_node(name)
        return now

    def cable(self, end: str) -> Link:
        """The cable at `node:interface`, whether it is plugged in or not."""
        return self.drawn.link_at(end)


def link_down(stage: Stage, link: CableEnd) -> None:
    """Pull the cable at `link` (node:interface): both ends lose carrier."""
    stage.world.set_link(link, up=False)
    stage.down[str(stage.cable(link))] = link


def link_up(stage: Stage, link: CableEnd) -> None:
    """Plug the cable at `link` (node:interface) in again."""
    stage.world.set_link(link, up=True)
    stage.down.pop(str(stage.cable(link)), None)


def node_stop(stage: Stage, node: NodeName) -> None:
    """Pull the power of `node`: its processes end, its cables go dark. Its workloads stop with it."""
    stage.world.halt(node)
    stage.stopped.append(node)


def node_start(stage: Stage, node: NodeName) -> None:
    """Give `node` its power back and boot it with its files."""
    if node not in stage.stopped:
        raise LabError("it is running; node.start wants a node that node.stop stopped", node)
    stage.world.start(stage.drawn, node)
    stage.stopped.remove(node)
    stage.killed = {each for each in stage.killed if each[0] != node}


def daemon_kill(stage: Stage, node: NodeName, daemon: str) -> None:
    """End every process called `daemon` on `node` with SIGKILL, so that it can say goodbye to nobody."""
    stage.world.kill(stage.drawn, node, daemon)
    stage.killed.add((node, daemon))
    stage.altered = True


def config_push(stage: Stage, overlay: str | None = None, vars: Vars | None = None) -> None:
    """Push changed files (the folder `overlay`: `<node>/<path on the node>`) and other `vars` of nodes or groups."""
    drawn = changed(stage.drawn, Path(overlay) if overlay else None, vars or {})
    stage.world.follow(drawn)
    stage.drawn, stage.altered = drawn, True
    declared = {(name, each.name) for name, node in drawn.nodes.items() for each in node.facts.services}
    stage.ended = {key: each for key, each in stage.ended.items() if key not in declared}


def service_stop(stage: Stage, node: NodeName, name: str) -> None:
    """End the declared service `name` of `node`: nobody listens there any more."""
    declared = stage.drawn.nodes[node].facts.services
    ending = next((each for each in declared if each.name == name), None)
    if ending is None:
        known = ", ".join(each.name for each in declared) or "none"
        raise LabError(f"no service is called {name!r}; declared: {known}", node)
    _declare(stage, node, tuple(each for each in declared if each is not ending))
    stage.ended[node, name] = ending


def service_start(stage: Stage, node: NodeName, name: str) -> None:
    """Begin a declared service of `node` again that service.stop ended."""
    if (node, name) not in stage.ended:
        raise LabError(f"{name!r} was not stopped; service.start wants a service that service.stop stopped", node)
    _declare(stage, node, (*stage.drawn.nodes[node].facts.services, stage.ended.pop((node, name))))


def interface_mtu(stage: Stage, interface: CableEnd, bytes: Bytes) -> None:
    """Set the MTU of one end of a cable, `interface` (node:interface), to `bytes`."""
    stage.world.set_link(interface, mtu_bytes=bytes)
    stage.mtus[interface] = bytes
    stage.altered = True


def _declare(stage: Stage, node: str, services: tuple[Service, ...]) -> None:
    """The same network, in which a node declares other services."""
    old = stage.drawn.nodes[node]
    new: Node = replace(old, facts=old.facts.model_copy(update={"services": services}))
    changed = replace(stage.drawn, nodes={**stage.drawn.nodes, node: new})
    stage.world.follow(changed)
    stage.drawn = changed


@cache
def actions() -> Mapping[str, Action]:
    """Every action by the name that scenarios use."""
    own = inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    return {
        name.replace("_", ".", 1): function
        for name, function in own
        if function.__module__ == __name__
        and next(iter(inspect.signature(function).parameters), "") == "stage"
        and not name.startswith("_")
    }
