"""fabriclab: the verbs by which tools of automation, and people, get to the nodes of a lab."""

from pathlib import Path
from typing import Annotated

import typer

from harness import completion
from harness.cli_options import NameOption, NodeArgument, TopologyArgument

_FORMS = f"One of {', '.join(completion.INVENTORIES)}."


def inventory(
    topology: TopologyArgument,
    form: Annotated[
        str, typer.Option("--format", "-f", help=_FORMS, autocompletion=completion.inventories)
    ] = "ansible",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Else standard output.")] = None,
    name: NameOption = None,
) -> None:
    """A running lab's inventory, for Ansible or Nornir.

    As containerlab writes them (ansible-inventory.yml, nornir-simple-inventory.yml, topology-data.json), with what it
    takes to log in to nodes that say `ssh: true`; or OpenSSH's configuration alone.

    \b
      fabriclab inventory topologies/dev01
      fabriclab inventory topologies/dev01 --format nornir --to hosts.yaml
    """
    from harness import automation, labs

    text = automation.inventory(labs.running(topology, name), form)
    if to:
        to.write_text(text)
    else:
        typer.echo(text, nl=False)


def ssh(
    topology: TopologyArgument,
    node: NodeArgument,
    command: Annotated[list[str] | None, typer.Argument(metavar="COMMAND", help="Else a login shell.")] = None,
    name: NameOption = None,
) -> None:
    """Log in to a node by SSH, as tools do.

    The node must say `ssh: true` in its config.vars. Key, known hosts and the way there are the lab's own.

    \b
      fabriclab ssh topologies/dev01 gw
      fabriclab ssh topologies/dev01 gw -- vtysh -c 'show ip route'
    """
    from harness import automation, labs

    automation.login(labs.running(topology, name), node, command or ())


def connect(
    topology: TopologyArgument,
    target: Annotated[str, typer.Argument(metavar="NODE:PORT", help="A TCP port at its management address.")],
    name: NameOption = None,
) -> None:
    """Standard input and output, to a TCP port of a node.

    For what takes a ProxyCommand: a lab's management network is none of this machine's. Ends when the node hangs up.

    \b
      fabriclab connect topologies/dev01 gw:22
      ssh -o ProxyCommand='fabriclab connect dev01 gw:22' root@gw
    """
    from harness import connecting, labs

    connecting.connect(labs.running(topology, name), target)
