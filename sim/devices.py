"""The files of a topology's nodes -> their Devices: each file is read by the dialect that claims its path."""

from collections.abc import Mapping

from sim.device import Device
from sim.dialects import Source, dialects
from sim.topology.files import node_files
from sim.topology.model import Node, Topology


def read_devices(topology: Topology) -> dict[str, Device]:
    """Every node's Device, by name. ConfigError, at its line, for what no daemon would accept."""
    return {name: read_device(topology, node) for name, node in topology.nodes.items()}


def read_device(topology: Topology, node: Node) -> Device:
    """What one node's files say."""
    return parse_files(
        node, {path: content.decode(errors="replace") for path, content in node_files(topology, node).items()}
    )


def parse_files(node: Node, texts: Mapping[str, str]) -> Device:
    """What a node's files (by absolute path there) say together."""
    device = Device(node.name)
    for dialect in dialects():
        claimed = {
            path: Source(path, f"{node.name}:{path}", text) for path, text in texts.items() if dialect.claims(path)
        }
        device |= dialect.parse(node, claimed)
    return device
