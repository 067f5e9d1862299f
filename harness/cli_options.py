"""Arguments and options that several verbs of the command line take."""

from pathlib import Path
from typing import Annotated

import typer

from harness import completion

TopologyArgument = Annotated[
    str,
    typer.Argument(
        metavar="TOPOLOGY",
        help="A *.clab.yml file, its folder, or a running lab's name.",
        autocompletion=completion.topologies,
    ),
]
NodeArgument = Annotated[
    str, typer.Argument(metavar="NODE", help="A node of the topology.", autocompletion=completion.nodes)
]
NameOption = Annotated[str | None, typer.Option("--name", help="Another name for the lab: several of one topology.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, and nothing else.")]
OnOption = Annotated[str, typer.Option(help="Whom to ask: lab, or paper (the simulator: no lab is needed).")]
RuntimeOption = Annotated[
    str | None,
    typer.Option(
        help="What carries the lab: namespaces (the default), docker, or containerlab.", envvar="FABRICLAB_RUNTIME"
    ),
]
OutsideOption = Annotated[
    bool, typer.Option("--allow-outside-binds", help="Let binds read files outside the topology's folder.")
]
VarsOption = Annotated[
    list[Path] | None,
    typer.Option("--vars", help="Variables of a template; without it CLAB_VARS, or NAME.clab_vars.* beside the file."),
]
FilterOption = Annotated[
    str | None,
    typer.Option("--node-filter", metavar="NODE,NODE...", help="Only these nodes, and links between them."),
]
NodesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="NODE", help="Only these.", autocompletion=completion.nodes)
]
