"""One node: its merged section -> Node. What the file may not say is refused, with its place, on the way."""

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from sim.topology.binds import binds, inside
from sim.topology.container import read_container
from sim.topology.declared import Declared, Origin
from sim.topology.inheritance import effective
from sim.topology.located import Map, plain
from sim.topology.model import Kind, Node
from sim.topology.refusals import kind_of, refuse
from sim.topology.stages import commands, healthcheck, stages
from sim.topology.workloads import RESERVED_NAMES, read_facts

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}")
_HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62}[a-zA-Z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SYSCTL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@:-]*")
_INLINE = "\n"
_FORWARDS = {"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"}


def is_name(text: str) -> bool:
    """Whether a text is safe as the name of a node or lab: letters, digits, `.`, `_`, `-`; at most 63."""
    return _NAME.fullmatch(text) is not None


def declare(topology: Map, name: str, origin: Origin) -> Declared:
    """A node's section with all that it inherits."""
    own = topology["nodes"][name]
    return Declared.of(name, origin, effective(topology, name), own if isinstance(own, Map) else ())


def read_node(node: Declared) -> Node:
    """One node. TopologyError names the line of the level that said what is wrong."""
    _check_name(node)
    kind = kind_of(node)
    refuse(node, kind)
    section = node.section
    startup_config, startup_text = _startup(node)
    tree = plain(node.tree)
    return Node(
        name=node.name,
        kind=kind,
        group=section.group,
        hostname=_hostname(node),
        image=section.image,
        binds=() if kind in (Kind.BRIDGE, Kind.HOST) else tuple(binds(node)),
        exec=() if kind is Kind.BRIDGE else commands(node),
        stages={} if kind is Kind.BRIDGE else stages(node),
        healthcheck=healthcheck(node),
        startup_delay_s=section.startup_delay or 0,
        env=_env(node),
        labels=_labels(node),
        sysctls=(_FORWARDS if kind is Kind.FRR else {}) | _sysctls(node),
        aliases=_aliases(node),
        startup_config=startup_config,
        startup_text=startup_text,
        extras=tree.get("extras") or {},
        dns=_dns(node, tree.get("dns") or {}),
        network_mode="none" if section.network_mode == "none" else None,
        mgmt_ipv4=_address(node, "mgmt-ipv4", IPv4Address),
        mgmt_ipv6=_address(node, "mgmt-ipv6", IPv6Address),
        vars=(tree.get("config") or {}).get("vars") or {},
        facts=read_facts(node),
        container=read_container(node),
        place=node.place(),
    )


def _check_name(node: Declared) -> None:
    if node.name in RESERVED_NAMES:
        raise node.error("the name is reserved for links to it; choose another")
    if not is_name(node.name):
        raise node.error("expected a name of letters, digits, '.', '_' and '-', at most 63, letter or digit first")
    if node.section.kind == "bridge" and len(node.name) > 15:
        raise node.error("a bridge's name is its interface's name: expected at most 15 characters")


def _hostname(node: Declared) -> str:
    hostname = node.section.hostname or ""
    if hostname and not _HOSTNAME.fullmatch(hostname):
        raise node.error(f"found {hostname!r}; expected letters, digits, '-' and '.', at most 64", "hostname")
    return hostname


def _startup(node: Declared) -> tuple[Path | None, str | None]:
    text = node.section.startup_config
    if not text or node.section.suppress_startup_config:
        return None, None
    if _INLINE in text:
        return None, text
    if re.match(r"(https?|s3)://", text):
        raise node.error("nothing is downloaded; put the file beside the topology file", "startup-config")
    path = inside(node, node.magic(text), ("startup-config",))
    if path.is_dir():
        raise node.error(f"{text!r} is a folder; expected a file", "startup-config")
    return path, None


def _env(node: Declared) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for index, text in enumerate(node.section.env_files or ()):
        found |= _env_file(node, inside(node, node.magic(text), ("env-files", index)), index)
    for key, value in (node.section.env or {}).items():
        if not _VARIABLE.fullmatch(key):
            raise node.error(f"found {key!r}; expected a variable's name", "env", key)
        found[key] = value
    found.pop("__IMPORT_ENVS", None)
    return found


def _labels(node: Declared) -> "dict[str, str]":
    return dict(node.section.labels or {})


def _env_file(node: Declared, path: Path, index: int) -> Mapping[str, str]:
    """A file of NAME=value lines; `#` begins a comment line, quotes around a value are taken off."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise node.error(
            f"{path.name} cannot be read: {error}; expected NAME=value lines", "env-files", index
        ) from error
    found = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals or not _VARIABLE.fullmatch(name):
            raise node.error(f"{path.name}:{number}: found {line!r}; expected NAME=value", "env-files", index)
        found[name] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    return found


def _sysctls(node: Declared) -> "dict[str, str]":
    for key in node.section.sysctls or {}:
        if not _SYSCTL.fullmatch(key) or ".." in key:
            raise node.error(f"found {key!r}; expected a sysctl, such as net.ipv4.ip_forward", "sysctls", key)
    return dict(node.section.sysctls or {})


def _aliases(node: Declared) -> tuple[str, ...]:
    for index, alias in enumerate(node.section.aliases or ()):
        if not is_name(alias):
            raise node.error(f"found {alias!r}; expected a host's name", "aliases", index)
    return tuple(node.section.aliases or ())


def _dns(node: Declared, dns: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resolver's configuration; its servers must be addresses, as resolv.conf(5) wants them."""
    for index, server in enumerate(dns.get("servers") or ()):
        try:
            ip_address(str(server))
        except ValueError as error:
            raise node.error(f"found {str(server)!r}; expected an IP address", "dns", "servers", index) from error
    return dns


def _address(node: Declared, key: str, family: Callable[[Any], IPv4Address | IPv6Address]) -> str | None:
    text = getattr(node.section, key.replace("-", "_"))
    if not text:
        return None
    try:
        return str(family(text))
    except AddressValueError as error:
        raise node.error(f"found {text!r}; expected an address without length, such as 172.20.20.11", key) from error
