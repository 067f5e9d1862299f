"""The same network with something replaced: files of an overlay's folder, or facts. A value in, a value out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.dataclasses import replace
from sim.errors import Place, TopologyError
from sim.topology.model import Node, Topology
from sim.topology.strict import meant
from sim.topology.workloads import facts_of, populated


def with_overlay(topology: Topology, folder: Path | str) -> Topology:
    """The topology whose nodes receive the files of `folder/<node or group>/<path on the node>` in place of their own.

    A node's own folder wins over its group's. TopologyError where the folder, or a node it names, is missing.
    """
    path = Path(folder).absolute()
    place = Place(str(folder))
    if not path.is_dir():
        raise TopologyError("no such folder; expected <node>/<path on the node> below it", place)
    names = sorted(each.name for each in path.iterdir())
    if not names:
        raise TopologyError("the folder is empty; expected <node>/<path on the node> below it", place)
    for name in names:
        if not (path / name).is_dir():
            raise TopologyError(f"{name} is a file; expected folders named after nodes or groups", place)
        _named(topology, name, place)
    return replace(topology, overlays=(*topology.overlays, path))


def with_vars(topology: Topology, overrides: Mapping[str, Mapping[str, Any]], place: Place | None = None) -> Topology:
    """The topology whose nodes have other `config.vars`: `{node or group: {key: value}}`.

    A node's own win over its group's; keys that are not named stay. Facts are read again and workloads drawn anew.
    `place` is where the overrides stand.
    """
    where = place or Place(str(topology.file))
    for name, given in overrides.items():
        _named(topology, name, where)
        if not isinstance(given, Mapping):
            raise TopologyError(f"vars.{name}: expected a mapping of config.vars keys", where)
    nodes = {name: _changed(node, overrides, where) for name, node in topology.nodes.items() if node.parent is None}
    hosts = [link for link in topology.links if all(end.node in nodes for end in link.endpoints)]
    used = {str(end): str(link) for link in hosts for end in link.endpoints}
    changed = replace(topology, nodes=nodes, links=tuple(hosts))
    return populated(changed, used, lambda *_: where)


def with_frr(topology: Topology, versions: Mapping[str, str]) -> Topology:
    """The topology on whose nodes these versions of FRR run, by name."""
    nodes = {
        name: replace(node, facts=node.facts.model_copy(update={"frr": versions[name]})) if name in versions else node
        for name, node in topology.nodes.items()
    }
    return replace(topology, nodes=nodes)


def _changed(node: Node, overrides: Mapping[str, Mapping[str, Any]], place: Place) -> Node:
    vars_ = dict(node.vars)
    for name in (node.group, node.name):
        if name and name in overrides:
            vars_ |= overrides[name]
    if vars_ == node.vars:
        return node
    try:
        return replace(node, vars=vars_, facts=facts_of(vars_, place.file, ("vars", node.name)))
    except TopologyError as error:
        raise TopologyError(error.text, place) from error


def _named(topology: Topology, name: str, place: Place) -> tuple[Node, ...]:
    """The nodes that a node's or a group's name means."""
    found = tuple(each for each in topology.nodes.values() if name in (each.name, each.group))
    if not found:
        known = [*topology.nodes, *topology.roles()]
        hint = meant(name, known) or f"; known: {', '.join(dict.fromkeys(known))}"
        raise TopologyError(f"no node or group named {name!r}{hint}", place)
    return found
