"""graph: a topology as SVG, as an HTML page, as Mermaid text or as Graphviz text."""

from collections.abc import Callable
from html import escape
from pathlib import Path

from harness.layout import Drawing
from harness.picture import svg
from sim.errors import InputError
from sim.topology.model import Topology


def draw(topology: Topology, form: str, output: Path | None) -> str:
    """The drawing in a format: the one named, else the one that the output's ending tells, else svg."""
    chosen = form or (output.suffix.lstrip(".") if output else "svg")
    chosen = {"mmd": "mermaid", "gv": "dot", "htm": "html"}.get(chosen, chosen)
    if chosen not in FORMS:
        raise InputError(f"no drawing as {chosen!r}; known: {', '.join(FORMS)}", "fabriclab graph")
    return FORMS[chosen](topology)


def as_svg(topology: Topology) -> str:
    """A picture."""
    return svg(Drawing.of(topology))


def as_html(topology: Topology) -> str:
    """A page with the picture."""
    style = "body{margin:0;display:grid;place-items:center;min-height:100vh;color-scheme:light dark}svg{max-width:96vw}"
    title = escape(topology.name)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style>'
        f"</head>\n<body>{as_svg(topology)}</body></html>\n"
    )


def as_mermaid(topology: Topology) -> str:
    """Mermaid text, which GitHub and GitLab draw."""
    ids = {name: f"n{number}" for number, name in enumerate(topology.nodes)}
    lines = ["graph TD"]
    lines += [f'  {ids[node.name]}["{_plain(node.name)}"]' for node in topology.nodes.values()]
    for link in topology.links:
        if len(link.endpoints) == 2:
            a, b = link.endpoints
            lines.append(f'  {ids[a.node]} ---|"{_plain(a.interface)} - {_plain(b.interface)}"| {ids[b.node]}')
    return "\n".join(lines) + "\n"


def as_dot(topology: Topology) -> str:
    """Graphviz text."""
    lines = [f"graph {_quoted(topology.name)} {{", "  node [shape=box, style=rounded];"]
    lines += [f"  {_quoted(name)};" for name in topology.nodes]
    for link in topology.links:
        if len(link.endpoints) == 2:
            a, b = link.endpoints
            labels = f"taillabel={_quoted(a.interface)}, headlabel={_quoted(b.interface)}"
            lines.append(f"  {_quoted(a.node)} -- {_quoted(b.node)} [{labels}];")
    return "\n".join([*lines, "}"]) + "\n"


def _plain(text: str) -> str:
    return text.replace('"', "'")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


FORMS: dict[str, Callable[[Topology], str]] = {"svg": as_svg, "html": as_html, "mermaid": as_mermaid, "dot": as_dot}
