"""Segments: which ends share a wire, by the drawing: the two of a cable, or all that meet in bridges."""

from collections.abc import Iterator

from sim.topology.model import Kind, Topology

End = tuple[str, str]


class Segments:
    """The segments of a topology.

    A VLAN interface (`eth1.100`) without a cable of its own shares its parent's wire with the ends of the same number.
    """

    def __init__(self, topology: Topology) -> None:
        self._bridges = {name for name, node in topology.nodes.items() if node.kind is Kind.BRIDGE}
        self._wires: dict[str, set[End]] = {}
        self._cabled: dict[End, set[End]] = {}
        for link in topology.links:
            ends = {(end.node, end.interface) for end in link.endpoints}
            bridges = {node for node, _ in ends if node in self._bridges}
            joined = set(ends).union(*(self._wires.get(bridge, set()) for bridge in bridges))
            self._join(joined, bridges)

    def _join(self, ends: set[End], bridges: set[str]) -> None:
        """Make one wire of all these ends and everything that already shares a wire with their bridges."""
        bridges = bridges | {node for node, _ in ends if node in self._bridges}
        for bridge in bridges:
            self._wires[bridge] = ends
        for end in ends:
            self._cabled[end] = ends

    def across(self, node: str, interface: str) -> Iterator[End]:
        """The other nodes' interfaces on the same wire."""
        base, dot, number = interface.rpartition(".")
        if (node, interface) in self._cabled or not dot:
            suffix, start = "", (node, interface)
        else:
            suffix, start = f".{number}", (node, base)
        for other, far in sorted(self._cabled.get(start, ())):
            if other != node and other not in self._bridges:
                yield other, far + suffix
