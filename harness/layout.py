"""Where each node of a topology stands in a drawing: pure geometry, no SVG.

The floor holds the hosts that the network is for; each node above stands as many rows up as it is links away from the
most numerous of them. A bridge with three members or more is a bus: a bar in a row of its own, its members hung on it.
Workloads hang under the node that carries them. The label `graph-level` (containerlab's) overrides a node's row.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.dataclasses import asdict, dataclass, field
from sim.topology.model import Kind, Topology

BOX_HEIGHT, BUS_HEIGHT, CHIP_HEIGHT = 40.0, 18.0, 22.0
ROW_GAP, BUS_GAP, COLUMN_GAP, MARGIN = 62.0, 34.0, 26.0, 24.0
PORT_PITCH, LETTER = 40.0, 7.6
ROW_MAX = 14

FLOOR_WORDS = {"compute", "master", "server", "storage", "workload", "host", "resolver", "db", "controller"}
OUTSIDE_WORDS = {"tester", "world", "internet", "outside", "external", "client", "user", "isp", "upstream"}
ROUTER_WORDS = {"gateway", "gw", "router", "spine", "leaf", "torack", "switch", "campus"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the drawing, before it has a place."""

    name: str
    kind: str
    role: str = ""
    parent: str | None = None
    level: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The node for a report's JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cable:
    """A link of the drawing: two ends as (node, interface)."""

    left: tuple[str, str]
    right: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn; survives in a report's JSON."""

    spots: tuple[Spot, ...]
    cables: tuple[Cable, ...]

    @staticmethod
    def of(topology: Topology) -> "Drawing":
        """The drawing of a topology. Links with one end (dummy, management) are not drawn."""
        spots = tuple(
            Spot(node.name, str(node.kind), node.group or "", node.parent, _level(node.labels.get("graph-level")))
            for node in topology.nodes.values()
        )
        pairs = [link.endpoints for link in topology.links if len(link.endpoints) == 2]
        return Drawing(
            spots, tuple(Cable((a.node, a.interface), (b.node, b.interface)) for a, b in pairs if a.node != b.node)
        )

    @staticmethod
    def from_json(plain: Mapping[str, Any]) -> "Drawing":
        """The drawing in a report's JSON."""
        return Drawing(
            tuple(Spot(**each) for each in plain["nodes"]),
            tuple(Cable((a[0], a[1]), (b[0], b[1])) for a, b in plain["links"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The drawing for a report's JSON."""
        return {
            "nodes": [spot.to_json() for spot in self.spots],
            "links": [[list(cable.left), list(cable.right)] for cable in self.cables],
        }


@dataclass(slots=True)
class Box:
    """A node in its place: the centre `x`, the top `y`."""

    spot: Spot
    width: float
    x: float = 0.0
    y: float = 0.0
    level: int = 0
    bus: bool = False
    chips: list[Spot] = field(default_factory=list)

    @property
    def height(self) -> float:
        """Without the chips that hang under it."""
        return BUS_HEIGHT if self.bus else BOX_HEIGHT

    @property
    def full_height(self) -> float:
        """With them."""
        return self.height + (10 + len(self.chips) * (CHIP_HEIGHT + 4) if self.chips else 0)


@dataclass(frozen=True, slots=True)
class Layout:
    """Every box in its place, and the size of the whole."""

    boxes: Mapping[str, Box]
    width: float
    height: float


def place(drawing: Drawing) -> Layout:
    """Give every node its place."""
    around = _neighbours(drawing)
    boxes = _boxes(drawing, around)
    rows = _rows(boxes, around)
    _columns(rows, boxes, around)
    height = _heights(rows, around)
    _stretch_buses(boxes, around)
    left = min((box.x - box.width / 2 for box in boxes.values()), default=0.0) - MARGIN
    for box in boxes.values():
        box.x -= left
    width = max((box.x + box.width / 2 for box in boxes.values()), default=0.0) + MARGIN
    return Layout(boxes, width, height)


def _level(label: str | None) -> int | None:
    return int(label) if label and label.lstrip("-").isdigit() else None


def _neighbours(drawing: Drawing) -> dict[str, list[str]]:
    around: dict[str, list[str]] = {spot.name: [] for spot in drawing.spots}
    for cable in drawing.cables:
        around[cable.left[0]].append(cable.right[0])
        around[cable.right[0]].append(cable.left[0])
    return around


def _boxes(drawing: Drawing, around: Mapping[str, Sequence[str]]) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    for spot in drawing.spots:
        if spot.parent is None:
            bus = spot.kind == Kind.BRIDGE and len(around[spot.name]) >= 3
            width = max(92.0, len(spot.name) * LETTER + 30, PORT_PITCH * (len(around[spot.name]) - 1))
            boxes[spot.name] = Box(spot, 0.0 if bus else min(width, 300.0), bus=bus)
    for spot in drawing.spots:
        if spot.parent in boxes:
            box = boxes[spot.parent]
            box.chips.append(spot)
            box.width = max(box.width, len(spot.name) * 6.4 + 20)
    return boxes


def _rows(boxes: Mapping[str, Box], around: Mapping[str, Sequence[str]]) -> list[list[Box]]:
    """Boxes by row, top row first. Buses of one distance get a row each, those that lead upwards on top."""
    distance = _distances(boxes, around)
    by_row: dict[int, list[Box]] = {}
    for name, box in boxes.items():
        box.level = distance[name]
        by_row.setdefault(box.level, []).append(box)
    rows: list[list[Box]] = []
    for level in sorted(by_row, reverse=True):
        plain = [box for box in by_row[level] if not box.bus]
        buses = sorted(
            (box for box in by_row[level] if box.bus),
            key=lambda box: -sum(distance[far] > level for far in around[box.spot.name]),
        )
        rows += [plain[at : at + ROW_MAX] for at in range(0, len(plain), ROW_MAX)]
        rows += [[bus] for bus in buses]
    return rows


def _distances(boxes: Mapping[str, Box], around: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Links from each node to the main floor; the rest of the floor stands on it too, wherever else it is cabled.

    A node with `graph-level` stands where that says (1 is the top).
    """
    floor = _floor(boxes, around)
    distance = dict.fromkeys(floor, 0)
    queue = deque(_main(floor, boxes))
    while queue:
        name = queue.popleft()
        for far in around[name]:
            if far in boxes and far not in distance:
                distance[far] = distance[name] + 1
                queue.append(far)
    named = {name: box.spot.level for name, box in boxes.items() if box.spot.level is not None}
    deepest = max(named.values(), default=0)
    return {name: deepest - named[name] if name in named else distance.get(name, 0) for name in boxes}


def _main(floor: Sequence[str], boxes: Mapping[str, Box]) -> list[str]:
    """Those of the floor whose role is the most frequent one; who carries workloads counts first."""
    carriers = [name for name in floor if boxes[name].chips]
    roles = Counter(boxes[name].spot.role for name in carriers or floor)
    return [name for name in floor if boxes[name].spot.role == roles.most_common(1)[0][0]]


def _floor(boxes: Mapping[str, Box], around: Mapping[str, Sequence[str]]) -> list[str]:
    buses = {name for name, box in boxes.items() if box.bus}
    plain = [name for name in boxes if name not in buses]
    hosts = [name for name in plain if boxes[name].chips or _is_host(boxes[name].spot, set(around[name]) <= buses)]
    if hosts:
        return hosts
    fewest = min((len(around[name]) for name in plain), default=0)
    return [name for name in plain if len(around[name]) == fewest]


def _is_host(spot: Spot, only_on_buses: bool) -> bool:
    words = {re.split(r"[-_\d]", spot.name)[0].lower(), spot.role}
    if words & OUTSIDE_WORDS or words & ROUTER_WORDS or spot.kind == Kind.BRIDGE:
        return False
    return bool(words & FLOOR_WORDS) or only_on_buses


def _columns(rows: Sequence[Sequence[Box]], boxes: Mapping[str, Box], around: Mapping[str, Sequence[str]]) -> None:
    """Give each box its x: the widest row packed, every other one over or under the middle of its neighbours."""
    widest = max(rows, key=lambda row: sum(box.width + COLUMN_GAP for box in row), default=())
    for row in rows:
        _spread(row, [0.0] * len(row))
    for _ in range(4):
        for row in [*reversed(rows), *rows]:
            wanted = [_middle(box, boxes, around) for box in row]
            order = sorted(range(len(row)), key=lambda at: wanted[at])
            _spread([row[at] for at in order], [0.0 if row is widest else wanted[at] for at in order])


def _middle(box: Box, boxes: Mapping[str, Box], around: Mapping[str, Sequence[str]]) -> float:
    """The middle of the neighbours one row up or down; a longer cable may run aslant."""
    known = [boxes[far] for far in around[box.spot.name] if far in boxes]
    near = [far.x for far in known if not far.bus and abs(far.level - box.level) <= 1]
    return sum(near) / len(near) if near else box.x


def _spread(row: Sequence[Box], wanted: Sequence[float]) -> None:
    """Put boxes side by side in this order, as near to where they are wanted as their widths allow."""
    edge = float("-inf")
    for box, at in zip(row, wanted, strict=True):
        box.x = max(at, edge + box.width / 2)
        edge = box.x + box.width / 2 + COLUMN_GAP
    if row:
        shift = sum(at - box.x for box, at in zip(row, wanted, strict=True)) / len(row)
        for box in row:
            box.x += shift


def _heights(rows: Sequence[Sequence[Box]], around: Mapping[str, Sequence[str]]) -> float:
    y = MARGIN
    for at, row in enumerate(rows):
        y += _headroom(row, around)
        for box in row:
            box.y = y
        tall = max(box.full_height for box in row)
        bus_next = at + 1 < len(rows) and rows[at][0].bus and rows[at + 1][0].bus
        y += tall + (BUS_GAP if bus_next else ROW_GAP)
    return y - ROW_GAP + MARGIN if rows else 0.0


def _headroom(row: Sequence[Box], around: Mapping[str, Sequence[str]]) -> float:
    """Room for the arcs between boxes of one row."""
    at = {box.spot.name: box.x for box in row}
    spans = [abs(at[name] - at[far]) for name in at for far in around[name] if far in at]
    return arc_height(max(spans)) if spans else 0.0


def arc_height(span: float) -> float:
    """How high an arc rises over the boxes that it joins; its control points stand a third higher."""
    return 18 + span / 16


def _stretch_buses(boxes: Mapping[str, Box], around: Mapping[str, Sequence[str]]) -> None:
    for box in boxes.values():
        if box.bus:
            held: Iterable[Box] = [boxes[far] for far in around[box.spot.name] if far in boxes]
            left = min(each.x - each.width / 2 for each in held) - len(box.spot.name) * LETTER - 20
            right = max(each.x + each.width / 2 for each in held)
            box.x, box.width = (left + right) / 2, right - left
