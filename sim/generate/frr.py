"""One box of a plan -> its frr.conf, as an engineer would write it: addresses, then BGP (RFC 7938) or OSPF.

Numbered sessions run over the cable's /31; unnumbered ones over the interface (RFC 5549), without addresses on cables.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from sim.dataclasses import dataclass
from sim.errors import InputError
from sim.generate.plan import Box, Port, Tier
from sim.generate.policies import applied, policies

Protocol = Literal["bgp", "ospf"]
_HEAD = """frr version 8.4
frr defaults datacenter
hostname {name}
log syslog informational
service integrated-vtysh-config
no zebra nexthop kernel enable
!
"""


@dataclass(frozen=True, slots=True)
class Style:
    """How a fabric routes. `policies`: route-maps and communities on every BGP session."""

    protocol: Protocol = "bgp"
    unnumbered: bool = False
    policies: bool = False


def style(protocol: str, unnumbered: bool = False, policies: bool = False) -> Style:
    """The style that a user's words mean; InputError where they mean none."""
    for wanted, option in ((unnumbered, "--unnumbered"), (policies, "--policies")):
        if wanted and protocol == "ospf":
            raise InputError("is about BGP sessions; take it out, or say --protocol bgp", option)
    if protocol not in ("bgp", "ospf"):
        raise InputError(f"unknown {protocol!r}; known: bgp, ospf", "--protocol")
    return Style("ospf" if protocol == "ospf" else "bgp", unnumbered, policies)


def frr_conf(box: Box, ports: Sequence[Port], style: Style) -> str:
    """The text of a box's /etc/frr/frr.conf."""
    crowded = any(port.peer.box.tier is Tier.SERVER for port in ports)
    parts = [_lo(box, style, "" if crowded else box.gateway)] if box.loopback else []
    parts += [_interface(port, style) for port in ports]
    if box.tier is Tier.SERVER:
        parts += [f"ip route 0.0.0.0/0 {port.peer.address}\n!\n" for port in ports]
    elif crowded and style.protocol == "bgp":
        parts.append(f"ip route {box.subnet} Null0\n!\n")  # what BGP announces, whichever servers are up
    if box.tier is not Tier.SERVER:
        parts.append(_ospf(box) if style.protocol == "ospf" else _bgp(box, ports, style))
    return _HEAD.format(name=box.name) + "".join(parts) + "line vty\n!\n"


def daemons(box: Box, style: Style) -> str:
    """The text of a box's /etc/frr/daemons; zebra and staticd run anyway."""
    routing = f"{style.protocol}d=yes\n" if box.tier is not Tier.SERVER else ""
    local = "-A 127.0.0.1"  # FRR 10 runs mgmtd as well, whose vty is open to everybody unless told so
    return (
        f'{routing}frr_profile="datacenter"\nvtysh_enable=yes\nzebra_options="{local} -s 90000000"\n'
        f'mgmtd_options="{local}"\n'
    )


def _lo(box: Box, style: Style, gateway: str) -> str:
    """The loopback, and the servers' gateway where no server is drawn: lo takes a whole subnet for its own."""
    lines = [f" ip address {box.loopback}/32"]
    lines += [f" ip address {gateway}"] if gateway else []
    lines += [" ip ospf area 0"] if style.protocol == "ospf" else []
    return _stanza("lo", lines)


def _interface(port: Port, style: Style) -> str:
    lines = [f" description {port.peer.box.name} {port.peer.interface}"]
    tiers = {port.own.box.tier, port.peer.box.tier}
    if not style.unnumbered or Tier.SERVER in tiers:
        lines.append(f" ip address {port.own.address}/31")
    if style.protocol == "ospf" and port.own.box.tier is not Tier.SERVER:
        lines += [" ip ospf area 0", " ip ospf passive" if Tier.SERVER in tiers else " ip ospf network point-to-point"]
    return _stanza(port.own.interface, lines)


def _stanza(interface: str, lines: Sequence[str]) -> str:
    return "\n".join([f"interface {interface}", *lines, "exit", "!", ""])


def _ospf(box: Box) -> str:
    return f"router ospf\n ospf router-id {box.loopback}\n maximum-paths 64\nexit\n!\n"


def _bgp(box: Box, ports: Sequence[Port], style: Style) -> str:
    sessions = [port for port in ports if port.peer.box.tier is not Tier.SERVER]
    tiers = list(dict.fromkeys(port.peer.box.tier for port in sessions))
    text = policies(box.tier, tiers) if style.policies else ""
    return text + "\n".join([*_router(box, sessions, tiers, style), *_family(box, tiers, style), "exit", "!", ""])


def _router(box: Box, sessions: Sequence[Port], tiers: Sequence[Tier], style: Style) -> Iterator[str]:
    yield f"router bgp {box.asn}"
    yield f" bgp router-id {box.loopback}"
    yield " bgp bestpath as-path multipath-relax"
    for tier in tiers:
        yield f" neighbor {tier.plural} peer-group"
        yield f" neighbor {tier.plural} remote-as external"
    for port in sessions:
        who = f"{port.own.interface} interface" if style.unnumbered else port.peer.address
        yield f" neighbor {who} peer-group {port.peer.box.tier.plural}"


def _family(box: Box, tiers: Sequence[Tier], style: Style) -> Iterator[str]:
    yield " !"
    yield " address-family ipv4 unicast"
    yield f"  network {box.loopback}/32"
    if box.subnet:
        yield f"  network {box.subnet}"
    if style.policies:
        yield from applied(tiers)
    yield "  maximum-paths 64"
    yield " exit-address-family"
