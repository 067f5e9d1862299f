"""Links, and how they are solved: faces of every node, then segments; one cable less is a small change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sim.address import Address
from sim.device import Device
from sim.links.connected import Connected, connected_routes
from sim.links.face import End, Face
from sim.links.faces import LOOPBACK, Socket, faces_of
from sim.links.kernel import KernelRoute, kernel_routes
from sim.links.neighbours import Neighbours, Reaches
from sim.links.wires import Wires
from sim.surroundings.management import HOST, host_interfaces, place_of, plan_management
from sim.topology.model import Kind, Link, LinkType, Topology

Segment = tuple[End, ...]


@dataclass(slots=True)
class Links:
    """The solved links of a network; never changed once made.

    `faces` are by node and name; the lab's host side is among them as `host`. `segments` are by number, their ends in
    order; `segment_of` has every end that is up and hears a segment. `far` is the cabling: each end's other end.
    """

    topology: Topology
    devices: Mapping[str, Device]
    faces: dict[str, dict[str, Face]]
    segments: dict[int, Segment]
    segment_of: dict[End, int]
    far: dict[End, End]
    sockets: dict[str, dict[str, Socket]]
    _neighbours: list[Neighbours] = field(default_factory=list)

    def across(self, node: str, interface: str) -> Segment:
        """The other ends on an interface's segment; none where it is down."""
        number = self.segment_of.get((node, interface))
        return tuple(end for end in self.segments[number] if end != (node, interface)) if number is not None else ()

    def connected(self, node: str) -> list[Connected]:
        """A node's connected routes, in the order of its interfaces."""
        return [route for face in self.faces[node].values() for route in connected_routes(face)]

    def kernel_routes(self, node: str) -> list[KernelRoute]:
        """What a node's kernel has without any daemon: connected routes and those of scripts."""
        return list(kernel_routes(self.faces[node], self.devices[node].statics))

    def answering(self, node: str, interface: str, address: Address, reaches: Reaches | None = None) -> Segment:
        """The ends that answer when the node asks, by ARP or ND, who has `address`; none: it cannot be resolved.

        `reaches(node, address)` are the interfaces by which a node's own routes lead to an address: proxy ARP needs it.
        """
        number = self.segment_of.get((node, interface))
        return self.neighbours.answering(number, node, address, reaches) if number is not None else ()

    @property
    def neighbours(self) -> Neighbours:
        """Who owns which address, and who answers for it."""
        if not self._neighbours:
            self._neighbours.append(Neighbours(self.faces, self.devices, self.segments))
        return self._neighbours[0]

    def without(self, *pulled: Link) -> "Links":
        """The same with these cables pulled: the faces of their nodes and the segments they were part of, anew."""
        touched = {end for link in pulled for end in _ends(self.topology, link)}
        faces, sockets = dict(self.faces), dict(self.sockets)
        for place in {end[0] for end in touched}:
            sockets[place] = {
                name: _dark(socket) if (place, name) in touched else socket
                for name, socket in self.sockets[place].items()
            }
            faces[place] = faces_of(place, self.devices[place], sockets[place])
        far = {end: other for end, other in self.far.items() if end not in touched}
        segments, segment_of = dict(self.segments), dict(self.segment_of)
        loose = _taken_apart(self, faces, touched, segments, segment_of)
        made = Links(self.topology, self.devices, faces, segments, segment_of, far, sockets)
        _flood(made, loose, max(segments, default=0) + 1)
        return made


def solve_links(topology: Topology, devices: Mapping[str, Device]) -> Links:
    """Interfaces, segments and addresses of a topology whose nodes are configured as `devices` say."""
    management = plan_management(topology)
    cables = [*topology.links, *management.cables()]
    known = {name: devices.get(name) or Device(name) for name in topology.nodes}
    known[HOST] = Device(HOST, interfaces=host_interfaces(topology, management))
    sockets, far = _sockets(topology, known, cables)
    faces = {place: faces_of(place, known[place], sockets.get(place, {})) for place in known}
    for name, node in topology.nodes.items():
        if node.kind is Kind.HOST:
            faces[name] = faces[HOST]
    segments, segment_of, loose = _cable_segments(topology, known, faces, cables)
    links = Links(topology, known, faces, segments, segment_of, far, sockets)
    _flood(links, loose, len(cables))
    return links


def _ends(topology: Topology, link: Link) -> Iterator[End]:
    """Both ends of a cable, each where it is; a dummy has one."""
    for end in link.endpoints:
        yield place_of(topology, end.node), end.interface
    if link.far_interface:
        yield HOST, link.far_interface


def _sockets(
    topology: Topology, devices: Mapping[str, Device], cables: Iterable[Link]
) -> tuple[dict[str, dict[str, Socket]], dict[End, End]]:
    """Every node's ends of cables, and the cabling. Cables that are pulled have ends, and no light."""
    sockets: dict[str, dict[str, Socket]] = {place: {} for place in devices}
    far: dict[End, End] = {}
    for link in cables:
        ends = tuple(_ends(topology, link))
        if len(ends) == 2:
            far[ends[0]], far[ends[1]] = ends[1], ends[0]
        device = "dummy" if link.type is LinkType.DUMMY else "veth"
        macs = [end.mac for end in link.endpoints] + [None]
        for end, mac in zip(ends, macs, strict=False):
            lit = len(ends) < 2 or _is_on(devices, far[end])
            sockets[end[0]][end[1]] = Socket(end[1], link.mtu_bytes, mac, lit, device)
    for link in topology.pulled:
        for end in _ends(topology, link):
            if end[0] in sockets and end[1] not in sockets[end[0]]:
                sockets[end[0]][end[1]] = Socket(end[1], link.mtu_bytes, lit=False)
    return sockets, far


def _is_on(devices: Mapping[str, Device], end: End) -> bool:
    config = devices[end[0]].interfaces.get(end[1])
    return config is None or config.up is not False


def _dark(socket: Socket) -> Socket:
    return Socket(socket.interface, socket.mtu_bytes, socket.mac, lit=False, device=socket.device)


def _cable_segments(
    topology: Topology, devices: Mapping[str, Device], faces: Mapping[str, Mapping[str, Face]], cables: Iterable[Link]
) -> tuple[dict[int, Segment], dict[End, int], list[End]]:
    """Cables whose two ends stand for themselves, as segments; and the ends that are left to be followed."""
    stacked = _stacked(devices)
    segments: dict[int, Segment] = {}
    segment_of: dict[End, int] = {}
    loose: list[End] = []
    for number, link in enumerate(cables):
        ends = tuple(_ends(topology, link))
        up = [end for end in ends if faces[end[0]][end[1]].up]
        if len(up) == 2 and not stacked.get(ends[0][0]) and not stacked.get(ends[1][0]):
            segments[number] = ends
            segment_of[ends[0]] = segment_of[ends[1]] = number
        else:
            loose += up
    made = (face.end for place in stacked for face in faces[place].values() if face.device and face.up)
    return segments, segment_of, list(dict.fromkeys((*loose, *made)))


def _stacked(devices: Mapping[str, Device]) -> dict[str, bool]:
    """Nodes on which one interface stands on another."""
    kinds = ("bridge", "bond", "vlan")
    return {
        name: True
        for name, device in devices.items()
        if any(config.kind in kinds for config in device.interfaces.values())
    }


def _taken_apart(
    links: Links,
    faces: Mapping[str, Mapping[str, Face]],
    touched: set[End],
    segments: dict[int, Segment],
    segment_of: dict[End, int],
) -> list[End]:
    """Take away the segments that pulled cables were part of; their ends that are still up must be followed anew."""
    changed = {
        face.end
        for place in {end[0] for end in touched}
        for face in links.faces[place].values()
        if faces[place][face.name] != face
    }
    near = changed.union(*(wires_of(links).nearby(end) for end in touched))
    gone = {links.segment_of[end] for end in near if end in links.segment_of}
    loose = [end for number in gone for end in segments.pop(number)]
    for end in loose:
        del segment_of[end]
    return [end for end in loose if faces[end[0]][end[1]].up]


def wires_of(links: Links) -> Wires:
    """The wires below the addresses."""
    return Wires(links.faces, links.devices, links.far)


def _flood(links: Links, loose: Iterable[End], first: int) -> None:
    """Follow frames from every end that has no segment yet; the segments get numbers from `first` on."""
    wires = wires_of(links)
    number = first
    for end in loose:
        if end in links.segment_of or end[1] == LOOPBACK or not wires.is_heard(end):
            continue
        heard = tuple(sorted(each for each in wires.heard_from(end) if each not in links.segment_of))
        links.segments[number] = heard
        links.segment_of.update(dict.fromkeys(heard, number))
        number += 1
