"""The level engine's answer for one address family: which prefixes it solved, and each node's routes on demand.

Routes are kept per class (`sim.fast.classes`), as bits: a fabric with 18 million entries is 5 MB here. A node's routes
are spelt out when somebody asks for that node.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from sim.address import Address, Prefix
from sim.dataclasses import dataclass
from sim.device import Device
from sim.device.bgp import BgpFamily, BgpInstance
from sim.fast.bits import Bits, Numbers, column, members, no_bits, weighed
from sim.fast.classes import PrefixClass, classify, door_bits, origin_bits, own_bits, weights_of
from sim.fast.doors import Doors
from sim.fast.fabric import Fabric, make_fabric
from sim.fast.levels import Spread, joined, spread
from sim.fast.origins import Local, locals_of, origins
from sim.fast.refusals import refused
from sim.fast.sessions import NotPlain, Told, Wiring, sessions
from sim.route import PathAttributes

_BYTES = 32 << 20  # of one array while a bunch of classes is solved


class Way(NamedTuple):
    """How a receiver sends to the neighbour that told it a route."""

    via: Address | None
    interface: str


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """A network that the level engine takes: its fabric, its doors, and what each node has by itself.

    `told` stand in the order of the fabric's edges.
    """

    family: str
    fabric: Fabric
    doors: Doors
    told: tuple[Told, ...]
    locals: tuple[Local, ...]
    origins: Mapping[Prefix, Sequence[tuple[int, PathAttributes]]]


@dataclass(frozen=True, slots=True, eq=False)
class FastBgp:
    """Solved classes. `others` are the prefixes that only the general engine can solve.

    `state` is how they spread: `state.members` (edges) are the ECMP sets, `state.reached` (nodes) who has a path,
    origins included. `own` (nodes): where the route is not in the FIB because the node has a better one.
    """

    plain: Plain
    classes: tuple[PrefixClass, ...]
    state: Spread
    own: Bits
    others: tuple[Prefix, ...]

    def routes(self, node: str) -> Iterator[tuple[Prefix, tuple[Way, ...]]]:
        """The BGP routes in one node's FIB: prefix and ECMP set."""
        number = self.plain.fabric.number.get(node)
        if number is None:
            return
        run = self.plain.fabric.heard(number)
        ways = [Way(told.via, told.end[1]) for told in self.plain.told[run.start : run.stop]]
        sets = self.state.members[run.start : run.stop] & ~self.own[number]
        for each in members(np.bitwise_or.reduce(sets, axis=0)):
            found = tuple(ways[i] for i in column(sets, int(each)))
            for prefix in self.classes[each].prefixes:
                yield prefix, found

    def route(self, node: str, prefix: Prefix) -> tuple[Way, ...]:
        """The ECMP set of one node for one prefix; nothing where it has no BGP route."""
        return dict(self.routes(node)).get(prefix, ())

    def known(self, node: str) -> Iterator[Prefix]:
        """Every prefix for which a node has a path of BGP, its own originations included."""
        number = self.plain.fabric.number.get(node)
        if number is not None:
            for each in members(self.state.reached[number]):
                yield from self.classes[each].prefixes

    def prefix_counts(self) -> Numbers:
        """For each node of the fabric, how many BGP prefixes its FIB has."""
        beyond = self.state.reached & ~self.own & ~origin_bits(self.plain.fabric, self.classes)
        return weighed(beyond, weights_of(self.classes)).astype(np.int64)

    def next_hop_counts(self) -> Numbers:
        """For each node of the fabric, how many next hops its FIB's BGP prefixes have together."""
        fabric = self.plain.fabric
        sets = self.state.members & ~self.own.take(fabric.receiver, axis=0)
        by_edge = weighed(sets, weights_of(self.classes))
        return np.bincount(fabric.receiver, by_edge, fabric.size).astype(np.int64)


def read_plain(devices: Mapping[str, Device], wiring: Wiring, family: str) -> Plain:
    """The network of one address family as the level engine wants it. NotPlain, with the reason, where it cannot."""
    speakers = _speakers(devices, family)
    names = tuple(speakers)
    number = {name: index for index, name in enumerate(names)}
    told = list(sessions({name: devices[name] for name in names}, wiring, family))
    doors = Doors(family)
    edges = [
        (number[t.sender], number[t.receiver], doors.of(t, speakers[t.sender], speakers[t.receiver])) for t in told
    ]
    families = [speaker.families.get(family, BgpFamily()) for speaker in speakers.values()]
    fabric = make_fabric(
        names,
        [speaker.asn for speaker in speakers.values()],
        edges,
        [speaker.multipath_relax for speaker in speakers.values()],
        [each.maximum_paths for each in families],
    )
    local = locals_of({name: devices[name] for name in names}, wiring, family)
    return Plain(
        family,
        fabric,
        doors,
        tuple(told[rank] for rank in fabric.rank.tolist()),
        tuple(local[name] for name in names),
        _origins(speakers, family, local),
    )


def _speakers(devices: Mapping[str, Device], family: str) -> dict[str, BgpInstance]:
    found = {}
    for name, device in devices.items():
        if not device.bgp:
            continue
        if len(device.bgp) > 1 or device.bgp[0].vrf != "default":
            raise NotPlain("BGP in a VRF")
        for reason in refused(device.bgp[0], family):
            raise NotPlain(reason)
        found[name] = device.bgp[0]
    return found


def _origins(
    speakers: Mapping[str, BgpInstance], family: str, local: Mapping[str, Local]
) -> Mapping[Prefix, Sequence[tuple[int, PathAttributes]]]:
    found: dict[Prefix, list[tuple[int, PathAttributes]]] = {}
    for number, (name, speaker) in enumerate(speakers.items()):
        for prefix, attributes in origins(name, speaker, family, local[name]):
            found.setdefault(prefix, []).append((number, attributes))
    return found


def solve_plain(plain: Plain, left_out: Set[Prefix] = frozenset()) -> FastBgp:
    """Solve all prefixes but those left out; what turns out not to be for this engine is among `others`."""
    classes, others = classify(plain.origins, plain.doors.known, plain.locals, left_out)
    bunches = [_solve(plain.fabric, bunch) for bunch in _bunches(plain.fabric, classes)]
    sure: list[PrefixClass] = []
    for bunch, state in bunches:
        unsure = set(members(state.unsure[0]).tolist())
        others += [prefix for index in unsure for prefix in bunch[index].prefixes]
        sure += [each for index, each in enumerate(bunch) if index not in unsure]
    if len(sure) < len(classes):
        return solve_plain(plain, left_out | set(others))
    return FastBgp(
        plain,
        tuple(classes),
        joined([state for _, state in bunches]) if bunches else spread(plain.fabric, no_bits(plain.fabric.size, 0), {}),
        own_bits(plain.fabric, classes),
        tuple(sorted(others)),
    )


def _solve(fabric: Fabric, bunch: Sequence[PrefixClass]) -> tuple[Sequence[PrefixClass], Spread]:
    return bunch, spread(fabric, origin_bits(fabric, bunch), door_bits(fabric, bunch))


def _bunches(fabric: Fabric, classes: Sequence[PrefixClass]) -> Iterator[Sequence[PrefixClass]]:
    """Classes in runs of whole words, so that no array becomes larger than `_BYTES`."""
    row = 8 * max(fabric.edges, fabric.size * max(1, fabric.shared_count))
    size = 64 * max(1, _BYTES // row)
    return (classes[start : start + size] for start in range(0, len(classes), size))
