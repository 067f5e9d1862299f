"""What the verbs of the paper network show: tables of numbers, notes, reasons and differences."""

from typing import Any

from rich.console import Console
from rich.markup import escape

from harness.console import console, table

_MOST = 200


def solved(result: Any) -> None:
    """A solved network in numbers."""
    seen, out = result.content, console()
    out.print(f"[bold]{escape(seen['topology'])}[/] on paper: {seen['nodes']:,} nodes, {seen['links']:,} links")
    made = table("WHAT", "COUNT")
    for word, count in seen["counts"].items():
        made.add_row(escape(word), f"{count:,}" if isinstance(count, int) else str(count))
    out.print(made)
    for each in seen["down"][:_MOST]:
        out.print(f"[red]down[/] {escape(each['node'])} {escape(each['session'])} {escape(each['why'])}")
    for each in seen["unsettled"][:_MOST]:
        out.print(f"[yellow]unsettled[/] {escape(each['node'])} {each['prefix']}: {escape(each['why'])}")
    if seen["notes"]:
        out.print(f"[yellow]{seen['notes']} notes[/] on what the model does not know; --notes shows them")


def model_notes(result: Any) -> None:
    """What the model does not know, names that lead nowhere, and how much of each file was understood."""
    seen, out = result.content, console()
    for note in seen["notes"]:
        mark = "[red]policy[/]" if note["policy"] else "[yellow]note[/]"
        out.print(f"{mark} {escape(note['place'])}: {escape(note['text'])}")
    for each in seen["findings"]:
        out.print(f"[yellow]{each['kind']}[/] {escape(each['place'])}: {escape(each['text'])}")
    made = table("FILE", "LINES", "UNDERSTOOD")
    for each in seen["understood"]:
        share = 100 * each["known"] / each["lines"] if each["lines"] else 100.0
        made.add_row(escape(f"{each['node']}:{each['file']}"), str(each["lines"]), f"{share:.0f} %")
    out.print(made)


def reached(result: Any) -> None:
    """Who reaches which service."""
    made = table("SERVICE", "REACHED BY", "CLOSED TO")
    for each in result.to_json()["targets"]:
        made.add_row(
            escape(each["target"]), escape(", ".join(each["reached_by"])), escape(", ".join(each["closed_to"]))
        )
    console().print(made)


def explanation(result: Any) -> None:
    """Why a route won, and over which others."""
    seen, out = result.content, console()
    out.print(f"[bold]{escape(seen['node'])} {seen['prefix']}[/]: {escape(seen['route'])}")
    out.print(f"decided by: [green]{escape(seen['step'] or 'nothing else was there')}[/]")
    made = table("LOST", "BY")
    for each in seen["losers"]:
        made.add_row(escape(each["path"]), escape(each["lost_by"]))
    if seen["losers"]:
        out.print(made)


def parting(result: Any) -> None:
    """Where two networks, or lab and paper, part."""
    out, seen = console(), result.to_json()
    one, other = result.sides
    for each in seen["differences"][:_MOST]:
        out.print(f"[bold]{escape(each['node'])}[/] {each['what']} {escape(each['key'])}")
        out.print(f"  [red]{one:6}[/] {escape(each[one])}")
        out.print(f"  [green]{other:6}[/] {escape(each[other])}")
    _fates(out, seen["flows"])
    for note in seen["notes"][:_MOST]:
        out.print(f"[yellow]note[/] {escape(note)}")
    walked = (
        f"; {seen['flows_walked']} flows walked, {len(seen['flows'])} end otherwise" if seen["flows_walked"] else ""
    )
    out.print(f"{len(seen['differences'])} differences{walked}")


def _fates(out: Console, fates: list[dict[str, str]]) -> None:
    """Flows that end otherwise, those that were opened first."""
    colours = {"opened": "red", "closed": "yellow", "changed": "dim"}
    for each in sorted(fates, key=lambda fate: list(colours).index(fate["kind"]))[:_MOST]:
        out.print(f"[{colours[each['kind']]}]{each['kind']}[/] {escape(each['flow'])}")
        out.print(f"  before {escape(each['before'])}\n  now    {escape(each['now'])}")
