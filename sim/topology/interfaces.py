"""Names of interfaces: those that Linux takes, and those that become alternative names, as containerlab has it."""

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.topology.model import Link

_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,14}")
_ALIAS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/ -]{0,62}")
TAKEN = ("lo", "all", "default")
"""Names of the kernel's own."""


@cache
def is_interface(name: str) -> bool:
    """Whether Linux takes a name as it is. A large fabric has thousands of links and a few dozen names."""
    return _INTERFACE.fullmatch(name) is not None


def is_alias(name: str) -> bool:
    """Whether a name that Linux does not take may be an interface's alias: too long, or with `/` and blanks."""
    return _ALIAS.fullmatch(name) is not None


def stand_in(node: str, alias: str) -> str:
    """The name of an interface that is known by an alias: containerlab's `clab-` and eight digits, always the same."""
    return f"clab-{hashlib.sha256(f'{node}:{alias}'.encode()).hexdigest()[:8]}"


def stitch_names(link: "Link") -> tuple[str, str]:
    """The names on the host side of a stitched link's cable and of its tunnel, as containerlab has them if they fit."""
    end = link.endpoints[0]
    name = f"{end.node}_{end.interface}"
    if len(name) > 12:
        name = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"ve-{name}", f"vx-{name}"
