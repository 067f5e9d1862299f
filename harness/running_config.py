"""A node's running configuration: what it runs now, as the files from which it would come up like that again.

FRR, iptables and nftables are asked, so that what was typed at the node is there too. Whatever else the node was given
(interfaces, sysctl, BIRD, which keeps only its file) is told as its disk has it now. Secrets are not masked: a saved
configuration is to be used.
"""

from collections.abc import Mapping
from socket import AF_INET, AF_INET6

from harness.appliers.cumulus_acl import FOLDER as CUMULUS_ACL
from harness.appliers.frr import APPLIERS as FRR
from harness.appliers.frr_daemons import BINARIES, CONF, DAEMONS_FILE, KNOWN
from harness.appliers.iptables import APPLIERS as IPTABLES
from harness.appliers.nftables import APPLIERS as NFT
from harness.appliers.nftables import CONF as NFTABLES
from harness.observers.filters import NFT_FAMILIES, XTABLES, tables_of
from harness.observers.frr import enabled
from harness.push import current_files
from lab.node import RunningNode
from sim.dataclasses import dataclass

_TOOLS = {AF_INET: "iptables", AF_INET6: "ip6tables"}
_VTYSH = "/etc/frr/vtysh.conf"
_NOT_SAID = ("Building configuration...", "Current configuration:")


@dataclass(frozen=True, slots=True)
class RunningConfig:
    """A node's files by absolute path, and what the reader should know."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


def running_config(node: RunningNode) -> RunningConfig:
    """Ask a node. CommandFailed, in the tool's words, where a tool of it does not answer."""
    files = current_files(node, ())
    asked, notes = _frr(node, files)
    asked |= _iptables(node, files) | _nftables(node)
    return RunningConfig({path: each for path, each in files.items() if not _is_said_by(asked, path)} | asked, notes)


def _is_said_by(asked: Mapping[str, bytes], path: str) -> bool:
    """Whether what a tool told says all that this file says: the files of single FRR daemons, nftables' includes."""
    if path.endswith(".conf") and FRR[0].claims(path) and path != _VTYSH:
        return CONF in asked
    return NFT[0].claims(path) and NFTABLES in asked


def _frr(node: RunningNode, files: Mapping[str, bytes]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """`show running-config` of all daemons together; a note for each that should have been among them."""
    running = {each.name for each in node.processes() if each.argv[0].startswith(f"{BINARIES}/")}
    if not running:
        return {}, ()
    told = node.run(["vtysh", "-c", "show running-config"]).text.splitlines()
    text = "\n".join(line for line in told if line not in _NOT_SAID).strip("\n") + "\n"
    wanted = enabled(files.get(DAEMONS_FILE, b"").decode(errors="replace"))
    silent = [each for each in wanted if each in KNOWN and each not in running]
    return {CONF: text.encode()}, tuple(f"{each} does not run; {CONF} lacks what it was told" for each in silent)


def _iptables(node: RunningNode, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Both families, where the node keeps them, else where Debian does.

    Rules that come of Cumulus' ACLs are in their files already, and would be installed twice.
    """
    if any(path.startswith(CUMULUS_ACL) for path in files):
        return {}
    there, found = tables_of(node), {}
    for family, tool in _TOOLS.items():
        if any(owner == family and name in XTABLES for owner, name in there):
            places = [each.path for each in IPTABLES if each.tool == tool]
            path = next((path for path in places if path in files), places[-1])
            found[path] = node.run([f"{tool}-save"]).stdout
    return found


def _nftables(node: RunningNode) -> dict[str, bytes]:
    """The tables that are not iptables' own, each taking the place of the one that is there."""
    own = sorted((family, name) for family, name in tables_of(node) if not (family in _TOOLS and name in XTABLES))
    tables = [f"{NFT_FAMILIES.get(family, str(family))} {name}" for family, name in own]
    told = [(table, node.run(["nft", "--stateless", "list", "table", *table.split()]).text) for table in tables]
    text = "".join(f"table {table}\ndelete table {table}\n{listed}" for table, listed in told)
    return {NFTABLES: text.encode()} if text else {}
