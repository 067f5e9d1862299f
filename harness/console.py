"""Values drawn for a terminal. Nothing here decides anything: JSON says all that these tables say.

Colour only where rich finds a terminal and NO_COLOR is not set; without a terminal, lines are as long as they need.
Progress and errors go to standard error, answers to standard output.
"""

import io
import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.secrets import masked

if TYPE_CHECKING:
    from rich.status import Status

WIDE = 200
"""Columns without a terminal, so that a pipe sees whole lines."""

WORDS = {"pass": "passed", "fail": "failed", "error": "could not be judged", "skip": "skipped"}
NEXT = (
    ("inspect {}", "nodes, addresses, stand-ins"),
    ("shell {} NODE", "a shell on a node"),
    ("trace {} --from NODE --to NODE --dport 443", "follow a packet"),
    ("push {} --dry-run", "after you changed a file"),
    ("destroy {}", "end it; nothing stays behind"),
)
COLOURS = {"pass": "green", "fail": "bold red", "error": "bold magenta", "skip": "yellow"}


def console(stderr: bool = False) -> Console:
    """A console of one stream."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=True, width=None if stream.isatty() else WIDE)


def error(line: str) -> None:
    """One line on standard error, secrets masked."""
    console(stderr=True).print(Text(" ".join(masked(line).splitlines()), style="red"))


def document(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def answer(value: Any, draw: Callable[[Any], None], as_json: bool) -> None:
    """An answer as JSON or as `draw` shows it."""
    if as_json:
        document(value.to_json())
    else:
        draw(value)


def show_commands() -> None:
    """Show each command that runs on a node, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked("%(message)s"))
    commands = logging.getLogger("fabriclab.commands")
    commands.addHandler(handler)
    commands.setLevel(logging.DEBUG)


class _Masked(logging.Formatter):
    """Log lines without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return masked(super().format(record))


class Steps:
    """Where a long verb stands: one line that changes on a terminal, one line per step elsewhere."""

    def __init__(self, title: str, screen: Console | None, status: "Status | None" = None) -> None:
        self._title, self._screen, self._status = title, screen, status

    def __call__(self, step: str) -> None:
        """The next step."""
        if self._status:
            self._status.update(f"{self._title}: {escape(step)}")
        elif self._screen:
            self._screen.print(f"{self._title}: {step}", markup=False)

    def show(self, line: str) -> None:
        """A line of somebody else's, as it is."""
        if self._screen:
            self._screen.print(line, markup=False)


@contextmanager
def progress(title: str, quiet: bool) -> Iterator[Steps]:
    """The steps of a verb, on standard error; nothing is shown where it is `quiet`."""
    screen = console(stderr=True)
    if not quiet and screen.is_terminal:
        with screen.status(title) as status:
            yield Steps(title, screen, status)
    else:
        yield Steps(title, None if quiet else screen)


def table(*columns: str) -> Table:
    """A table without a frame."""
    made = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def deployed(summary: Any) -> None:
    """The summary of deploy: a line, what stands in, and what to do next."""
    seen, out = summary.content, console()
    nodes, name = seen["nodes"], seen["name"]
    out.print(
        f"[bold green]{escape(name)}[/] {seen['what']}: {len(nodes)} nodes, {len(seen['links'])} links"
        f" in {seen['took_s']:.1f} s"
    )
    for each in seen["warnings"]:
        words = f"exec {each['command']!r} ended with {each['status']}: {each['words']}"
        out.print(f"[yellow]warning[/] [bold]{escape(each['node'])}[/] {escape(masked(words))}")
    _stand_ins(out, seen["stand_ins"])


def _stand_ins(out: Console, given: Sequence[Mapping[str, str]]) -> None:
    """Stand-ins by what they are, with the nodes that have them."""
    where: dict[tuple[str, str], list[str]] = {}
    for each in given:
        where.setdefault((each["wanted"], each["given"]), []).append(each["node"])
    if where:
        out.print("\n[bold]stand-ins[/] (what this kernel lacks, and what takes its place)")
    for (wanted, stood), nodes in where.items():
        out.print(f"  {wanted} -> {stood}  [dim]{', '.join(nodes)}[/]")


def pushed(result: Any) -> None:
    """What a push changed, or with --dry-run would change."""
    out, nodes = console(), result.content["nodes"]
    for node in nodes:
        for difference in node.get("differences", ()):
            _difference(out, difference)
        for word in ("written", "removed"):
            for path in node.get(word, ()):
                out.print(f"[bold]{escape(node['name'])}[/] {escape(path)} {word}")
        for note in node.get("notes", ()):
            out.print(f"[bold]{escape(node['name'])}[/] [yellow]note[/] {escape(note)}")
    if not any(node.get(word) for node in nodes for word in ("differences", "written", "removed")):
        out.print("nothing to change: the nodes have these files")
    for each in result.content["commands"]:
        out.print(f"[bold]{'would run' if result.content['dry_run'] else 'ran'}[/] {escape(each['command'])}")


def _difference(out: Console, text: str) -> None:
    for line in text.splitlines():
        out.print(Text(line, style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")))


def destroyed(result: Any) -> None:
    """What was ended."""
    out, content = console(), result.content
    for name in content["destroyed"]:
        out.print(f"{escape(name)} destroyed")
    for name in content["not_running"]:
        out.print(f"{escape(name)} was not running")
    if not content["destroyed"] and not content["not_running"]:
        out.print("no lab is running")


def powered(result: Any) -> None:
    """Which nodes were stopped or started."""
    out, nodes = console(), result.content["nodes"]
    for node in nodes:
        out.print(f"{escape(node['name'])} {node['what']}")
    if not nodes:
        out.print("nothing to change: the nodes are in that state")


def saved(result: Any) -> None:
    """What was saved, and where."""
    out, content = console(), result.content
    for node in content["nodes"]:
        for path in node["files"]:
            out.print(f"[bold]{escape(node['name'])}[/] {escape(path)}")
    for note in content["notes"]:
        out.print(f"[bold]{escape(note['name'])}[/] [yellow]note[/] {escape(note['text'])}")
    count = sum(len(node["files"]) for node in content["nodes"])
    out.print(f"{count} files in {escape(content['folder'])}")


def labs(result: Any) -> None:
    """Every running lab."""
    rows = result.content["labs"]
    made = table("LAB", "STATE", "NODES", "TOPOLOGY")
    for each in rows:
        count = str(each["nodes"]) if each["running"] == each["nodes"] else f"{each['running']} of {each['nodes']}"
        made.add_row(escape(each["name"]), each["state"], count, escape(each["file"]))
    console().print(made if rows else "no lab is running; start one with: fabriclab deploy topologies/dev01")


def lab(result: Any) -> None:
    """One lab: nodes with addresses, links, stand-ins."""
    seen, out = result.content, console()
    out.print(f"[bold]{escape(seen['name'])}[/]  {escape(seen['file'])}\n")
    made = table("NODE", "ROLE", "KIND", "STATE", "ADDRESSES")
    for node in seen["nodes"]:
        state = node["state"] + (f", {node['health']}" if node.get("health") else "")
        addresses = "\n".join(f"{face} {' '.join(held)}" for face, held in _shown(node["addresses"]).items())
        colour = "green" if state in ("running", "running, healthy") else "red"
        made.add_row(node["name"], node["role"] or "", node["kind"], f"[{colour}]{escape(state)}[/]", escape(addresses))
    out.print(made)
    if seen["ssh_config"]:
        nodes = ", ".join(node["name"] for node in seen["nodes"] if node["ssh"])
        out.print(f"\n[bold]ssh[/] -F {escape(seen['ssh_config'])} NODE  [dim]{escape(nodes)}[/]")
    out.print(f"\n[bold]links[/] ({len(seen['links'])})")
    for link in seen["links"]:
        out.print("  " + escape(" - ".join(link["endpoints"])))
    _stand_ins(out, seen["stand_ins"])


def _shown(addresses: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Without link-local addresses, which say nothing here."""
    kept = {face: [each for each in held if not each.startswith("fe80:")] for face, held in addresses.items()}
    return {face: held for face, held in kept.items() if held}


def snapshot(seen: Any) -> None:
    """A Snapshot in brief: per node its interfaces, sessions, routes and listeners."""
    out = console()
    for name, state in seen.nodes.items():
        out.print(f"[bold]{escape(name)}[/]" + ("" if state.running else " [red]halted[/]"))
        for face in state.interfaces.values():
            up = "[green]up[/]" if face.up else "[red]down[/]"
            out.print(f"  {escape(face.name)} {up} mtu {face.mtu_bytes} {' '.join(face.addresses)}")
        for session in state.sessions:
            colour = "green" if session.up else "red"
            out.print(f"  {session.protocol} {escape(session.peer)} [{colour}]{escape(session.state)}[/]")
        for prefix, route in state.fib.items():
            hops = ", ".join(f"via {hop.via or 'link'} dev {hop.interface}" for hop in route.next_hops)
            out.print(f"  {prefix} {route.protocol} {hops or route.type}")
        for each in state.listeners:
            out.print(f"  listens {each.protocol} {each.address}:{each.port} [dim]{escape(each.program)}[/]")
    for note in seen.notes:
        out.print(f"[yellow]note[/] {escape(str(note.place))}: {escape(note.text)}")


def trace(result: Any) -> None:
    """A Trace: its hops, how it ended and why."""
    found, out = result.trace, console()
    colour = "green" if found.delivered else "red"
    out.print(f"{escape(str(found.flow))}: [{colour}]{found.disposition}[/]")
    for path in found.paths:
        for hop in path:
            out.print(f"  {escape(hop.node)}  {hop.incoming or ''} -> {hop.outgoing or ''}")
    if found.where:
        out.print(f"  at {escape(found.where)}: {escape(found.why)}")
    if found.round_trip_s is not None:
        out.print(f"  answered by {found.answer_from} after {found.round_trip_s * 1000:.2f} ms")


def findings(result: Any) -> None:
    """What the host lacks."""
    out, found = console(), result.content["findings"]
    for each in found:
        mark = "[red]missing[/]" if each["fatal"] else "[yellow]note[/]"
        out.print(f"{mark} {escape(each['what'])}: {escape(each['do'])}")
    if not found:
        out.print("[green]this machine has all that labs need[/]")


class Live:
    """The progress of verify: a line per scenario when it is answered, and on a terminal what is under way below."""

    def __init__(self, screen: Console, status: "Status | None") -> None:
        self._screen, self._status = screen, status
        self._under_way: dict[int, str] = {}
        self._lock = threading.Lock()

    def started(self, scenario: Any) -> None:
        """A scenario begins."""
        self._say(scenario, "")

    def stage(self, scenario: Any, text: str) -> None:
        """What its lab is doing."""
        self._say(scenario, text)

    def step(self, scenario: Any, result: Any) -> None:
        """A step has its answer."""
        self._say(scenario, str(result.step))

    def finished(self, result: Any) -> None:
        """A scenario has its answer."""
        with self._lock:
            self._under_way.pop(id(result.scenario), None)
            for line in _outcome_lines(result):
                self._screen.print(line)

    def _say(self, scenario: Any, text: str) -> None:
        with self._lock:
            self._under_way[id(scenario)] = f"{scenario.name}: {text}" if text else scenario.name
            if self._status:
                self._status.update(escape("  |  ".join(self._under_way.values()))[: self._screen.width - 4])


def _outcome_lines(result: Any) -> Iterator[Text]:
    """A scenario's line, and below it why, unless it passed."""
    outcome = str(result.verdict.outcome)
    badge = " (known-bad twin)" if result.scenario.fails is not None else ""
    line = Text.assemble((f"{outcome.upper():5}", COLOURS[outcome]), " ", result.scenario.name, (badge, "dim"))
    line.append(f"  {result.took_s:.1f} s", style="dim")
    yield line
    if outcome == "pass":
        return
    for step in result.steps:
        if str(step.verdict.outcome) in ("fail", "error"):
            yield Text.assemble("      ", (str(step.step.place), "dim"), f" {step.step}")
            yield Text(f"        {step.verdict.text}", style=COLOURS[str(step.verdict.outcome)])
    if not any(str(step.verdict.outcome) == outcome for step in result.steps) or result.scenario.fails is not None:
        yield Text(f"      {result.verdict.text}", style=COLOURS[outcome])


@contextmanager
def live(quiet: bool) -> Iterator[Live]:
    """The progress of verify, on standard output: it is the table of what was found. Quiet for --json."""
    screen = Console(file=io.StringIO()) if quiet else console()
    if screen.is_terminal:
        with screen.status("") as status:
            yield Live(screen, status)
    else:
        yield Live(screen, None)


def report(found: Any, paths: Sequence[Path], as_json: bool) -> None:
    """How a verification ended, where its report lies, and what to type next."""
    if as_json:
        document(found.to_json())
        return
    out, counts = console(), found.to_json()["counts"]
    outcome = str(found.outcome)
    words = ", ".join(f"{count} {WORDS[name]}" for name, count in counts.items() if count)
    out.print(f"\n[{COLOURS[outcome]}]{outcome.upper()}[/]  {words} in {found.took_s:.1f} s")
    if paths:
        out.print(f"report: [bold]{escape(str(paths[0]))}[/]")
    for lab in found.labs:
        _next(out, lab)


def _next(out: Console, name: str) -> None:
    """What to type next on a lab that runs."""
    program = "fabriclab" if shutil.which("fabriclab") else os.path.relpath(sys.argv[0])
    lines = [(f"{program} {command.format(name)}", what) for command, what in NEXT]
    width = max(len(command) for command, _ in lines)
    out.print(f"\n[bold]{escape(name)}[/] is running. Next:")
    for command, what in lines:
        out.print(f"  {escape(command):<{width}}  [dim]{what}[/]")
