"""Small random networks for the referee: topology, daemons, policies and filters, made of blocks that can be left out.

A Network is a value: routers with Blocks of configuration, and cables. `smaller` yields it with one thing less (a
router, a cable, a block, a line), so that a network on which paper and daemons part can be shrunk to what matters.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

PREAMBLE = ("frr version 8.4", "service integrated-vtysh-config", "log syslog informational")
_ORDER = ("pbr", "interface", "list", "map", "bgp", "bgp4", "bgp6", "ospf", "ospf6", "static")
_HEAD = {"bgp4": " address-family ipv4 unicast", "bgp6": " address-family ipv6 unicast"}
_FOOT = {"bgp4": " exit-address-family", "bgp6": " exit-address-family"}


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand or go together. `section` says where in the file they belong."""

    section: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Router:
    """A node with its daemon and its blocks. `filters` are lines of /etc/sysconfig/iptables."""

    name: str
    number: int
    asn: int
    daemon: str = "frr"
    profile: str = "traditional"
    blocks: tuple[Block, ...] = ()
    filters: tuple[str, ...] = ()
    sysctls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cable:
    """A link between two routers by number, with the interface on each side."""

    number: int
    ends: tuple[tuple[str, str], tuple[str, str]]

    @property
    def subnet(self) -> str:
        """The first three bytes of its /24's addresses."""
        return f"10.9.{self.number}"


@dataclass(frozen=True, slots=True)
class Network:
    """Routers and cables."""

    seed: str
    routers: tuple[Router, ...]
    cables: tuple[Cable, ...]

    def write(self, folder: Path) -> Path:
        """The topology's folder; the path of its file."""
        for router in self.routers:
            for path, text in _files(router).items():
                file = folder / "configs" / router.name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        file = folder / "random.clab.yml"
        file.write_text("\n".join(_topology(self)) + "\n")
        return file


def smaller(network: Network) -> Iterator[Network]:
    """The network with one thing less: big things first."""
    for router in network.routers if len(network.routers) > 1 else ():
        gone = {cable for cable in network.cables if any(node == router.name for node, _ in cable.ends)}
        yield replace(
            network,
            routers=tuple(each for each in network.routers if each is not router),
            cables=tuple(each for each in network.cables if each not in gone),
        )
    for cable in network.cables:
        yield replace(network, cables=tuple(each for each in network.cables if each is not cable))
    for router in network.routers:
        for less in _with_less(router):
            yield replace(network, routers=tuple(less if each is router else each for each in network.routers))


def _with_less(router: Router) -> Iterator[Router]:
    for block in router.blocks:
        yield replace(router, blocks=tuple(each for each in router.blocks if each is not block))
    for block in router.blocks:
        for line in block.lines[1:]:
            less = replace(block, lines=tuple(each for each in block.lines if each is not line))
            yield replace(router, blocks=tuple(less if each is block else each for each in router.blocks))
    for line in router.filters:
        yield replace(router, filters=tuple(each for each in router.filters if each is not line))


# --- as files


def _files(router: Router) -> dict[str, str]:
    files = {"etc/frr/frr.conf": frr_conf(router), "etc/frr/daemons": _daemons(router)}
    if router.daemon == "bird":
        files = {"etc/bird/bird.conf": "\n".join(_bird_lines(router)) + "\n"}
    if router.filters:
        rules = ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", *router.filters]
        files["etc/sysconfig/iptables"] = "\n".join([*rules, "COMMIT", ""])
    if router.sysctls:
        files["etc/sysctl.d/90-random.conf"] = "\n".join([*router.sysctls, ""])
    return files


def frr_conf(router: Router) -> str:
    """The router's frr.conf."""
    lines = [*PREAMBLE, f"frr defaults {router.profile}", f"hostname {router.name}"]
    for section in _ORDER:
        blocks = [block for block in router.blocks if block.section == section]
        lines += _section(router, section, [line for block in blocks for line in block.lines])
    return "\n".join([*lines, "line vty", ""])


def _section(router: Router, section: str, lines: list[str]) -> list[str]:
    """A section's lines under its heading; `router bgp` is one with its families."""
    if section == "bgp":
        families = [each for each in _HEAD if any(block.section == each for block in router.blocks)]
        return [f"router bgp {router.asn}", *lines] if lines or families else []
    if section in _HEAD:
        return [_HEAD[section], *lines, _FOOT[section]] if lines else []
    if section in ("ospf", "ospf6") and lines:
        return [f"router {section}", *lines, "exit"]
    return lines


def _daemons(router: Router) -> str:
    wanted = {block.section[:5].removesuffix("4").removesuffix("6") for block in router.blocks}
    names = {"bgpd": "bgp" in wanted, "ospfd": "ospf" in wanted}
    names["pbrd"] = "pbr" in wanted
    names["ospf6d"] = any(block.section == "ospf6" for block in router.blocks)
    lines = ["zebra=yes", "staticd=yes", *(f"{name}={'yes' if on else 'no'}" for name, on in names.items())]
    return "\n".join([*lines, "vtysh_enable=yes", ""])


def _bird_lines(router: Router) -> list[str]:
    head = [f"router id 10.255.0.{router.number};", "protocol device {}"]
    return head + [line for block in router.blocks if block.section == "bird" for line in block.lines]


def _services(router: Router) -> Iterator[str]:
    """What flows are sent to: any address, and the loopback.

    Not over IPv6: a router that does not forward it takes a default route from its neighbours' router advertisements
    (RFC 4861, 6.3.4), which paper does not know.
    """
    yield "{name: web, port: 80, protocol: http}"
    told = {word.split("/")[0] for block in router.blocks for line in block.lines for word in line.split()}
    address = f"10.255.0.{router.number}"
    if address in told:
        yield f'{{name: loopback, address: "{address}", port: 8080, protocol: http}}'


def _topology(network: Network) -> list[str]:
    lines = ["name: random", "topology:", "  defaults: {kind: linux, network-mode: none}", "  nodes:"]
    for router in network.routers:
        lines += [f"    {router.name}:", f'      binds: ["configs/{router.name}/etc:/etc"]']
        addresses = [line for block in router.blocks if block.section == "exec" for line in block.lines]
        lines += [f"      exec: {json.dumps(addresses)}"] if addresses else []
        lines += [f"      config: {{vars: {{services: [{', '.join(_services(router))}]}}}}"]
    lines += ["  links:"] if network.cables else []
    for cable in network.cables:
        ends = ", ".join(f'"{node}:{interface}"' for node, interface in cable.ends)
        lines += [f"    - endpoints: [{ends}]"]
    return lines
