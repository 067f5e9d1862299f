"""Hand-made networks of eBGP speakers: Devices and the wires between them, without files."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sim.address import Address, InterfaceAddress, Prefix
from sim.device import Device
from sim.device.bgp import IPV4, BgpFamily, BgpInstance, Neighbour, NeighbourFamily, Origination
from sim.device.interfaces import InterfaceConfig
from sim.fast.sessions import Wiring, wiring_of
from sim.links import Links, solve_links
from sim.policy import Context, Policy
from sim.route import PathAttributes
from sim.routing.ground import lay
from sim.topology.model import Endpoint, Link, LinkType, Node, Topology

CABLES = 10 << 24


@dataclass(frozen=True, slots=True)
class Refuse:
    """A policy that refuses some prefixes."""

    prefixes: frozenset[Prefix]
    name: str = "refuse"
    reads: frozenset[str] = frozenset({"prefix"})
    writes: frozenset[str] = frozenset()
    unmodelled: tuple[()] = ()

    def boundaries(self) -> Iterable[Prefix]:
        return self.prefixes

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        return None if prefix in self.prefixes else attributes


@dataclass(frozen=True, slots=True)
class Prepend:
    """A policy that makes the paths of some prefixes longer by a router's own AS."""

    prefixes: frozenset[Prefix]
    times: int
    name: str = "prepend"
    reads: frozenset[str] = frozenset({"prefix", "local_as"})
    writes: frozenset[str] = frozenset({"as_path"})
    unmodelled: tuple[()] = ()

    def boundaries(self) -> Iterable[Prefix]:
        return self.prefixes

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        if prefix not in self.prefixes:
            return attributes
        assert context.local_as is not None
        return attributes.having(as_path=(*[context.local_as] * self.times, *attributes.as_path))


@dataclass
class Network:
    """Routers by name with their AS, cables, what each originates, and policies by (node, neighbour, direction)."""

    asn: Mapping[str, int]
    cables: list[tuple[str, str]]
    owned: Mapping[str, tuple[Prefix, ...]]
    policies: Mapping[tuple[str, str, str], tuple[Policy, ...]] = field(default_factory=dict)
    relax: bool = True
    limit: int = 64

    def devices(self) -> dict[str, Device]:
        """The configuration of every router."""
        return {name: self._device(name) for name in self.asn}

    def _device(self, name: str) -> Device:
        interfaces = {
            "lo": InterfaceConfig("lo", addresses=tuple(InterfaceAddress(*each) for each in self.owned[name]))
        }
        neighbours = []
        for number, (one, two) in enumerate(self.cables):
            if name in (one, two):
                other = two if name == one else one
                mine, theirs = _addresses(number) if name == one else _addresses(number)[::-1]
                port = f"eth{number}"
                interfaces[port] = InterfaceConfig(port, addresses=(InterfaceAddress(mine.value, 31),))
                neighbours.append(
                    Neighbour(address=theirs, remote_as=self.asn[other], families={IPV4: self._family(name, other)})
                )
        family = BgpFamily(networks=tuple(map(Origination, self.owned[name])), maximum_paths=self.limit)
        instance = BgpInstance(
            self.asn[name],
            ebgp_requires_policy=False,
            multipath_relax=self.relax,
            families={IPV4: family},
            neighbours=tuple(neighbours),
        )
        return Device(
            name,
            daemons=frozenset({"zebra", "bgpd"}),
            interfaces=interfaces,
            bgp=(instance,),
            sysctls={"net.ipv4.conf.all.forwarding": "1"},
        )

    def _family(self, name: str, other: str) -> NeighbourFamily:
        find = self.policies.get
        return NeighbourFamily(imports=find((name, other, "in"), ()), exports=find((name, other, "out"), ()))

    def topology(self) -> Topology:
        """The drawing: its cables are eth0, eth1, ... at both ends."""
        links = [
            Link(LinkType.VETH, (Endpoint(one, f"eth{number}"), Endpoint(two, f"eth{number}")))
            for number, (one, two) in enumerate(self.cables)
        ]
        return Topology(
            "made", Path("made.clab.yml"), {name: Node(name, network_mode="none") for name in self.asn}, tuple(links)
        )

    def links(self) -> Links:
        """Its interfaces and cables."""
        return solve_links(self.topology(), self.devices())

    def wiring(self) -> Wiring:
        """Its cables."""
        return wiring_of(lay(self.links()))


def _addresses(cable: int) -> tuple[Address, Address]:
    return Address(CABLES + 2 * cable), Address(CABLES + 2 * cable + 1)


def loopback(number: int) -> Prefix:
    """172.16.0.0 and on."""
    return Prefix((172 << 24) + (16 << 16) + number, 32)


def fat_tree(ports: int) -> Network:
    """A fat-tree in the plan of RFC 7938: cores share an AS, so do a pod's aggregations; an edge has its own."""
    half = ports // 2
    asn = {f"core{i}": 65000 for i in range(half * half)}
    cables = []
    for pod in range(ports):
        asn |= {f"agg{pod}-{i}": 65100 + pod for i in range(half)}
        asn |= {f"edge{pod}-{i}": 66000 + pod * half + i for i in range(half)}
        cables += [(f"agg{pod}-{i}", f"edge{pod}-{j}") for i in range(half) for j in range(half)]
        cables += [(f"agg{pod}-{i}", f"core{i * half + j}") for i in range(half) for j in range(half)]
    owned = {name: (loopback(number),) for number, name in enumerate(asn)}
    subnets = {name: Prefix((192 << 24) + (number << 8), 24) for number, name in enumerate(asn) if "edge" in name}
    return Network(
        asn, cables, {name: (*own, *([subnets[name]] if name in subnets else [])) for name, own in owned.items()}
    )


def leaf_spine(spines: int, leafs: int) -> Network:
    """Every leaf cabled to every spine, each with its own AS."""
    names = [*(f"spine{i}" for i in range(spines)), *(f"leaf{i}" for i in range(leafs))]
    cables = [(spine, leaf) for spine in names[:spines] for leaf in names[spines:]]
    owned = {name: (loopback(number),) for number, name in enumerate(names)}
    return Network({name: 65001 + number for number, name in enumerate(names)}, cables, owned)


def random_network(seed: int) -> Network:
    """4 to 12 routers, some of which share an AS number; parallel ways, filters, prepending, anycast."""
    dice = random.Random(seed)
    names = [f"r{i}" for i in range(dice.randint(4, 12))]
    asn = {name: 65000 + dice.randint(0, len(names) if seed % 2 else 3 * len(names)) for name in names}
    pairs = [(one, two) for i, one in enumerate(names) for two in names[:i] if asn[one] != asn[two]]
    cables = dice.sample(pairs, min(len(pairs), dice.randint(len(names), 2 * len(names))))
    owned = {name: (loopback(i), *([loopback(1000)] if dice.random() < 0.1 else [])) for i, name in enumerate(names)}
    everything = [prefix for own in owned.values() for prefix in own]
    policies: dict[tuple[str, str, str], tuple[Policy, ...]] = {}
    for one, two in [*cables, *((two, one) for one, two in cables)]:
        some = frozenset(dice.sample(everything, 3))
        if dice.random() < 0.15:
            policies[one, two, dice.choice(["in", "out"])] = (Refuse(some),)
        if dice.random() < 0.15:
            policies[one, two, dice.choice(["in", "out"])] = (Prepend(some, dice.randint(1, 3)),)
    return Network(asn, cables, owned, policies, relax=dice.random() < 0.8, limit=dice.choice([1, 2, 64, 64, 64]))
