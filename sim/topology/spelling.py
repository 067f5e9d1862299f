"""Groups and kinds that no node uses, and that a node's own group or kind resembles: misspelt, and refused.

containerlab takes any name for a group, and passes over a kind or group that nobody uses; a slip there would silently
leave a node without what it should inherit.
"""

from collections.abc import Mapping

from sim.errors import Place, TopologyError
from sim.topology.declared import Declared
from sim.topology.located import Map
from sim.topology.strict import meant


def check_spelling(topology: Map, nodes: Mapping[str, Declared], file: str) -> None:
    """TopologyError where a node's group is not defined, and one that nobody uses resembles it; kinds likewise."""
    groups, kinds = _section(topology, "groups"), _section(topology, "kinds")
    unused = groups.keys() - {node.section.group for node in nodes.values()}
    for node in nodes.values():
        group = node.section.group
        if group and group not in groups and (hint := meant(group, unused)):
            raise node.error(f"no group {group!r} is defined{hint}", "group")
    used = sorted({node.section.kind for node in nodes.values() if node.section.kind})
    for kind in kinds:
        if kind not in used and (hint := meant(kind, [each for each in used if each not in kinds])):
            raise TopologyError(f"kinds.{kind}: no node is of this kind{hint}", Place(file, kinds.lines[kind]))


def _section(topology: Map, part: str) -> Map:
    section = topology.get(part)
    return section if isinstance(section, Map) else Map()
