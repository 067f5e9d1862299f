"""What kernels and daemons really said, recorded, and what we read in it."""

import json
import os
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from harness import generations
from harness import netlink as wire
from harness.observers import bird, filters, frr, kernel, listeners, netlink
from sim.snapshot import FilterRule, Listener, NextHop, RouteType, Session

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> Any:
    text = (RECORDED / name).read_text()
    return json.loads(text) if name.endswith(".json") else text.splitlines()


def dumped(name: str) -> list[bytes]:
    return [bytes.fromhex(each) for each in recorded("rtnetlink.json")[name]]


# --- the kernel

LINKS = [netlink.link(body) for body in dumped("links")]
NAMES = {each.index: each.name for each in LINKS}


def routes(name: str, *, objects: bool = False) -> dict[str, Any]:
    nexthops = [netlink.nexthop(body) for body in dumped("nexthops")] if objects else []
    found = [netlink.route(body) for body in dumped(name)]
    return kernel.assemble(found, nexthops, NAMES, kernel.TABLES)


def test_an_interface_has_its_addresses_and_its_kind() -> None:
    faces = kernel.interfaces(LINKS, [netlink.address(body) for body in dumped("addresses")])
    assert set(faces) == {"lo", "e1", "e2", "dumb"}
    assert faces["e2"].addresses == ("10.2.0.1/30",)
    assert (faces["dumb"].device, faces["e1"].device, faces["lo"].device) == ("ifb", "veth", "")
    assert faces["e1"].up
    assert faces["e1"].mtu_bytes == 1500


@pytest.mark.parametrize(("dump", "objects"), [("routes4", False), ("routes4-by-number", True)])
def test_a_group_of_nexthop_objects_is_resolved_with_weights(dump: str, objects: bool) -> None:
    route = routes(dump, objects=objects)["main"]["198.51.100.0/24"]
    assert route.next_hops == (NextHop("10.1.0.2", "e1", 5), NextHop("10.9.0.7", "dumb", 1))


def test_routes_keep_their_types_gateways_and_tables() -> None:
    found = routes("routes4")
    assert found["main"]["10.0.0.0/8"].type is RouteType.BLACKHOLE
    assert found["main"]["192.0.2.0/24"].next_hops == (NextHop("fe80::7", "e1"),)  # RFC 8950
    assert found["main"]["10.2.0.0/30"].source == "10.2.0.1"
    assert found["240"]["0.0.0.0/0"].next_hops == (NextHop("10.1.0.2", "e1"),)
    assert "local" not in found


def test_link_local_prefixes_are_no_part_of_the_fib() -> None:
    assert not any(prefix.startswith(("fe80", "ff00")) for prefix in routes("routes6")["main"])


def test_policy_rules_speak_iproute2() -> None:
    found = [netlink.rule(body) for body in dumped("rules4") + dumped("rules6")]
    told = [
        (each.priority, each.selector, each.action, each.family) for each in kernel.policy_rules(found, {254: "main"})
    ]
    assert (32765, "from 10.9.0.0/24 fwmark 0x3 iif e1", "240", "ipv4") in told
    assert (32766, "from all", "main", "ipv4") in told
    assert (32765, "from all to 2001:db8::/32", "prohibit", "ipv6") in told


def route_message(flags: int, metric: int, hops: list[tuple[int, int]]) -> netlink.RouteMessage:
    told = tuple(netlink.HopMessage(None, index, 1, bool(dead)) for index, dead in hops)
    return netlink.RouteMessage("10.0.0.0/8", 254, 3, 1, metric, hops=told, flags=flags)


def test_a_dead_next_hop_is_not_in_the_fib() -> None:
    found = kernel.assemble([route_message(0, 0, [(1, 0), (2, 1)])], [], {1: "e1", 2: "e2"}, kernel.TABLES)
    assert found["main"]["10.0.0.0/8"].next_hops == (NextHop(None, "e1"),)
    dead = kernel.assemble([route_message(0, 0, [(2, 1)])], [], {2: "e2"}, kernel.TABLES)
    assert dead["main"] == {}


def test_of_two_routes_to_a_prefix_the_lower_metric_counts() -> None:
    both = [route_message(0, 20, [(1, 0)]), route_message(0, 5, [(2, 0)])]
    for order in (both, both[::-1]):
        found = kernel.assemble(order, [], {1: "e1", 2: "e2"}, kernel.TABLES)
        assert found["main"]["10.0.0.0/8"].next_hops == (NextHop(None, "e2"),)


@pytest.mark.parametrize(
    "datagram", [b"\0" * 7, struct.pack("=IHHII", 99, 1, 0, 0, 0), struct.pack("=IHHII", 3, 1, 0, 0, 0)]
)
def test_a_netlink_datagram_whose_lengths_lie_is_refused(datagram: bytes) -> None:
    with pytest.raises(ValueError, match="netlink"):
        list(wire.messages(datagram))


def test_an_attribute_whose_length_lies_is_refused() -> None:
    with pytest.raises(ValueError, match="attribute"):
        wire.attributes(struct.pack("=HH", 60, 1) + b"\0" * 8)


# --- FRR


def test_bgp_neighbours_that_are_asked_for_are_told_and_one_shut_down_is_not() -> None:
    found = {each.peer: each for each in frr.bgp_sessions(recorded("bgp-neighbors.json"))}
    assert set(found) == {"e2", "192.0.2.9"}
    assert found["e2"].up
    assert (found["e2"].interface, found["e2"].remote_as, found["e2"].local) == ("e2", 65002, "10.2.0.1")
    assert found["e2"].prefixes_received == 1
    assert (found["192.0.2.9"].up, found["192.0.2.9"].interface, found["192.0.2.9"].local) == (False, None, None)


def test_the_bgp_table_tells_prefixes_and_router_id() -> None:
    table = recorded("bgp-ipv4.json")
    assert list(frr.bgp_prefixes(table)) == ["10.2.0.0/30"]
    assert list(frr.bgp_router_ids(table)) == [("bgpd", "10.0.0.1")]


def test_ospf_is_spoken_where_it_is_neither_passive_nor_loopback() -> None:
    found = list(frr.ospf_adjacencies(recorded("ospf-interfaces.json"), recorded("ospf-neighbors.json")))
    assert [each.interface for each in found] == ["e2"]
    assert [(each.peer, each.state, each.up) for each in found[0].sessions] == [("10.2.0.2", "Full/-", True)]


def test_ospfv3_is_spoken_where_the_configuration_does_not_say_passive() -> None:
    passive = frr.ospf6_passive("interface e1\n ipv6 ospf6 area 0\n ipv6 ospf6 passive\n!\ninterface e2\n")
    found = list(frr.ospf6_adjacencies(recorded("ospf6-interfaces.json"), recorded("ospf6-neighbors.json"), passive))
    assert [each.interface for each in found] == ["e2"]
    assert found[0].sessions[0].up


@pytest.mark.parametrize(
    ("state", "own", "up"),
    [
        ("Full/DR", "Backup", True),
        ("Full/-", "Point-To-Point", True),
        ("2-Way/DROther", "DROther", True),
        ("2-Way/DROther", "Waiting", False),
        ("ExStart/DR", "Backup", False),
        ("Init/DROther", "DROther", False),
    ],
)
def test_an_ospf_neighbour_is_up_when_full_or_2way_between_drothers(state: str, own: str, up: bool) -> None:
    assert frr.adjacent(state, own) is up


def test_bfd_peers_of_frr() -> None:
    found = list(frr.bfd_sessions(recorded("bfd-peers.json")))
    assert [(each.peer, each.state, each.up, each.interface) for each in found] == [("10.2.0.2", "Up", True, "e2")]


def test_the_daemons_file_switches_daemons_on() -> None:
    text = '# comment\nbgpd=yes\nospfd=no\nbfdd="yes"\nzebra=yes # always\n#isisd=yes\nbgpd_options="-A ::1"\n'
    assert frr.enabled(text) == ["bgpd", "bfdd", "zebra"]


TEN = recorded("frr-10.3.json")  # by command, as router 1 of three answered: eth1 to router 2, eth3 to router 3


def test_frr_10_tells_its_bgp_neighbours_and_prefixes() -> None:
    found = {each.peer: each for each in frr.bgp_sessions(TEN["show bgp vrf all neighbors json"])}
    assert {peer: (each.up, each.remote_as, each.local) for peer, each in found.items()} == {
        "10.1.12.2": (True, 65002, "10.1.12.1"),
        "10.1.13.6": (True, 65003, "10.1.13.5"),
    }
    assert found["10.1.12.2"].prefixes_received == 2
    table = TEN["show bgp vrf all ipv4 unicast json"]
    assert list(frr.bgp_router_ids(table)) == [("bgpd", "10.0.0.1")]
    assert "198.51.100.3/32" in list(frr.bgp_prefixes(table))


def test_frr_10_tells_its_ospf_neighbours() -> None:
    faces, neighbors = TEN["show ip ospf vrf all interface json"], TEN["show ip ospf vrf all neighbor detail json"]
    (four,) = frr.ospf_adjacencies(faces, neighbors)
    assert [(each.peer, each.state, each.up) for each in four.sessions] == [("10.1.12.2", "Full/-", True)]
    faces, neighbors = TEN["show ipv6 ospf6 interface json"], TEN["show ipv6 ospf6 neighbor json"]
    (six,) = frr.ospf6_adjacencies(faces, neighbors, passive=())
    assert [(each.peer, each.up) for each in six.sessions] == [("10.0.0.2", True)]
    assert TEN["show ipv6 ospf6 json"]["routerId"] == "10.0.0.1"


def test_frr_10_tells_its_bfd_peers() -> None:
    found = frr.bfd_sessions(TEN["show bfd peers json"])
    assert sorted((each.peer, each.up) for each in found) == [("10.1.12.2", True), ("10.1.13.6", True)]


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (TEN["show version"], "10.3"),
        ("FRRouting 8.4.4 (leaf1) on Linux(6.1.0).\n", "8.4.4"),
        ("FRRouting 10.5.1-dev (leaf1) on Linux(6.1.0).\n", "10.5.1"),
        ("Quagga 1.2\n", None),
    ],
)
def test_zebra_says_which_frr_runs(answer: str, version: str | None) -> None:
    assert generations.version_in(answer) == version


# --- BIRD


def test_bird_sessions() -> None:
    found = [bird.bgp_session(each) for each in bird.protocols(recorded("bird-protocols.txt")) if each.kind == "BGP"]
    up = Session("bgp", "10.4.0.2", "Established", True, 65535, "10.4.0.1", daemon="bird", prefixes_received=2)
    assert found == [up, Session("bgp", "192.0.2.77", "Active", False, 65535, daemon="bird")]


def test_bird_prefixes_by_origin() -> None:
    lines = recorded("bird-route.txt")
    assert bird.prefixes(lines, ["rr1"]) == {"10.4.0.0/24", "10.99.2.0/24"}
    assert bird.prefixes(lines) == {"10.4.0.0/24", "10.99.2.0/24", "10.5.0.0/24", "10.99.1.0/24"}


def test_bird_ospf_and_bfd_and_its_router_id() -> None:
    found = list(bird.ospf_adjacencies(recorded("bird-ospf-interface.txt"), recorded("bird-ospf-neighbors.txt")))
    assert [(each.interface, [s.peer for s in each.sessions]) for each in found] == [("e4", ["10.4.0.2"]), ("e5", [])]
    assert found[0].sessions[0].up
    assert [(each.peer, each.up) for each in bird.bfd_sessions(recorded("bird-bfd-sessions.txt"))] == [
        ("10.4.0.2", True)
    ]
    assert bird.router_id(recorded("bird-status.txt")) == {"bird": "10.4.0.1"}


@pytest.mark.parametrize(
    ("heard", "whole"),
    [
        (b"0001 BIRD 2.0.12 ready.\n", True),
        (b"1007-Table master4:\n 10.0.0.0/8 blackhole [s 1] * (200)\n0000 \n", True),
        (b"9001 syntax error\n", True),
        (b"1007-Table master4:\n", False),
        (b"1007-Table master4:\n0000 ", False),
        (b"1011-Router ID is 10.4.0.1\n0013 Daemon is up and running\n", True),
    ],
)
def test_the_end_of_birds_answer(heard: bytes, whole: bool) -> None:
    assert bird.is_whole(heard) is whole


# --- listeners and filters


def test_listeners() -> None:
    found = set(listeners.parse("\n".join(recorded("ss.txt"))))
    assert Listener("tcp", "0.0.0.0", 179, "bgpd") in found
    assert Listener("tcp", "::", 179, "bgpd") in found
    assert Listener("udp", "10.2.0.1", 49153, "bfdd") in found


def test_a_dual_stack_wildcard_listens_on_both_families() -> None:
    found = list(listeners.parse('tcp LISTEN 0 4096 *:2379 *:* users:(("etcd",pid=5,fd=9))'))
    assert found == [Listener("tcp", "0.0.0.0", 2379, "etcd"), Listener("tcp", "::", 2379, "etcd")]


def test_an_instrument_of_ours_is_no_listener_of_the_node() -> None:
    lines = [
        "udp UNCONN 0 0 0.0.0.0:49945 0.0.0.0:* ino:77 sk:1 <->",
        "tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:* ino:78 sk:2",
    ]
    assert [each.port for each in listeners.parse("\n".join(lines), {77})] == [22]
    with socket.socket() as ours:
        assert os.fstat(ours.fileno()).st_ino in listeners.own_sockets()


def test_a_line_that_is_no_listener_is_refused() -> None:
    with pytest.raises(ValueError, match="Cannot open"):
        list(listeners.parse("Cannot open netlink socket"))


def test_iptables_rules_with_counters() -> None:
    text = "*nat\n:POSTROUTING ACCEPT [0:0]\n[3:180] -A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n"
    assert list(filters.saved(text, "ipv4")) == [
        FilterRule("ipv4", "nat", "POSTROUTING", "-A POSTROUTING -o eth0 -j MASQUERADE", 3, 180)
    ]
    assert [each.chain for each in filters.saved("\n".join(recorded("iptables-save.txt")), "ipv4")] == ["INPUT"]


def test_nftables_rules_with_counters_and_wrapped_sets() -> None:
    text = """table inet guard {
\tset known {
\t\ttype ipv4_addr
\t\telements = { 10.0.0.1,
\t\t\t     10.0.0.2 }
\t}

\tchain in {
\t\ttype filter hook input priority filter; policy drop;
\t\ttcp dport { 22,
\t\t\t    80 } counter packets 4 bytes 240 accept
\t\tip saddr 10.0.0.0/8 drop
\t}
}
table ip filter {
\tchain INPUT {
\t\tcounter packets 1 bytes 2 drop
\t}
}
"""
    found = list(filters.listed(text, {(1, "guard")}))
    assert [(each.table, each.chain, each.text, each.packets) for each in found] == [
        ("inet guard", "in", "type filter hook input priority filter; policy drop;", 0),
        ("inet guard", "in", "tcp dport { 22, 80 } counter accept", 4),
        ("inet guard", "in", "ip saddr 10.0.0.0/8 drop", 0),
    ]
