"""FRR's configuration: /etc/frr/daemons and frr.conf (or bgpd.conf, zebra.conf ... of daemons) -> Device.

`grammar` is the tree of commands, `reading` the loop over lines; each other file registers one part of the language.
Drafts become a Device's values in `device`.
"""

import re
from collections.abc import Mapping

from sim.device import Device
from sim.dialects import Source
from sim.dialects.frr.daemons_file import PATH as DAEMONS_PATH
from sim.dialects.frr.device import read
from sim.topology.frr_kind import DAEMONS
from sim.topology.model import Node

CONF = "/etc/frr/frr.conf"
VTYSH_CONF = "/etc/frr/vtysh.conf"
_SINGLE = re.compile(rf"/etc/frr/(?:{'|'.join((*DAEMONS, 'zebra', 'staticd', 'mgmtd'))})(?:-\w+)?\.conf$")


class Frr:
    """FRR's files."""

    name, order = "frr", 60

    def claims(self, path: str) -> bool:
        """FRR's files; and whether there is an /etc/cumulus, by which FRR's script picks its profile."""
        return path.startswith(("/etc/frr/", "/etc/cumulus/")) and (
            path in (CONF, DAEMONS_PATH, VTYSH_CONF) or path[5] == "c" or bool(_SINGLE.match(path))
        )

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """What they say. ConfigError, at its line, for what FRR refuses."""
        if not any(path.startswith("/etc/frr/") for path in files):
            return Device(node.name)
        single = sorted(path for path in files if _SINGLE.match(path))
        configurations = [CONF] if CONF in files else single
        cumulus = any(path.startswith("/etc/cumulus/") for path in files)
        return read(node, files.get(DAEMONS_PATH), [files[path] for path in configurations], cumulus)


DIALECTS = (Frr(),)
