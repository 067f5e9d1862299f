"""fabriclab: the verbs about files and about this machine."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli_options import JsonOption, OutsideOption, TopologyArgument, VarsOption


def graph(
    topology: TopologyArgument,
    form: Annotated[str, typer.Option("--format", "-f", help="svg, html, mermaid or dot.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; its ending tells the format.")] = None,
    allow_outside_binds: OutsideOption = False,
    variables: VarsOption = None,
) -> None:
    """Draw a topology.

    \b
      fabriclab graph topologies/dev01 -o dev01.svg
      fabriclab graph topologies/dev01 -f mermaid
    """
    from harness import graphs, labs

    drawn = graphs.draw(labs.read(topology, None, allow_outside_binds, variables or ()), form, output)
    if output:
        output.write_text(drawn)
    else:
        typer.echo(drawn, nl=not drawn.endswith("\n"))


def schema(
    of: Annotated[str, typer.Argument(metavar="topology|scenario", help="Which kind of file.")] = "topology",
) -> None:
    """The JSON schema of the files you write, for your editor.

    \b
      fabriclab schema > clab.schema.json
    """
    from harness import console, verbs

    console.document(verbs.schema(of))


def preflight(as_json: JsonOption = False) -> None:
    """What this machine lacks, and what to do about it.

    Exit status 3 where labs can not run.

    \b
      fabriclab preflight
    """
    from harness import console, verbs

    findings = verbs.preflight()
    console.answer(findings, console.findings, as_json)
    raise typer.Exit(findings.exit_status)
