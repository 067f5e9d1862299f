"""Packet filters as values: what netfilter does with one packet at one hook."""

import random

from paper_network import iptables

from sim.address import parse_address
from sim.filters import PacketFilter, Point, State
from sim.filters.compiled import Compiled
from sim.filters.matches import Bits, Either, Match, Named, OneOf, Within, all_hold
from sim.filters.model import Chain, Hook, Rule, Table
from sim.filters.packet import Packet, first_packet
from sim.filters.ranges import complement, intersection, ranges


def packet(protocol: int = 6, dport: int = 22, incoming: str = "eth0", source: str = "10.0.0.2") -> Packet:
    made = first_packet(parse_address(source), parse_address("10.0.0.1"), protocol, 40000, dport)
    return made._replace(incoming=incoming)


def accepted(rules: PacketFilter, each: Packet, point: Point = Point.INPUT) -> bool:
    return rules.ask(point, each).passed


def test_the_first_terminating_rule_decides() -> None:
    rules = iptables("""
        -A INPUT -p tcp --dport 22 -j ACCEPT
        -A INPUT -p tcp --dport 22 -j DROP
        -A INPUT -j LOG
        -A INPUT -p tcp -j DROP
    """)
    assert accepted(rules, packet())
    assert rules.ask(Point.INPUT, packet(dport=23)).why == "iptables filter: -A INPUT -p tcp -j DROP (fw:5)"


def test_a_user_chain_that_does_not_decide_returns_to_its_caller() -> None:
    rules = iptables("""
        :INPUT DROP
        :ssh -
        -A INPUT -p tcp -j ssh
        -A INPUT -i eth0 -j ACCEPT
        -A ssh -s 10.9.0.0/16 -j DROP
        -A ssh -i eth1 -j RETURN
    """)
    assert accepted(rules, packet())
    assert not accepted(rules, packet(incoming="eth1"))
    assert not accepted(rules, packet(source="10.9.0.1"))


def test_goto_does_not_come_back_to_the_chain_it_left() -> None:
    rules = iptables("""
        :INPUT DROP
        :a -
        -A INPUT -g a
        -A INPUT -j ACCEPT
        -A a -p udp -j ACCEPT
    """)
    assert accepted(rules, packet(17))
    assert not accepted(rules, packet())


def test_raw_sees_no_connection_and_notrack_keeps_one_from_being_tracked() -> None:
    rules = iptables("""
        *raw
        -A PREROUTING -m state --state NEW -j DROP
        -A PREROUTING -p udp -j CT --notrack
        *mangle
        -A PREROUTING -m state --state UNTRACKED -j DROP
    """)
    assert accepted(rules, packet(), Point.PREROUTING)
    assert not accepted(rules, packet(17), Point.PREROUTING)
    assert rules.ask(Point.PREROUTING, packet()).packet.state == State.NEW


def test_a_mark_set_in_mangle_is_seen_in_filter() -> None:
    rules = iptables("""
        *mangle
        -A INPUT -p tcp -j MARK --set-mark 0x10
        *filter
        -A INPUT -m mark --mark 0x10/0x10 -j DROP
    """)
    assert not accepted(rules, packet())
    assert accepted(rules, packet(17))


def test_a_mark_set_within_a_chain_counts_for_its_later_rules_alone() -> None:
    rules = iptables("""
        *mangle
        -A INPUT -m mark --mark 1 -j DROP
        -A INPUT -p tcp -j MARK --set-mark 1
        -A INPUT -p tcp --dport 23 -m mark --mark 1 -j DROP
    """)
    assert accepted(rules, packet())
    assert not accepted(rules, packet(dport=23))


def test_an_accept_in_one_base_chain_does_not_overrule_a_drop_in_another() -> None:
    tables = []
    for name, priority, verb in (("early", -10, "accept"), ("late", 10, "drop")):
        hook = Hook(Point.INPUT, priority, drops=verb == "drop")
        tables.append(Table("nft", "inet", name, {"in": Chain("in", (), hook)}))
    verdict = PacketFilter(tuple(tables)).ask(Point.INPUT, packet())
    assert verdict.why == "nft inet late: policy of chain in drop"


def test_ports_matches_either_port_of_a_packet() -> None:
    rules = iptables("-A INPUT -p tcp -m multiport --ports 22,40000 -j DROP")
    assert not accepted(rules, packet(dport=22))
    assert not accepted(rules, packet(dport=23))
    assert accepted(iptables("-A INPUT -p tcp -m multiport --ports 24:39999 -j DROP"), packet(dport=23))


def test_a_plus_ends_a_beginning_of_names_and_negation_excludes() -> None:
    rules = iptables("-A INPUT ! -i tap+ -j DROP")
    assert accepted(rules, packet(incoming="tap0"))
    assert not accepted(rules, packet(incoming="eth0"))
    assert not accepted(iptables("-A INPUT ! -s 10.1.0.0/16 -j DROP"), packet())


def test_a_doubt_that_changes_nothing_is_none() -> None:
    sure = iptables("""
        -A INPUT -m recent --name x --rcheck -j ACCEPT
        -A INPUT -j ACCEPT
    """)
    assert sure.ask(Point.INPUT, packet()).unsure == ()
    doubtful = iptables("""
        :INPUT DROP
        -A INPUT -m recent --name x --rcheck -j ACCEPT
    """).ask(Point.INPUT, packet())
    assert not doubtful.passed
    assert [str(note.place) for note in doubtful.unsure] == ["fw:3"]


# --- the decision structure says what the rules say, one by one


def _any_match(chance: random.Random) -> Match:
    field = chance.choice(["source", "dport", "sport", "protocol", "icmp_type", "mark"])
    low = chance.randrange(30)
    spans = ranges([(low, low + chance.randrange(12)), (chance.randrange(30), 35)][: chance.randrange(1, 3)])
    kind = chance.randrange(8)
    if kind == 0:
        return Named("incoming", (chance.choice(["eth0", "eth*", "tap1"]),), chance.random() < 0.5)
    if kind == 1:
        return Bits("mark", chance.randrange(8), chance.randrange(8), chance.random() < 0.5)
    if kind == 2:
        return Either(((Within("dport", spans),), (Within("sport", spans),)), chance.random() < 0.5)
    if kind == 3:
        return OneOf(("source", "dport"), ((spans, ranges([(low, 40)])),), chance.random() < 0.5)
    return Within(field, complement(spans) if chance.random() < 0.3 else spans)


def _any_packet(chance: random.Random) -> Packet:
    ports = chance.random() < 0.8
    return Packet(
        source=chance.randrange(40),
        destination=1,
        protocol=chance.randrange(20),
        sport=chance.randrange(40) if ports else None,
        dport=chance.randrange(40) if ports else None,
        icmp_type=None if ports else chance.randrange(12),
        incoming=chance.choice(["eth0", "eth1", "tap1", ""]),
        mark=chance.randrange(8),
    )


def test_the_compiled_chain_finds_exactly_the_rules_that_match() -> None:
    chance = random.Random(8)
    for _ in range(60):
        rules = [Rule(str(n), tuple(_any_match(chance) for _ in range(chance.randrange(4)))) for n in range(40)]
        compiled = Compiled(rules)
        for each in (_any_packet(chance) for _ in range(40)):
            plain = [n for n, rule in enumerate(rules) if all_hold(rule.matches, each)]
            assert [n for n, _ in compiled.matching(each)] == plain


def test_ranges_are_sets() -> None:
    assert ranges([(5, 9), (1, 4), (20, 30), (25, 26)]) == ((1, 9), (20, 30))
    assert complement(complement(((1, 9), (20, 30)))) == ((1, 9), (20, 30))
    assert intersection(((1, 9), (20, 30)), ((8, 22),)) == ((8, 9), (20, 22))
