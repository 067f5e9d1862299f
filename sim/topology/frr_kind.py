"""What containerlab's kind frr writes into /etc/frr by itself: frr.conf, daemons, vtysh.conf.

Where we differ on purpose: with no `extras.frr.daemons` containerlab starts all of FRR's daemons; we start those that
the configuration (and the node's `exec` lines) speak to: eighteen daemons on each of a hundred routers serve nobody.
"""

import re

from sim.topology.model import Node

ALWAYS_RUNNING = ("zebra", "staticd", "mgmtd", "watchfrr")
"""What FRR starts whatever its daemons file says; may be listed or left out."""

_SPOKEN_TO = {
    "bgpd": r"^router bgp",
    "ospfd": r"^router ospf\b|^\s*ip ospf",
    "ospf6d": r"^router ospf6|^\s*ipv6 ospf6",
    "ripd": r"^router rip\b",
    "ripngd": r"^router ripng",
    "isisd": r"^router isis",
    "pimd": r"^router pim\b|^\s*ip (pim|igmp)",
    "pim6d": r"^router pim6|^\s*ipv6 (pim|mld)",
    "ldpd": r"^mpls ldp",
    "nhrpd": r"^\s*(ip|ipv6) nhrp",
    "eigrpd": r"^router eigrp",
    "babeld": r"^router babel",
    "sharpd": r"^sharp\b",
    "pbrd": r"^pbr-map|^\s*pbr-policy",
    "bfdd": r"^\s*(neighbor \S+ |ip(v6)? ospf6? |)bfd\b",
    "fabricd": r"^router openfabric",
    "vrrpd": r"^\s*vrrp\b",
    "pathd": r"^segment-routing",
}
DAEMONS = tuple(_SPOKEN_TO)
_CONFIG = "/etc/frr/frr.conf"
_MINIMAL = b"frr defaults traditional\nlog syslog informational\n"


def frr_files(node: Node, files: dict[str, bytes], startup: bytes | None) -> dict[str, bytes]:
    """What the kind adds to the files that a node's binds bring: a bound file stays as it is."""
    config = files.get(_CONFIG, _MINIMAL if startup is None else startup)
    written = {
        _CONFIG: config,
        "/etc/frr/daemons": _daemons(node, config.decode(errors="replace")).encode(),
        "/etc/frr/vtysh.conf": b"service integrated-vtysh-config\n",
    }
    return written | files


def _daemons(node: Node, config: str) -> str:
    frr = node.extras.get("frr") or {}
    named = frr.get("daemons")
    if named is None:
        spoken = "\n".join((config, *(part for line in node.commands for part in re.split(r"-c|[\"']", line))))
        named = [each for each, words in _SPOKEN_TO.items() if re.search(words, spoken, re.M)]
    return "".join(f"{each}={'yes' if each in named else 'no'}\n" for each in DAEMONS)
