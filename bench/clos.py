"""A two-tier fabric of FRR routers: numbered eBGP (RFC 7938, an AS per router), a loopback each, no timers set.

The routers' files are written once, and every contestant starts its daemons from those same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

LARGEST_GROUP = 64  # maximum-paths
_TRANSFER = int(IPv4Address("10.64.0.0"))
_LOOPBACK = int(IPv4Address("10.0.0.0"))
_FIRST_AS = 4200000000

DAEMONS = """\
bgpd=yes
vtysh_enable=yes
frr_profile="datacenter"
zebra_options="  -A 127.0.0.1 -s 90000000"
staticd_options="-A 127.0.0.1"
bgpd_options="   -A 127.0.0.1"
"""
_PROFILE = ("-F", "datacenter")
_ADDRESS = ("-A", "127.0.0.1")
_AS_ROOT = ("-u", "root", "-g", "root")
ZEBRA = ("/usr/lib/frr/zebra", *_PROFILE, *_ADDRESS, "-s", "90000000", *_AS_ROOT)
STATICD = ("/usr/lib/frr/staticd", *_PROFILE, *_ADDRESS, *_AS_ROOT)
BGPD = ("/usr/lib/frr/bgpd", *_PROFILE, *_ADDRESS, *_AS_ROOT)
COMMANDS = (ZEBRA, BGPD, STATICD)
"""What those files start, as command lines: the same for every contestant."""


@dataclass(frozen=True, slots=True)
class Cable:
    """One link: (router, interface, address) at both ends."""

    near: tuple[str, str, str]
    far: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Clos:
    """The fabric: every leaf cabled to every spine."""

    spines: tuple[str, ...]
    leafs: tuple[str, ...]
    cables: tuple[Cable, ...]

    @property
    def routers(self) -> tuple[str, ...]:
        """All routers, spines first."""
        return self.spines + self.leafs

    def loopback(self, router: str) -> str:
        """A router's own address."""
        return str(IPv4Address(_LOOPBACK + 1 + self.routers.index(router)))

    def expected(self, router: str) -> dict[str, int]:
        """The loopbacks that a router's FIB must hold when converged, with the number of next hops of each."""
        same = self.spines if router in self.spines else self.leafs
        between = min(LARGEST_GROUP, len(self.leafs if same is self.spines else self.spines))
        return {self.loopback(each): between if each in same else 1 for each in self.routers if each != router}

    def write(self, folder: Path, name: str) -> Path:
        """Write the containerlab file and each router's files below `folder`; the path of the former."""
        for router in self.routers:
            place = folder / "configs" / router / "etc" / "frr"
            place.mkdir(parents=True)
            (place / "frr.conf").write_text(self._frr_conf(router))
            (place / "daemons").write_text(DAEMONS)
        path = folder / f"{name}.clab.yml"
        path.write_text(self._topology(name))
        return path

    def _frr_conf(self, router: str) -> str:
        number = self.routers.index(router)
        ends = [pair for cable in self.cables for pair in _seen_from(cable, router)]
        lines = ["frr version 8.4", "frr defaults datacenter", f"hostname {router}", "!"]
        lines += ["interface lo", f" ip address {self.loopback(router)}/32", "exit", "!"]
        for (_, interface, address), _ in ends:
            lines += [f"interface {interface}", f" ip address {address}/31", "exit", "!"]
        lines += [f"router bgp {_FIRST_AS + number}", f" bgp router-id {self.loopback(router)}"]
        lines += [" no bgp ebgp-requires-policy", " bgp bestpath as-path multipath-relax"]
        lines += [
            f" neighbor {address} remote-as {_FIRST_AS + self.routers.index(peer)}" for _, (peer, _, address) in ends
        ]
        lines += [" !", " address-family ipv4 unicast", f"  network {self.loopback(router)}/32"]
        lines += [f"  maximum-paths {LARGEST_GROUP}", " exit-address-family", "exit", "!"]
        return "\n".join(lines) + "\n"

    def _topology(self, name: str) -> str:
        lines = [f"name: {name}", "topology:", "  kinds:", "    frr:", "      network-mode: none", "      binds:"]
        lines += ["        - configs/__clabNodeName__/etc/frr:/etc/frr", "  nodes:"]
        lines += [f"    {router}: {{kind: frr}}" for router in self.routers]
        lines += ["  links:"]
        lines += [
            f'    - endpoints: ["{":".join(cable.near[:2])}", "{":".join(cable.far[:2])}"]' for cable in self.cables
        ]
        return "\n".join(lines) + "\n"


def clos(routers: int) -> Clos:
    """A fabric of that many routers: 2 spines of 10, 4 of 50, 5 of 100."""
    width = 2 if routers <= 10 else 4 if routers <= 50 else 5
    spines = tuple(f"spine{number}" for number in range(1, width + 1))
    leafs = tuple(f"leaf{number}" for number in range(1, routers - width + 1))
    return Clos(spines, leafs, tuple(_cables(spines, leafs)))


def _cables(spines: tuple[str, ...], leafs: tuple[str, ...]) -> list[Cable]:
    cables = []
    for row, spine in enumerate(spines):
        for column, leaf in enumerate(leafs):
            address = _TRANSFER + 2 * (row * len(leafs) + column)
            near = (spine, f"eth{column + 1}", str(IPv4Address(address)))
            far = (leaf, f"eth{row + 1}", str(IPv4Address(address + 1)))
            cables.append(Cable(near, far))
    return cables


def _seen_from(cable: Cable, router: str) -> list[tuple[tuple[str, str, str], tuple[str, str, str]]]:
    """The cable as (own end, other end), if it is this router's."""
    pairs = [(cable.near, cable.far), (cable.far, cable.near)]
    return [pair for pair in pairs if pair[0][0] == router]


def expectations(fabric: Clos) -> Mapping[str, Mapping[str, int]]:
    """What every router's FIB must hold."""
    return {router: fabric.expected(router) for router in fabric.routers}
