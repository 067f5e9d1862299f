"""Who is on which segment, and what is connected: small drawings, no files."""

from dataclasses import replace
from pathlib import Path

from sim.address import parse_address, parse_interface, parse_prefix
from sim.device import Device
from sim.device.interfaces import InterfaceConfig, Kind
from sim.device.static import StaticRoute
from sim.errors import Place
from sim.links import Links, solve_links
from sim.solve import solve
from sim.topology.model import Endpoint, Link, LinkType, Node, Topology
from sim.topology.model import Kind as NodeKind

Interfaces = dict[str, InterfaceConfig]


def cable(one: str, two: str, mtu_bytes: int = 1500) -> Link:
    """A veth between two `node:interface`."""
    ends = (Endpoint(*one.split(":")), Endpoint(*two.split(":")))
    return Link(LinkType.VETH, ends, mtu_bytes)


def face(name: str, *addresses: str, kind: Kind = "physical", **facts: object) -> InterfaceConfig:
    return InterfaceConfig(name, kind, tuple(map(parse_interface, addresses)), **facts)  # type: ignore[arg-type]


def network(
    cables: list[Link], sysctls: dict[str, dict[str, str]] | None = None, **nodes: list[InterfaceConfig]
) -> Links:
    names = dict.fromkeys(end.node for link in cables for end in link.endpoints)
    topology = Topology(
        "drawn", Path("drawn.clab.yml"), {n: Node(n, network_mode="none") for n in names}, tuple(cables)
    )
    devices = {
        name: Device(
            name, interfaces={each.name: each for each in nodes.get(name, ())}, sysctls=(sysctls or {}).get(name, {})
        )
        for name in names
    }
    return solve_links(topology, devices)


def test_the_two_ends_of_a_cable_hear_each_other() -> None:
    links = network([cable("a:eth1", "b:eth1")])
    assert links.across("a", "eth1") == (("b", "eth1"),)


def test_an_interface_that_is_switched_off_darkens_both_ends() -> None:
    links = network(
        [cable("a:eth1", "b:eth1")], a=[face("eth1", "10.0.0.1/24", up=False)], b=[face("eth1", "10.0.0.2/24")]
    )
    assert not links.faces["a"]["eth1"].up and not links.faces["b"]["eth1"].up
    assert links.across("b", "eth1") == ()
    assert links.connected("a") == [] and links.connected("b")[0].linkdown


def test_a_bridge_joins_its_ports_and_has_the_smallest_mtu() -> None:
    cables = [cable("a:eth1", "sw:p1"), cable("b:eth1", "sw:p2", mtu_bytes=1400), cable("c:eth1", "sw:p3")]
    links = network(cables, sw=[face("br0", "10.0.0.9/24", kind="bridge", members=("p1", "p2", "p3"))])
    assert links.across("a", "eth1") == (("b", "eth1"), ("c", "eth1"), ("sw", "br0"))
    assert links.faces["sw"]["br0"].mtu_bytes == 1400


def test_access_ports_of_different_vlans_do_not_hear_each_other() -> None:
    cables = [cable("a:eth1", "sw:p1"), cable("b:eth1", "sw:p2"), cable("c:eth1", "sw:p3")]
    ports = [face("p1", access_vlan=10), face("p2", access_vlan=20), face("p3", access_vlan=10)]
    bridge = face("br0", kind="bridge", members=("p1", "p2", "p3"), vlan_aware=True, vlans=(10, 20))
    links = network(cables, sw=[bridge, *ports, face("br0.20", "10.0.20.1/24", kind="vlan", parent="br0", vlan_id=20)])
    assert links.across("a", "eth1") == (("c", "eth1"),)
    assert links.across("b", "eth1") == (("sw", "br0.20"),)


def test_a_trunk_carries_vlans_to_the_interfaces_of_their_tags() -> None:
    cables = [cable("router:eth1", "sw:p1"), cable("a:eth1", "sw:p2"), cable("b:eth1", "sw:p3")]
    bridge = face("br0", kind="bridge", members=("p1", "p2", "p3"), vlan_aware=True, vlans=(10, 20))
    ports = [face("p2", access_vlan=10), face("p3", access_vlan=20)]
    vlans = [face(f"eth1.{tag}", kind="vlan", parent="eth1", vlan_id=tag) for tag in (10, 20)]
    links = network(cables, sw=[bridge, *ports], router=vlans)
    assert links.across("a", "eth1") == (("router", "eth1.10"),)
    assert links.across("b", "eth1") == (("router", "eth1.20"),)


def test_a_bond_is_up_while_one_of_its_members_is() -> None:
    cables = [cable("a:eth1", "b:eth1"), cable("a:eth2", "b:eth2")]
    bond = face("bond0", kind="bond", members=("eth1", "eth2"))
    links = network(cables, a=[bond], b=[bond])
    assert links.across("a", "bond0") == (("b", "bond0"),)
    assert links.without(cables[0]).across("a", "bond0") == (("b", "bond0"),)
    assert links.without(*cables).across("a", "bond0") == ()


def test_pulling_a_cable_is_the_same_as_solving_without_it() -> None:
    cables = [cable("a:eth1", "sw:p1"), cable("b:eth1", "sw:p2"), cable("c:eth1", "sw:p3"), cable("a:eth2", "c:eth2")]
    nodes = {"sw": [face("br0", kind="bridge", members=("p1", "p2", "p3"))]}
    links = network(cables, **nodes)
    for pulled in cables:
        less, fresh = links.without(pulled), solve_links(links.topology.without(pulled), links.devices)
        assert less.faces == fresh.faces
        ends = [each.end for faces in fresh.faces.values() for each in faces.values()]
        assert [less.across(*end) for end in ends] == [fresh.across(*end) for end in ends]


def test_a_host_address_connects_to_nothing_in_ipv4_and_to_itself_in_ipv6() -> None:
    links = network(
        [cable("a:eth1", "b:eth1")], a=[face("eth1", "10.0.0.1/32", "2001:db8::1/128", "10.1.0.1/24", "10.1.0.2/24")]
    )
    assert [(str(each.prefix), str(each.source), each.metric) for each in links.connected("a")] == [
        ("10.1.0.0/24", "10.1.0.1", 0),
        ("2001:db8::1/128", "None", 256),
    ]


def test_linux_answers_arp_for_any_address_of_its_own_unless_arp_ignore_says_otherwise() -> None:
    cables = [cable("a:eth1", "b:eth1")]
    own = [face("lo", "192.0.2.1/32"), face("eth1", "10.0.0.2/24")]
    address = parse_address("192.0.2.1")
    assert network(cables, b=own).answering("a", "eth1", address) == (("b", "eth1"),)
    strict = network(cables, {"b": {"net.ipv4.conf.all.arp_ignore": "1"}}, b=own)
    assert strict.answering("a", "eth1", address) == ()
    assert strict.answering("a", "eth1", parse_address("10.0.0.2")) == (("b", "eth1"),)


def test_proxy_arp_answers_for_what_leaves_by_another_interface() -> None:
    proxying = {"net.ipv4.conf.all.forwarding": "1", "net.ipv4.conf.eth1.proxy_arp": "1"}
    links = network([cable("guest:eth0", "compute:eth1")], {"compute": proxying})
    gateway = parse_address("169.254.1.1")
    assert links.answering("guest", "eth0", gateway, lambda node, _: ("eth9",)) == (("compute", "eth1"),)
    assert links.answering("guest", "eth0", gateway, lambda node, _: ("eth1",)) == ()


def test_an_address_owned_twice_on_one_segment_is_found() -> None:
    cables = [cable("a:eth1", "sw:p1"), cable("b:eth1", "sw:p2")]
    bridge = face("br0", kind="bridge", members=("p1", "p2"))
    links = network(cables, sw=[bridge], a=[face("eth1", "10.0.0.1/24")], b=[face("eth1", "10.0.0.1/24")])
    assert [each.kind for each in links.neighbours.findings()] == ["duplicate"]
    apart = network(cables, a=[face("eth1", "10.0.0.1/24")], b=[face("eth1", "10.0.0.1/24")])
    assert not list(apart.neighbours.findings())


def test_the_management_network_is_a_segment_with_its_gateway() -> None:
    nodes = {name: Node(name, NodeKind.LINUX) for name in ("a", "b")}
    links = solve_links(Topology("drawn", Path("drawn.clab.yml"), nodes, ()), {})
    assert links.across("a", "eth0") == (("b", "eth0"), ("host", "br-mgmt"))
    assert links.answering("a", "eth0", parse_address("172.20.20.1")) == (("host", "br-mgmt"),)


def test_a_solved_network_tells_whose_next_hop_is_nobodys() -> None:
    where, nobody = Place("script", 3), parse_address("10.0.0.9")
    via = StaticRoute(parse_prefix("0.0.0.0/0"), nobody, "eth1", protocol="boot", place=where)
    cables = [cable("a:eth1", "b:eth1")]
    links = network(cables, a=[face("eth1", "10.0.0.1/24")], b=[face("eth1", "10.0.0.2/24")])
    devices = {**links.devices, "a": replace(links.devices["a"], statics=(via,))}
    found = solve(links.topology, devices).findings
    assert [(each.place, each.kind) for each in found] == [(where, "unowned")]
