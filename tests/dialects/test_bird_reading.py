"""What BIRD's configurations say: golden readings."""

from typing import TypeVar

import pytest
from bird_texts import COMPUTE, COMPUTE_BIRD1, REFLECTOR, TODAY, parsed

from sim.address import parse_address, parse_interface, parse_prefix
from sim.device import Device
from sim.device.bird import (
    BfdProtocol,
    BgpProtocol,
    BirdConfig,
    DirectProtocol,
    KernelProtocol,
    PipeProtocol,
    Protocol,
    StaticHop,
    StaticProtocol,
)
from sim.policies.bird import ALL, NONE
from sim.snapshot import RouteType

P = TypeVar("P", bound=Protocol)


def bird(device: Device) -> BirdConfig:
    assert device.bird is not None
    return device.bird


def only(device: Device, kind: type[P]) -> P:
    found = [each for each in bird(device).protocols if isinstance(each, kind)]
    assert len(found) == 1
    return found[0]


def test_a_compute_speaks_bgp_to_its_reflector() -> None:
    session = only(parsed(COMPUTE), BgpProtocol)
    assert session.name == "rr1_ipv4"
    assert session.local == parse_address("172.17.16.22")
    assert session.neighbour == parse_address("172.17.16.20")
    assert (session.local_as, session.remote_as, session.multihop) == (65535, 65535, 64)
    (channel,) = session.channels
    assert (channel.family, channel.table, channel.next_hop_self, channel.gateway) == (
        "ipv4",
        "master4",
        "all",
        "recursive",
    )
    assert channel.imports is ALL
    assert channel.exports.name == "export_bgp"


def test_bird_1_says_the_same_of_a_compute_as_bird_2() -> None:
    one, two = parsed(COMPUTE_BIRD1), parsed(COMPUTE)
    assert bird(one).syntax == 1
    assert bird(two).syntax == 2
    old, new = only(one, BgpProtocol), only(two, BgpProtocol)
    assert old == new
    assert only(one, KernelProtocol).channel == only(two, KernelProtocol).channel
    assert only(one, DirectProtocol).interfaces == only(two, DirectProtocol).interfaces
    assert [note.text for note in one.notes] == ["written for BIRD 1, which a lab with BIRD 2 refuses"]
    assert two.notes == ()


@pytest.mark.parametrize(
    ("interface", "taken"), [("dummy0", False), ("dummy1", True), ("eth0", True), ("tap0", False), ("br-mgmt", True)]
)
def test_the_first_pattern_that_fits_decides_over_an_interface(interface: str, taken: bool) -> None:
    assert only(parsed(COMPUTE), DirectProtocol).takes(interface, parse_interface("10.0.0.1/24")) is taken


def test_direct_without_patterns_takes_every_interface() -> None:
    assert only(parsed("protocol direct { ipv4; }"), DirectProtocol).takes("any", parse_interface("10.0.0.1/24"))


def test_a_pattern_may_ask_for_a_network_too() -> None:
    direct = only(parsed('protocol direct { ipv4; interface "eth*" 10.0.0.0/8; }'), DirectProtocol)
    assert direct.takes("eth0", parse_interface("10.1.1.1/24"))
    assert not direct.takes("eth0", parse_interface("192.0.2.1/24"))


def test_clients_take_everything_over_from_their_template() -> None:
    clients = [each for each in bird(parsed(REFLECTOR)).protocols if isinstance(each, BgpProtocol)]
    assert [client.name for client in clients] == ["l1_ipv4", "c1_ipv4"]
    assert all(client.rr_client and client.multihop == 64 and client.channels[0].exports is ALL for client in clients)
    assert str(clients[0].neighbour) == "172.17.16.1"


def test_a_compute_of_today_keeps_a_private_table_with_merged_paths() -> None:
    device = parsed(TODAY)
    main, private = (each for each in bird(device).protocols if isinstance(each, KernelProtocol))
    assert (main.channel.table, main.kernel_table, main.merge_paths) == ("master4", 254, 16)
    assert (private.channel.table, private.kernel_table, private.persist) == ("private4", 240, False)
    pipe = only(device, PipeProtocol)
    assert (pipe.channel.table, pipe.peer_table, pipe.channel.exports.name) == ("master4", "private4", "to_kernel4")
    assert [str(peer) for peer, _, _ in only(device, BfdProtocol).neighbours] == ["172.18.6.1", "fd00::6:1"]
    assert dict(bird(device).tables) == {"master4": "ipv4", "master6": "ipv6", "private4": "ipv4"}


def test_included_files_are_read_in_the_order_of_their_names() -> None:
    device = parsed(
        'include "bird.conf.d/*.conf";\ninclude "/etc/bird/one.conf";\n',
        one="protocol device {}",
        **{"bird.conf.d__b": "protocol bgp b from t { neighbor 10.0.0.2 as 1; }"},
        **{"bird.conf.d__a": "template bgp t { local as 1; ipv4; }"},
    )
    assert only(device, BgpProtocol).name == "b"


def test_a_glob_that_nothing_matches_includes_nothing() -> None:
    assert bird(parsed('include "none/*.conf";\nprotocol device {}')).protocols[0].name == "device1"


def test_static_routes_of_every_form() -> None:
    static = only(
        parsed(
            """protocol static {
  ipv4;
  route 10.0.0.0/8 via 192.0.2.1 weight 3 via 192.0.2.2%eth1 onlink;
  route 10.1.0.0/16 via "eth0" { krt_metric = 7; };
  route 10.2.0.0/16 recursive 192.0.2.9;
  route 10.3.0.0/16 blackhole;
  route 10.4.0.0/16 unreachable;
  route 10.5.0.0/16 prohibit;
}"""
        ),
        StaticProtocol,
    )
    ecmp, device, recursive, *others = static.routes
    assert ecmp.hops == (
        StaticHop(parse_address("192.0.2.1"), None, 3),
        StaticHop(parse_address("192.0.2.2"), "eth1", 1, True),
    )
    assert device.hops == (StaticHop(None, "eth0"),)
    assert device.policy is not None
    assert recursive.recursive == parse_address("192.0.2.9")
    assert [route.type for route in others] == [RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT]
    assert [route.place.line for route in static.routes if route.place] == [3, 4, 5, 6, 7, 8]


def test_every_option_of_a_session_is_read() -> None:
    session = only(
        parsed(
            """protocol bgp up {
  local 192.0.2.1 port 1179 as 65001;
  neighbor 192.0.2.2 as 65002;
  rr cluster id 10.0.0.9; passive; password "secret"; bfd { interval 1 s; }; direct;
  allow local as 2; allow bgp_local_pref; default bgp_med 5; default bgp_local_pref 50; prefer older; path metric off;
  med metric; deterministic med on; enforce first as; ttl security; interpret communities no;
  hold time 90; connect retry time 5; error wait time 2, 10;
  ipv4 {
    import limit 10 action block; receive limit 20; export limit 3 action warn;
    import where bgp_path ~ [= 65002 * =]; export filter { if net ~ [ 10.0.0.0/8{16,24} ] then accept; reject; };
    next hop self ebgp; add paths tx; gateway recursive; extended next hop; preference 120; cost 3;
    import keep filtered;
  };
}"""
        ),
        BgpProtocol,
    )
    assert (session.rr_cluster_id, session.passive, session.bfd, session.multihop) == (0x0A000009, True, True, None)
    assert session.password_digest is not None
    assert "secret" not in session.password_digest
    assert (session.allow_local_as, session.allow_local_pref, session.default_med) == (2, True, 5)
    assert (session.default_local_pref, session.prefer_older, session.path_metric) == (50, True, False)
    assert (session.med_metric, session.deterministic_med, session.enforce_first_as) == (True, True, True)
    (channel,) = session.channels
    assert (channel.next_hop_self, channel.add_paths_tx, channel.add_paths_rx, channel.gateway) == (
        "ebgp",
        True,
        False,
        "recursive",
    )
    assert channel.import_limit is not None
    assert (channel.import_limit.routes, channel.import_limit.action) == (10, "block")
    assert (channel.preference, channel.cost, channel.keep_filtered) == (120, 3, True)


def test_an_internal_session_is_multihop_and_exports_nothing_unless_it_says_so() -> None:
    session = only(parsed("protocol bgp { local as 1; neighbor 10.0.0.2 as 1; ipv4; }"), BgpProtocol)
    assert (session.name, session.multihop, session.channels[0].gateway) == ("bgp1", 64, "recursive")
    assert (session.channels[0].imports, session.channels[0].exports) == (ALL, NONE)


def test_an_external_session_is_direct() -> None:
    text = "protocol bgp { local as 1; neighbor 10.0.0.2 as 2; ipv4 { import all; export none; }; }"
    session = only(parsed(text), BgpProtocol)
    assert (session.multihop, session.channels[0].gateway) == (None, "direct")


def test_constants_stand_for_what_they_were_defined_as() -> None:
    text = """define LOCAL = 10.0.0.1; define AS = 64500 + 1; define NET = 10.0.0.0/8;
protocol bgp { local LOCAL as AS; neighbor 10.0.0.2 as AS; ipv4; }
protocol static { ipv4; route NET blackhole; }"""
    device = parsed(text)
    assert only(device, BgpProtocol).local_as == 64501
    assert only(device, StaticProtocol).routes[0].prefix == parse_prefix("10.0.0.0/8")


def test_names_that_nothing_uses_are_found() -> None:
    text = """filter spare { accept; }
template bgp lonely { local as 1; }
define X = 1;
function f() { return 1; }
ipv4 table t;
protocol device { }
"""
    found = parsed(text).findings
    assert {(finding.kind, finding.place.line) for finding in found} == {("unused", line) for line in range(1, 6)}


def test_what_is_not_modelled_is_noted_where_it_stands() -> None:
    text = """protocol ospf v2 o {
  ipv4 { import all; };
  area 0 { interface "eth*" { cost 3; }; };
}
roa4 table r;
filter f { if roa_check(r, net, bgp_path.last) = ROA_INVALID then reject; accept; }
protocol bgp { local as 1; neighbor 10.0.0.2 as 1; vrf "red"; ipv4 { import filter f; }; }
"""
    device = parsed(text)
    assert [(note.place.line, note.text) for note in device.notes if not isinstance(note.place, str)] == [
        (1, "protocol ospf of BIRD is not modelled"),
        (5, "a table of roa4 is not modelled"),
        (6, "'roa_check' is not modelled"),
        (7, "'vrf' is not modelled"),
    ]
    assert all(note.policy and note.node == "n1" for note in device.notes)
    session = only(device, BgpProtocol)
    assert [place.line for place in session.channels[0].imports.unmodelled] == [6]
    assert [place.line for place in session.unmodelled] == [7]
    assert device.understood["/etc/bird/bird.conf"].lines == 7
    assert device.understood["/etc/bird/bird.conf"].known == 3


def test_bird6_is_a_second_instance_with_its_own_router_id() -> None:
    one = "router id 10.0.0.1;\nprotocol bgp a { local as 1; neighbor 10.0.0.2 as 1; import all; export all; }"
    six = "router id 10.0.0.6;\nprotocol bgp a { local as 1; neighbor fd00::2 as 1; import all; export all; }"
    old, new = (each for each in bird(parsed(one, bird6=six)).protocols if isinstance(each, BgpProtocol))
    assert (old.name, old.channels[0].table) == ("a", "master4")
    assert (new.name, new.channels[0].table, str(new.router_id)) == ("bird6.a", "master6", "10.0.0.6")
