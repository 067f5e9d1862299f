"""In which order netfilter asks base chains. Each ruleset here was put to Linux 6.18 (nft counters, 2026-11-25)."""

from sim.address import parse_address
from sim.devices import parse_files
from sim.filters import PacketFilter, Point, State
from sim.filters.packet import Packet, first_packet
from sim.routing.listening import listeners_of
from sim.topology.model import Kind, Node


def nft(text: str) -> PacketFilter:
    return parse_files(Node("n1", Kind.LINUX), {"/etc/nftables.conf": text}).filter


def ping(to: str = "127.0.0.9") -> Packet:
    return first_packet(parse_address("127.0.0.1"), parse_address(to), 1)


def table(name: str, hook: str, rule: str) -> str:
    return f"table inet {name} {{\nchain o {{\ntype {hook};\n{rule}\n}}\n}}\n"


def test_of_two_chains_with_one_priority_the_later_one_is_asked_first() -> None:
    both = nft(
        table("a", "filter hook output priority 0", "drop") + table("b", "filter hook output priority 0", "drop")
    )
    assert both.ask(Point.OUTPUT, ping()).why.startswith("nft inet b: ")


def test_a_lower_priority_is_asked_first_whatever_was_loaded_first() -> None:
    both = nft(
        table("a", "filter hook output priority -5", "drop") + table("b", "filter hook output priority 5", "drop")
    )
    assert both.ask(Point.OUTPUT, ping()).why.startswith("nft inet a: ")


def test_translation_happens_at_its_own_priority_and_the_lower_of_two_nat_chains_translates() -> None:
    rules = nft(
        table("n", "nat hook output priority 50", "ip daddr 127.0.0.9 dnat ip to 127.0.0.1")
        + table("m", "nat hook output priority -150", "ip daddr 127.0.0.9 dnat ip to 127.0.0.2")
    )
    nat = rules.ask(Point.OUTPUT, ping()).nat
    assert nat is not None and nat.addresses == (parse_address("127.0.0.2").value,) * 2


def test_before_connection_tracking_every_packet_is_invalid_and_new_behind_it() -> None:
    early = nft(table("f", "filter hook output priority -300", "ct state new drop"))
    late = nft(table("f", "filter hook output priority 0", "ct state new drop"))
    invalid = nft(table("f", "filter hook output priority -300", "ct state invalid drop"))
    assert [each.ask(Point.OUTPUT, ping()).passed for each in (early, late, invalid)] == [True, False, False]
    assert early.ask(Point.OUTPUT, ping()).packet.state == State.NEW


def test_daemons_listen_where_frr_and_bird_do() -> None:
    frr = parse_files(
        Node("r1", Kind.FRR),
        {
            "/etc/frr/daemons": "bgpd=yes\n",
            "/etc/frr/frr.conf": "router bgp 65001\n neighbor 10.0.0.2 remote-as 65002\n",
        },
    )
    told = {(each.protocol, each.address, each.port) for each in listeners_of(frr)}
    assert {("tcp", "0.0.0.0", 179), ("tcp", "::", 179), ("tcp", "127.0.0.1", 2605)} <= told
    session = "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1; ipv4 { }; }"
    bird = parse_files(
        Node("c1", Kind.LINUX),
        {"/etc/bird/bird.conf": f"router id 10.0.0.1;\n{session}\n"},
    )
    assert [(each.address, each.port) for each in listeners_of(bird)] == [("0.0.0.0", 179)]
