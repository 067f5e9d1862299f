"""The files of a topology's nodes -> their Devices: each file is read by the dialect that claims its path.

Around what the files say stands what the topology alone brings (`sim.surroundings`): addresses of cables, the
management network, `exec` lines, what a role runs.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sim.device import Device
from sim.dialects import Source, dialects
from sim.surroundings import Surroundings
from sim.surroundings.execution import vtysh_lines
from sim.surroundings.storage import with_storage
from sim.topology.files import author_path, node_files
from sim.topology.model import Node, Topology

_FRR_CONF = "/etc/frr/frr.conf"


def read_devices(topology: Topology) -> dict[str, Device]:
    """Every node's Device, by name. ConfigError, at its line, for what no daemon would accept."""
    with _nothing_collected():
        around = Surroundings(topology)
        devices = {name: read_device(topology, node, around) for name, node in topology.nodes.items()}
        return with_storage(topology, devices)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """No search for garbage: a large fabric's values are a million, all stay, and looking for none costs a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_device(topology: Topology, node: Node, around: Surroundings | None = None) -> Device:
    """What one node's files and surroundings say, what other nodes' storage asks of it left out.

    Who reads many nodes gives their surroundings once.
    """
    around = around or Surroundings(topology)
    texts = {path: content.decode(errors="replace") for path, content in node_files(topology, node).items()}
    if node.commands and (told := vtysh_lines(node)):
        texts[_FRR_CONF] = "\n".join((texts.get(_FRR_CONF, "").rstrip("\n"), *told, ""))
    said = parse_files(node, texts, lambda path: author_path(topology, node, path))
    return around.after(node, around.before(node, said) | said)


def parse_files(node: Node, texts: Mapping[str, str], origin: Callable[[str], str] | None = None) -> Device:
    """What a node's files (by absolute path there) say together. `origin` tells where their author keeps each."""
    origin = origin or (lambda path: f"{node.name}:{path}")
    device = Device(node.name)
    for dialect in dialects():
        claimed = {path: Source(path, origin(path), text) for path, text in texts.items() if dialect.claims(path)}
        if claimed:
            device |= dialect.parse(node, claimed)
    return device
