"""Who hears whom: frames followed through cables, bridges, bonds and VLAN tags until an interface takes them in.

A frame is followed with its stack of tags (the outermost first). An interface hears a frame without tags; a VLAN's
parent hands frames of its tag to it before anybody else sees them (Linux, __netif_receive_skb_core), so also where the
parent is a bridge's port. A plain bridge passes any tag; a VLAN-aware one sorts by it, untagged frames by the port's
PVID, and a port that a VLAN is not allowed on neither takes nor gives its frames.

What is heard here is heard both ways, so that segments are well defined. Linux does a little more in one direction,
where no answer would come back: an access port takes a frame that bears its own VLAN's tag, a bridge sends frames out
by a port whose VLAN interface would keep the answers, and a bond takes frames from members that it sends nothing by. A
bond uses its first member that is up, and those that end in the same bond across (one aggregator, IEEE 802.1AX
6.4.14; the active one of a backup pair): a second switch of an MLAG pair is reached through the first.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from sim.dataclasses import dataclass, field
from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.links.face import End, Face

Tags = tuple[int, ...]
_STANDARD_VLAN = 1


@dataclass(slots=True)
class Wires:
    """The network below the addresses. `far` maps a cabled end to its other end; what is `pulled` leads nowhere."""

    faces: Mapping[str, Mapping[str, Face]]
    devices: Mapping[str, Device]
    far: Mapping[End, End]
    pulled: frozenset[End] = frozenset()
    _children: dict[End, dict[int, str]] = field(default_factory=dict)
    _scanned: set[str] = field(default_factory=set)

    def heard_from(self, start: End) -> set[End]:
        """Every interface, itself included, that takes in an untagged frame which `start` sends to everybody."""
        hears, seen = {start}, set()
        waiting: list[tuple[str, End, Tags]] = [("out", start, ())]
        while waiting:
            step = waiting.pop()
            if step in seen:
                continue
            seen.add(step)
            way, end, tags = step
            if not self._is_up(end):
                continue
            if way == "out":
                waiting += self._sent(end, tags)
            else:
                follow = list(self._received(end, tags))
                waiting += follow
                if not follow and not tags and self.is_heard(end):
                    hears.add(end)
        return hears

    def way(self, start: End, target: End) -> tuple[End, ...]:
        """The interfaces that an untagged frame passes from `start` until `target` takes it in, both included.

        Empty where it does not come there. Of several ways (a loop of bridges) the shortest.
        """
        first: tuple[str, End, Tags] = ("out", start, ())
        before: dict[tuple[str, End, Tags], tuple[str, End, Tags] | None] = {first: None}
        waiting = deque([first])
        while waiting:
            step = waiting.popleft()
            way, end, tags = step
            if not self._is_up(end):
                continue
            follow = list(self._sent(end, tags) if way == "out" else self._received(end, tags))
            if way == "in" and not follow and not tags and end == target:
                return _ends_to(step, before)
            for each in follow:
                if each not in before:
                    before[each] = step
                    waiting.append(each)
        return ()

    def nearby(self, start: End) -> set[End]:
        """Every end that a frame of whatever tags might pass on its way through an end, interfaces being up or not."""
        near, waiting = {start}, [start]
        while waiting:
            node, name = waiting.pop()
            face = self.faces[node][name]
            stacked = {*self._members(node, name), *self._vlans_on((node, name)).values(), face.master, face.parent}
            beside = {(node, each) for each in stacked if each is not None and each in self.faces[node]}
            far = self.far.get((node, name))
            fresh = (beside | ({far} if far else set())) - near
            near |= fresh
            waiting += fresh
        return near

    def is_heard(self, end: End) -> bool:
        """Whether an interface takes frames in for its own node: no bridge's port and no bond's member."""
        face = self.faces[end[0]][end[1]]
        return face.up and (face.master is None or self._device(end[0], face.master) == "vrf")

    def _is_up(self, end: End) -> bool:
        face = self.faces.get(end[0], {}).get(end[1])
        return face is not None and face.up

    def _device(self, node: str, name: str) -> str:
        face = self.faces[node].get(name)
        return face.device if face else ""

    def _sent(self, end: End, tags: Tags) -> Iterator[tuple[str, End, Tags]]:
        """Where a frame goes that leaves by an interface."""
        node, name = end
        face = self.faces[node][name]
        if face.parent is not None:
            yield "out", (node, face.parent), (face.vlan_id or 0, *tags)
        elif face.device == "bridge":
            yield from self._bridged(node, name, None, tags)
        elif face.device == "bond":
            yield from (("out", (node, member), tags) for member in self._active(node, name))
        elif end in self.far and end not in self.pulled:
            yield "in", self.far[end], tags

    def _received(self, end: End, tags: Tags) -> Iterator[tuple[str, End, Tags]]:
        """Who on the node gets a frame that came in by an interface; nobody: the interface itself."""
        node, name = end
        child = self._vlans_on(end).get(tags[0]) if tags else None
        master = self.faces[node][name].master
        if child is not None:
            yield "in", (node, child), tags[1:]
        elif master is not None and (kind := self._device(node, master)) in ("bridge", "bond"):
            if kind == "bond":
                if name in self._active(node, master):
                    yield "in", (node, master), tags
            elif self._is_up((node, master)):
                yield from self._bridged(node, master, name, tags)

    def _bridged(self, node: str, bridge: str, port: str | None, tags: Tags) -> Iterator[tuple[str, End, Tags]]:
        """Where a bridge passes a frame that came in by a port (None: from the bridge's own interface)."""
        config = self.devices[node].interfaces[bridge]
        if not config.vlan_aware:
            passed = [(other, tags) for other in (*config.members, None) if other != port]
        else:
            passed = list(self._sorted(node, config, port, tags))
        for other, carried in passed:
            if other is None:
                yield "in", (node, bridge), carried
            elif not carried or carried[0] not in self._vlans_on((node, other)):
                yield "out", (node, other), carried

    def _sorted(
        self, node: str, bridge: InterfaceConfig, port: str | None, tags: Tags
    ) -> Iterator[tuple[str | None, Tags]]:
        """The ports of a VLAN-aware bridge that a frame leaves by, and its tags there."""
        pvid, allowed = self._vlans_of(node, bridge, port)
        vlan = tags[0] if tags else pvid
        rest = tags[1:]
        if vlan not in allowed or (tags and vlan == pvid):
            return
        for other in (*bridge.members, None):
            if other == port:
                continue
            untagged, taken = self._vlans_of(node, bridge, other)
            if vlan in taken:
                yield other, rest if vlan == untagged else (vlan, *rest)

    def _vlans_of(self, node: str, bridge: InterfaceConfig, port: str | None) -> tuple[int, frozenset[int]]:
        """A port's PVID and the VLANs it is in; of the bridge itself: its PVID, and those of its VLAN interfaces."""
        if port is None:
            own = frozenset(self._vlans_on((node, bridge.name)))
            pvid = bridge.untagged_vlan or _STANDARD_VLAN
            return pvid, own | {pvid}
        config = self.devices[node].interfaces.get(port) or InterfaceConfig(port)
        if config.access_vlan is not None:
            return config.access_vlan, frozenset((config.access_vlan,))
        pvid = config.untagged_vlan or bridge.untagged_vlan or _STANDARD_VLAN
        return pvid, frozenset((*(config.vlans or bridge.vlans), pvid))

    def _vlans_on(self, end: End) -> Mapping[int, str]:
        """VLAN interfaces on top of an interface, by their tag."""
        node = end[0]
        if node not in self._scanned:
            self._scanned.add(node)
            for face in self.faces[node].values():
                if face.parent is not None:
                    self._children.setdefault((node, face.parent), {})[face.vlan_id or 0] = face.name
        return self._children.get(end, {})

    def _active(self, node: str, bond: str) -> list[str]:
        """The members by which a bond sends and receives."""
        up = [name for name in self._members(node, bond) if self._is_up((node, name)) and (node, name) in self.far]
        up = [name for name in up if (node, name) not in self.pulled]
        if not up:
            return []
        place, name = self.far[node, up[0]]
        partner = self.faces[place][name].master
        if partner is None or self._device(place, partner) != "bond":
            return up[:1]
        return [each for each in up if self._ends_in(self.far[node, each], place, partner)]

    def _ends_in(self, end: End, place: str, master: str) -> bool:
        return end[0] == place and self.faces[place][end[1]].master == master

    def _members(self, node: str, name: str) -> tuple[str, ...]:
        config = self.devices[node].interfaces.get(name)
        return config.members if config else ()


def _ends_to(
    step: tuple[str, End, Tags], before: Mapping[tuple[str, End, Tags], tuple[str, End, Tags] | None]
) -> tuple[End, ...]:
    ends: list[End] = []
    at: tuple[str, End, Tags] | None = step
    while at is not None:
        ends.append(at[1])
        at = before[at]
    return tuple(dict.fromkeys(reversed(ends)))
