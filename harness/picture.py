"""A topology as SVG: boxes for nodes, bars for buses, chips for workloads, cables with their interfaces' names.

The picture stands alone (its own style, light and dark), and inside a report's page, whose colours it then takes.
"""

from collections.abc import Iterator, Mapping
from html import escape

from harness.layout import CHIP_HEIGHT, Box, Drawing, Layout, arc_height, place
from sim.dataclasses import dataclass

PALETTE = ("#0d9488", "#2563eb", "#7c3aed", "#c2410c", "#be185d", "#4d7c0f", "#0369a1", "#a16207")
"""Colours of roles, in the order in which the topology names them."""

STYLE = """
.fabric{font-family:ui-sans-serif,system-ui,"Segoe UI",Roboto,sans-serif;--ink:#1c2430;--soft:#64748b;--line:#94a3b8;
--paper:#fff;--bad:#dc2626}
@media (prefers-color-scheme:dark){.fabric{--ink:#e6ebf2;--soft:#94a3b8;--line:#556274;--paper:#1a212c;--bad:#f87171}}
.fabric .box{fill:var(--paper);stroke-width:1.6}
.fabric .tint{opacity:.1}
.fabric .name{fill:var(--ink);font-size:12.5px;font-weight:600;text-anchor:middle}
.fabric .role{fill:var(--soft);font-size:9.5px;text-anchor:middle}
.fabric .chip{fill:var(--paper);stroke:var(--line);stroke-width:1}
.fabric .chipname{fill:var(--soft);font-size:10.5px;text-anchor:middle}
.fabric .bus{fill:var(--line);opacity:.35}
.fabric .busname{fill:var(--ink);font-size:11px;font-weight:600}
.fabric .cable{fill:none;stroke:var(--line);stroke-width:1.4}
.fabric .dot{fill:var(--line)}
.fabric .port{fill:var(--soft);font-size:8.5px;font-family:ui-monospace,Menlo,Consolas,monospace}
.fabric .bad{stroke:var(--bad);stroke-width:2.6}
.fabric g.link:hover .cable{stroke:var(--ink);stroke-width:2.2}
"""


@dataclass(frozen=True, slots=True)
class Port:
    """Where a cable meets a box: a point, and whether that is the box's upper edge."""

    x: float
    y: float
    top: bool


def svg(drawing: Drawing, bad: Mapping[str, str] | None = None) -> str:
    """The picture. `bad` marks nodes in red, each with its reason as the tooltip."""
    layout = place(drawing)
    if not layout.boxes:
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"></svg>'
    colours = role_colours(drawing)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fabric" viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" '
        f'width="{layout.width:.0f}" height="{layout.height:.0f}" role="img" aria-label="topology">',
        f"<style>{STYLE}</style>",
        *(_bus(box) for box in layout.boxes.values() if box.bus),
        *_cables(drawing, layout),
        *(_box(box, colours, bad or {}) for box in layout.boxes.values() if not box.bus),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def role_colours(drawing: Drawing) -> dict[str, str]:
    """A colour for each role (nodes without one go by their kind)."""
    roles = dict.fromkeys(spot.role or spot.kind for spot in drawing.spots if spot.parent is None)
    return {role: PALETTE[at % len(PALETTE)] for at, role in enumerate(roles)}


def _bus(box: Box) -> str:
    left = box.x - box.width / 2
    return (
        f'<g><rect class="bus" x="{left:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.0f}"'
        f' rx="9"/>'
        f'<text class="busname" x="{left + 12:.1f}" y="{box.y + 13:.1f}">{escape(box.spot.name)}</text></g>'
    )


def _box(box: Box, colours: Mapping[str, str], bad: Mapping[str, str]) -> str:
    spot, left = box.spot, box.x - box.width / 2
    colour = colours[spot.role or spot.kind]
    size = f'x="{left:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.0f}" rx="8"'
    reason = f"<title>{escape(bad.get(spot.name) or f'{spot.name}: {spot.role or spot.kind}')}</title>"
    wrong = " bad" if spot.name in bad else ""
    return "".join(
        [
            f'<g>{reason}<rect class="box{wrong}" {size} style="{"" if wrong else f"stroke:{colour}"}"/>',
            f'<rect class="tint" {size} fill="{colour}"/>',
            f'<text class="name" x="{box.x:.1f}" y="{box.y + 18:.1f}">{escape(spot.name)}</text>',
            f'<text class="role" x="{box.x:.1f}" y="{box.y + 31:.1f}">{escape(spot.role or spot.kind)}</text>',
            *_chips(box, bad),
            "</g>",
        ]
    )


def _chips(box: Box, bad: Mapping[str, str]) -> Iterator[str]:
    y, width = box.y + box.height + 10, box.width - 8
    if box.chips:
        yield f'<path class="cable" d="M{box.x:.1f} {y - 10:.1f}V{y:.1f}"/>'
    for chip in box.chips:
        wrong = " bad" if chip.name in bad else ""
        yield (
            f'<rect class="chip{wrong}" x="{box.x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}"'
            f' height="{CHIP_HEIGHT:.0f}" rx="11"/>'
            f'<text class="chipname" x="{box.x:.1f}" y="{y + 15:.1f}">{escape(chip.name)}</text>'
        )
        y += CHIP_HEIGHT + 4


def _cables(drawing: Drawing, layout: Layout) -> Iterator[str]:
    ports = _ports(drawing, layout)
    for at, cable in enumerate(drawing.cables):
        if (at, 0) in ports and (at, 1) in ports:
            ends = (ports[at, 0], ports[at, 1])
            names = (cable.left, cable.right)
            title = f"{':'.join(cable.left)} - {':'.join(cable.right)}"
            yield f'<g class="link"><title>{escape(title)}</title><path class="cable" d="{_path(*ends)}"/>'
            for port, (node, interface) in zip(ends, names, strict=True):
                yield _end(port, interface, layout.boxes[node].bus)
            yield "</g>"


def _end(port: Port, interface: str, bus: bool) -> str:
    if bus:
        return f'<circle class="dot" cx="{port.x:.1f}" cy="{port.y:.1f}" r="3"/>'
    y = port.y - 4 if port.top else port.y + 10
    return f'<text class="port" x="{port.x + 3:.1f}" y="{y:.1f}">{escape(interface)}</text>'


def _path(one: Port, two: Port) -> str:
    """Straight down where the ends stand under each other, an arc between neighbours of one row, else a soft curve."""
    if abs(one.x - two.x) < 1:
        return f"M{one.x:.1f} {one.y:.1f}V{two.y:.1f}"
    if one.top and two.top:
        rise = min(one.y, two.y) - arc_height(abs(one.x - two.x)) * 4 / 3
        return f"M{one.x:.1f} {one.y:.1f}C{one.x:.1f} {rise:.1f} {two.x:.1f} {rise:.1f} {two.x:.1f} {two.y:.1f}"
    bend = (two.y - one.y) * 0.3
    above, below = one.y + bend, two.y - bend
    return f"M{one.x:.1f} {one.y:.1f}C{one.x:.1f} {above:.1f} {two.x:.1f} {below:.1f} {two.x:.1f} {two.y:.1f}"


def _ports(drawing: Drawing, layout: Layout) -> dict[tuple[int, int], Port]:
    """Where each end of each cable meets its box: spread along an edge, in the order of where the cables go."""
    edges: dict[tuple[str, bool], list[tuple[float, int, int]]] = {}
    for at, cable in enumerate(drawing.cables):
        for side, (near, far) in enumerate([(cable.left[0], cable.right[0]), (cable.right[0], cable.left[0])]):
            if near in layout.boxes and far in layout.boxes:
                here, there = layout.boxes[near], layout.boxes[far]
                edges.setdefault((near, there.y <= here.y), []).append((_towards(here, there), at, side))
    ports: dict[tuple[int, int], Port] = {}
    for (name, top), ends in edges.items():
        box = layout.boxes[name]
        for place_at, (_, at, side) in enumerate(sorted(ends)):
            x = box.x - box.width / 2 + box.width * (place_at + 1) / (len(ends) + 1)
            ports[at, side] = Port(x, box.y if top else box.y + box.height, top)
    return _hang(drawing, layout, ports)


def _towards(here: Box, there: Box) -> float:
    """What cables are sorted by along an edge: the far end's place; a bus is reached straight."""
    return here.x - there.y / 1e6 if there.bus else there.x


def _hang(drawing: Drawing, layout: Layout, ports: dict[tuple[int, int], Port]) -> dict[tuple[int, int], Port]:
    """A cable to a bus goes straight up or down, and ends in the middle of the bar."""
    for at, cable in enumerate(drawing.cables):
        for side, name in enumerate([cable.left[0], cable.right[0]]):
            if (
                (at, side) in ports
                and layout.boxes[name].bus
                and not layout.boxes[[cable.right, cable.left][side][0]].bus
            ):
                bus, other = layout.boxes[name], ports[at, 1 - side]
                ports[at, side] = Port(other.x, bus.y + bus.height / 2, not other.top)
    return ports
