"""fabriclab generate: topologies made by rule, one verb per shape."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.generate.plan import Plan

app = typer.Typer(
    help="Make a topology: a fat-tree or a leaf-spine fabric.\n\n"
    "A folder with the containerlab file, the configuration of every node, and a README with its numbers.\n\n"
    "\b\n"
    "  fabriclab generate fat-tree 4\n"
    "  fabriclab generate fat-tree 8 --unnumbered --policies\n"
    "  fabriclab generate clos --spines 2 --leafs 4 --servers 2 --output fabric",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

NameOption = Annotated[str, typer.Option("--name", help="The topology's name; else it says the shape.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="The folder; else the name, here.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files of a folder that is not empty.")]
UnnumberedOption = Annotated[bool, typer.Option("--unnumbered", help="BGP over interfaces: no addresses on cables.")]
ProtocolOption = Annotated[str, typer.Option("--protocol", help="bgp or ospf.")]
PoliciesOption = Annotated[bool, typer.Option("--policies", help="Route-maps and communities on every BGP session.")]


@app.command("fat-tree")
def fat_tree(
    ports: Annotated[int, typer.Argument(metavar="K", help="Ports of each switch: even, 2 to 48.")],
    name: NameOption = "",
    output: OutputOption = None,
    force: ForceOption = False,
    unnumbered: UnnumberedOption = False,
    protocol: ProtocolOption = "bgp",
    policies: PoliciesOption = False,
) -> None:
    """A fat-tree of K-port switches, routed as RFC 7938 says.

    K pods of K/2 edges and K/2 aggregations, under (K/2)^2 cores.

    \b
      fabriclab generate fat-tree 4
    """
    from sim.generate.fat_tree import fat_tree as plan

    _make(plan(ports, name), protocol, unnumbered, policies, output, force)


@app.command()
def clos(
    spines: Annotated[int, typer.Option(help="How many.")],
    leafs: Annotated[int, typer.Option(help="How many, each cabled to every spine.")],
    servers: Annotated[int, typer.Option(help="How many below each leaf.")] = 0,
    name: NameOption = "",
    output: OutputOption = None,
    force: ForceOption = False,
    unnumbered: UnnumberedOption = False,
    protocol: ProtocolOption = "bgp",
    policies: PoliciesOption = False,
) -> None:
    """A leaf-spine fabric, with servers below the leafs.

    \b
      fabriclab generate clos --spines 2 --leafs 4 --servers 2
    """
    from sim.generate.clos import clos as plan

    _make(plan(spines, leafs, servers, name), protocol, unnumbered, policies, output, force)


def _make(plan: "Plan", protocol: str, unnumbered: bool, policies: bool, output: Path | None, force: bool) -> None:
    from harness import generating
    from sim.generate.frr import style

    target = generating.make(plan, style(protocol, unnumbered, policies), output, force)
    typer.echo(f"{target}: {plan.title}. Next: fabriclab deploy {target}")
