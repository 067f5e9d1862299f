"""What a node's section asks of a container engine: a Container, which only a runtime with containers acts on."""

import re
from typing import TYPE_CHECKING

from sim.dataclasses import dataclass

if TYPE_CHECKING:  # the value is part of every topology, its reader of none that a lab has recorded
    from sim.topology.declared import Declared

POLICIES = ("IfNotPresent", "Always", "Never")
_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[kmgt]?)i?b?", re.IGNORECASE)
_IDLE = re.compile(r"(\S*/)?(sh|bash|ash|init|tini|sleep (\S+)|tail -[fF] /dev/null|\d+)?( -i)?", re.ASCII)
_INIT = re.compile(r"(\S*/)?(tini|dumb-init)( --)? ")
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class Container:
    """Image policy, limits and process of a container. Limits of 0 are none; texts that are empty, the image's own.

    `cpus` counts processors (1.5 is one and a half).
    """

    pull_policy: str = "IfNotPresent"
    cpus: float = 0.0
    cpu_set: str = ""
    memory_bytes: int = 0
    shm_bytes: int = 0
    user: str = ""
    entrypoint: str = ""
    command: str = ""
    capabilities: tuple[str, ...] = ()


def is_idle(words: str) -> bool:
    """Whether a command line keeps a container alive and does nothing else.

    A number is the interfaces that some images wait for; an init in front changes nothing.
    """
    return _IDLE.fullmatch(_INIT.sub("", words.strip())) is not None


def read_container(node: "Declared") -> Container:
    """The keys of a node that steer its container. TopologyError at a policy or a size that is none."""
    section = node.section
    return Container(
        pull_policy=_policy(node),
        cpus=section.cpu or 0.0,
        cpu_set=section.cpu_set or "",
        memory_bytes=_size(node, "memory", section.memory),
        shm_bytes=_size(node, "shm-size", section.shm_size),
        user=section.user or "",
        entrypoint=section.entrypoint or "",
        command=section.cmd or "",
        capabilities=tuple(section.cap_add or ()),
    )


def _policy(node: "Declared") -> str:
    text = node.section.image_pull_policy or POLICIES[0]
    found = next((each for each in POLICIES if each.lower() == text.lower()), None)
    if found is None:
        raise node.error(f"found {text!r}; expected one of {', '.join(POLICIES)}", "image-pull-policy")
    return found


def _size(node: "Declared", key: str, text: str | None) -> int:
    """Bytes, as a file writes them: `512mb`, `1Gb`, `64m`; units are powers of 1024."""
    if not text:
        return 0
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise node.error(f"found {text!r}; expected a size, such as 512mb", key)
    return int(float(found["number"]) * 1024 ** _UNITS[found["unit"].lower()])
