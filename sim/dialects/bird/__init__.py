"""BIRD 2 and BIRD 1.6: /etc/bird/bird.conf or /etc/bird.conf with what it includes, bird6.conf beside it.

Of two places the first counts, as for the applier of a lab. bird6.conf is a second instance: its protocols join the
others, with its own router id on each session. A file of BIRD 1 is told by its shape (no channels) and noted: a lab
that runs BIRD 2 refuses it.
"""

from collections.abc import Mapping, Sequence

from sim.dataclasses import replace
from sim.device import Device, Understood
from sim.device.bird import BgpProtocol, BirdConfig
from sim.dialects import Source
from sim.dialects.bird.lexer import Token, tokens
from sim.errors import Place
from sim.snapshot import Note
from sim.topology.model import Node

_INSTANCES = (("/etc/bird/bird.conf", "/etc/bird.conf"), ("/etc/bird/bird6.conf", "/etc/bird6.conf"))


class Bird:
    """The dialect."""

    name, order = "bird", 61

    def claims(self, path: str) -> bool:
        """Everything under /etc/bird, which may be included, and the older places."""
        return path.startswith("/etc/bird/") or path in ("/etc/bird.conf", "/etc/bird6.conf")

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """What the instances' files say together."""
        device = Device(node.name)
        for places in _INSTANCES:
            path = next((each for each in places if each in files), None)
            if path is not None:
                device = _joined(device, _instance(node, path, files))
        return device


def _instance(node: Node, path: str, files: Mapping[str, Source]) -> Device:
    from sim.dialects.bird.config import Statements, findings, generation  # with the filter language: not for everyone
    from sim.dialects.bird.reader import Reader

    found = tokens(path, files)
    syntax = generation(found)
    reader = Reader(found, syntax, "ipv6" if "bird6" in path else "ipv4")
    config = Statements(reader).read()
    notes = [replace(note, node=node.name, policy=True) for note in reader.notes]
    if syntax == 1:
        notes.insert(
            0, Note(Place(files[path].origin), "written for BIRD 1, which a lab with BIRD 2 refuses", node.name)
        )
    return Device(
        node.name,
        daemons=frozenset({"bird"}),
        bird=config,
        notes=tuple(notes),
        findings=findings(reader),
        understood=_understood(found, files, reader.unmodelled),
    )


def _understood(
    found: Sequence[Token], files: Mapping[str, Source], unmodelled: Sequence[Place]
) -> dict[str, Understood]:
    lines = {token.place for token in found if token.kind != "end"}
    unknown = lines & set(unmodelled)
    by_origin = {source.origin: path for path, source in files.items()}
    return {
        by_origin[origin]: Understood(
            sum(place.file == origin for place in lines), sum(place.file == origin for place in lines - unknown)
        )
        for origin in {place.file for place in lines}
    }


def _joined(one: Device, two: Device) -> Device:
    """Two instances as one Device: where names meet, the second's are told apart."""
    if one.bird is None or two.bird is None:
        return one | two
    return replace(one | two, bird=_both(one.bird, two.bird))


def _both(one: BirdConfig, two: BirdConfig) -> BirdConfig:
    taken = {each.name for each in one.protocols}
    second = []
    for each in two.protocols:
        named = replace(each, name=f"bird6.{each.name}") if each.name in taken else each
        if isinstance(named, BgpProtocol) and named.router_id is None:
            named = replace(named, router_id=two.router_id)
        second.append(named)
    return replace(
        one,
        tables={**one.tables, **two.tables},
        protocols=(*one.protocols, *second),
        unmodelled=one.unmodelled + two.unmodelled,
    )


DIALECTS = (Bird(),)
