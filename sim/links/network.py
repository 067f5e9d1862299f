"""Links, and how they are solved: faces of every node, then segments; one cable less is a small change."""

from collections.abc import Iterable, Iterator, Mapping

from sim.address import Address
from sim.dataclasses import dataclass, field
from sim.device import Device
from sim.links.connected import Connected, connected_routes
from sim.links.face import End, Face
from sim.links.faces import LOOPBACK, Socket, faces_of
from sim.links.kernel import KernelRoute, kernel_routes
from sim.links.neighbours import Neighbours, Reaches
from sim.links.wires import Wires
from sim.surroundings.management import HOST, host_interfaces, macvlan_port, plan_management
from sim.sysctls import shown
from sim.topology.interfaces import stitch_names
from sim.topology.model import Kind, Link, LinkType, Topology

Segment = tuple[End, ...]


@dataclass(slots=True)
class Links:
    """The solved links of a network; never changed once made.

    `faces` are by node and name; the lab's host side is among them as `host`. `segments` are by number, their ends in
    order; `segment_of` has every end that is up and hears a segment. `far` is the cabling: each end's other end;
    `pulled` are the ends of cables that `without` took out of it.
    """

    topology: Topology
    devices: Mapping[str, Device]
    faces: dict[str, dict[str, Face]]
    segments: dict[int, Segment]
    segment_of: dict[End, int]
    far: dict[End, End]
    sockets: dict[str, dict[str, Socket]]
    pulled: frozenset[End] = frozenset()
    _next: int = 0
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

    def sysctls(self, node: str) -> dict[str, str]:
        """What a node's kernel shows for each interface; those that its files made came after `default` was written."""
        cabled = self.sockets.get(node, {})
        late = {name: name not in cabled and name != LOOPBACK for name in self.faces[node]}
        return dict(shown(self.devices[node].sysctls, late))

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
                name: socket._replace(lit=False) if (place, name) in touched else socket
                for name, socket in self.sockets[place].items()
            }
            faces[place] = faces_of(place, self.devices[place], sockets[place])
        made = Links(
            self.topology,
            self.devices,
            faces,
            dict(self.segments),
            dict(self.segment_of),
            self.far,
            sockets,
            self.pulled | touched,
            self._next,
        )
        _flood(made, _taken_apart(self, made, touched))
        return made

    def wires(self) -> Wires:
        """What is below the addresses."""
        return Wires(self.faces, self.devices, self.far, self.pulled)


def solve_links(topology: Topology, devices: Mapping[str, Device]) -> Links:
    """Interfaces, segments and addresses of a topology whose nodes are configured as `devices` say."""
    management = plan_management(topology)
    known = {name: devices.get(name) or Device(name) for name in topology.nodes}
    known[HOST] = Device(HOST, interfaces=host_interfaces(topology, management))
    links = [*topology.links, *management.cables()]
    cables = [(link, tuple(_ends(topology, link))) for link in links]
    sockets, far = _sockets(topology, known, cables)
    faces = {place: faces_of(place, known[place], sockets[place]) for place in known}
    for name, node in topology.nodes.items():
        if node.kind is Kind.HOST:
            faces[name] = faces[HOST]
    made = Links(topology, known, faces, {}, {}, far, sockets, _next=len(cables))
    _flood(made, _joined_by_cables(made, [ends for _, ends in cables]))
    return made


Cable = tuple[Link, tuple[End, ...]]


def _ends(topology: Topology, link: Link) -> Iterator[End]:
    """Both ends of a cable, each where it is; a dummy has one, and so has a tunnel that leads out of the drawing."""
    for end in link.endpoints:
        node = topology.nodes.get(end.node)
        yield HOST if node is not None and node.kind is Kind.HOST else end.node, end.interface
    if link.far_interface:
        yield HOST, link.far_interface
    elif link.type is LinkType.MACVLAN:
        yield HOST, macvlan_port(link)
    elif link.type is LinkType.VXLAN_STITCH:
        yield HOST, stitch_names(link)[0]


def _sockets(
    topology: Topology, devices: Mapping[str, Device], cables: Iterable[Cable]
) -> tuple[dict[str, dict[str, Socket]], dict[End, End]]:
    """Every node's ends of cables, and the cabling. Cables that are pulled have ends, and no light."""
    sockets: dict[str, dict[str, Socket]] = {place: {} for place in devices}
    far: dict[End, End] = {}
    for link, ends in cables:
        for number, end in enumerate(ends):
            mac = link.endpoints[number].mac if number < len(link.endpoints) else None
            if len(ends) == 2:
                other = far[end] = ends[1 - number]
                socket = Socket(end[1], link.mtu_bytes, mac, _is_on(devices, other))
            else:
                socket = Socket(end[1], link.mtu_bytes, mac, device="dummy")
            sockets[end[0]][end[1]] = socket
    for link in topology.pulled:
        for end in _ends(topology, link):
            if end[0] in sockets and end[1] not in sockets[end[0]]:
                sockets[end[0]][end[1]] = Socket(end[1], link.mtu_bytes, lit=False)
    return sockets, far


def _is_on(devices: Mapping[str, Device], end: End) -> bool:
    config = devices[end[0]].interfaces.get(end[1])
    return config is None or config.up is not False


def _joined_by_cables(links: Links, cables: Iterable[tuple[End, ...]]) -> list[End]:
    """Make segments of cables whose two ends stand for themselves; the ends that are left must be followed."""
    stacked = _stacked(links.devices)
    loose: list[End] = []
    for number, ends in enumerate(cables):
        up = [end for end in ends if links.faces[end[0]][end[1]].up]
        if len(up) == 2 and ends[0][0] not in stacked and ends[1][0] not in stacked:
            links.segments[number] = ends
            links.segment_of[ends[0]] = links.segment_of[ends[1]] = number
        else:
            loose += up
    made = (face.end for place in stacked for face in links.faces[place].values() if face.device and face.up)
    return list(dict.fromkeys((*loose, *made)))


def _stacked(devices: Mapping[str, Device]) -> frozenset[str]:
    """Nodes on which one interface stands on another."""
    kinds = ("bridge", "bond", "vlan")
    return frozenset(
        name for name, device in devices.items() if any(config.kind in kinds for config in device.interfaces.values())
    )


def _taken_apart(before: Links, links: Links, touched: set[End]) -> list[End]:
    """Take away the segments that pulled cables were part of; their ends that are still up must be followed anew."""
    wires = before.wires()
    near = set().union(*(wires.nearby(end) for end in touched))
    gone = {before.segment_of[end] for end in near if end in before.segment_of}
    loose = [end for number in gone for end in links.segments.pop(number)]
    for end in loose:
        del links.segment_of[end]
    return [end for end in loose if links.faces[end[0]][end[1]].up]


def _flood(links: Links, loose: Iterable[End]) -> None:
    """Follow frames from every end that has no segment yet."""
    wires = links.wires()
    for end in loose:
        if end in links.segment_of or end[1] == LOOPBACK or not wires.is_heard(end):
            continue
        heard = tuple(sorted(each for each in wires.heard_from(end) if each not in links.segment_of))
        links.segments[links._next] = heard
        links.segment_of.update(dict.fromkeys(heard, links._next))
        links._next += 1
