"""nftables' language: rules as written -> as `nft list ruleset` prints them; what nft refuses, with its line.

test_nftables_referee.py asks the real nft for the same.
"""

import pytest
from nft_lines import PRINTED, REFUSED, Case

from sim.address import parse_address
from sim.device import Device
from sim.devices import parse_files
from sim.errors import ConfigError
from sim.filters import Packet, Point, State
from sim.filters.packet import first_packet
from sim.filters.text import filter_rules
from sim.topology.model import Kind, Node

CONF = "/etc/nftables.conf"


def read(text: str, **includes: str) -> Device:
    files = {CONF: text} | {f"/etc/nftables.d/{name}.nft": each for name, each in includes.items()}
    return parse_files(Node("n1", Kind.LINUX), files)


def packet(dport: int = 22, source: str = "10.0.0.1", incoming: str = "eth0", **facts: object) -> Packet:
    made = first_packet(parse_address(source), parse_address("10.0.0.9"), 6, 40000, dport)
    return made._replace(incoming=incoming, **facts)


def passes(device: Device, each: Packet, point: Point = Point.INPUT) -> bool:
    return device.filter.ask(point, each).passed


def base(rules: str, policy: str = "accept", more: str = "") -> Device:
    return read(
        f"table inet fw {{\n{more}\nchain in {{\ntype filter hook input priority 0; policy {policy};\n{rules}\n}}\n}}\n"
    )


@pytest.mark.parametrize("case", PRINTED, ids=lambda case: f"{case.family} {case.rule}")
def test_a_rule_is_printed_as_nft_lists_it(case: Case) -> None:
    assert filter_rules(read(case.text).filter.tables)[-1].text == case.printed


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case.family} {case.rule}")
def test_a_rule_that_nft_refuses_is_refused_at_its_line(case: Case) -> None:
    with pytest.raises(ConfigError) as refused:
        read(case.text)
    assert str(refused.value.place).endswith(f"{CONF}:6")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("tabel inet fw {\n}\n", 1, "unexpected tabel"),
        ("table inet fw {\nchain in { accept }\n}\n", 2, "expecting newline or semicolon"),
        ("table inet fw {\nchain in {\ntype filter hook inptu priority 0;\n}\n}\n", 3, "unknown chain hook"),
        ("table inet fw {\nchain in {\ntype fliter hook input priority 0;\n}\n}\n", 3, "unknown chain type"),
        ("table inet fw {\nchain in {\ntype filter hook input priority low;\n}\n}\n", 3, "no such priority"),
        ("table inet fw {\nchain in {\ntype nat hook forward priority 0;\n}\n}\n", 3, "Operation not supported"),
        ("table inet fw {\nchain c {\naccept\n", 3, "unexpected end of file"),
        ('include "/etc/nowhere.nft"\n', 1, "No such file"),
        ("add rule inet fw in accept\n", 1, "there is no table"),
        ("table inet fw {\n}\nadd rule inet fw in accept\n", 3, "there is no chain"),
        ("flush table inet fw\n", 1, "No such file"),
    ],
)
def test_a_file_that_nft_refuses_is_refused_at_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        read(text)
    assert str(refused.value.place).endswith(f"{CONF}:{line}")


def test_variables_includes_and_later_commands_make_one_ruleset() -> None:
    device = read(
        'flush ruleset\ninclude "/etc/nftables.d/*.nft"\ndefine PORTS = { 22, 80 }\n'
        "add rule inet fw in tcp dport $PORTS accept\ninsert rule inet fw in ip saddr 10.9.9.9 drop\n"
        "add element inet fw bad { 10.0.0.0/24 }\n",
        a="table inet fw {\nset bad { type ipv4_addr; flags interval; }\nchain in {\n"
        "type filter hook input priority filter; policy drop;\nip saddr @bad drop\n}\n}\n",
    )
    texts = [rule.text for rule in filter_rules(device.filter.tables)]
    assert texts == [
        "type filter hook input priority filter; policy drop;",
        "ip saddr 10.9.9.9 drop",
        "ip saddr @bad drop",
        "tcp dport { 22, 80 } accept",
    ]
    assert not passes(device, packet(source="10.0.0.5"))
    assert passes(device, packet(source="10.0.1.5"))


def test_a_verdict_map_decides_by_the_element_that_holds() -> None:
    device = base("tcp dport vmap { 22 : accept, 80 : jump web, 443 : drop }", "drop", "chain web {\naccept\n}")
    assert [passes(device, packet(port)) for port in (22, 80, 443, 25)] == [True, True, False, False]


def test_states_in_a_list_are_alternatives_and_tcp_flags_are_bits() -> None:
    stateful = base("ct state established,related accept", "drop")
    assert not passes(stateful, packet())
    assert passes(stateful, packet(state=State.RELATED))
    syn = base("tcp flags syn / fin,syn,rst,ack drop")
    assert not passes(syn, packet())
    assert passes(syn, packet(tcp_flags=0x12))
    assert not passes(base("tcp flags { syn } drop"), packet(tcp_flags=0x12))


def test_a_rule_about_ipv4_lets_ipv6_alone_in_an_inet_table() -> None:
    device = base("ip saddr 0.0.0.0/0 drop")
    made = first_packet(parse_address("2001:db8::1"), parse_address("2001:db8::2"), 6, 1, 22)
    assert passes(device, made)
    assert not passes(device, packet())


def test_concatenations_ask_for_all_parts_and_interfaces_take_wildcards() -> None:
    device = base('iifname . tcp dport { "eth*" . 22, "lo" . 80 } accept', "drop")
    asked = [("eth5", 22), ("eth5", 80), ("lo", 80), ("lo", 22)]
    assert [passes(device, packet(port, incoming=name)) for name, port in asked] == [True, False, True, False]


def test_a_mark_that_a_rule_sets_is_seen_by_what_it_asks_next() -> None:
    device = base("tcp dport 22 meta mark set 0x5 meta mark 0x5 drop")
    assert not passes(device, packet())
    assert passes(device, packet(23))


def test_a_translation_map_gives_each_port_its_host() -> None:
    device = read(
        "table ip n {\nchain pre {\ntype nat hook prerouting priority dstnat;\n"
        "dnat to tcp dport map { 80 : 10.1.0.1, 443 : 10.1.0.2 }\n}\n}\n"
    )
    nat = device.filter.ask(Point.PREROUTING, packet(443)).nat
    assert nat is not None and nat.addresses == (parse_address("10.1.0.2").value,) * 2
    assert device.filter.ask(Point.PREROUTING, packet(22)).nat is None


def test_what_the_model_does_not_know_is_noted_and_makes_unsure() -> None:
    device = base("meta skuid 0 drop\nudp dport 53 accept")
    assert [(note.policy, note.text) for note in device.notes] == [(True, "meta skuid is not modelled")]
    assert device.filter.ask(Point.INPUT, packet()).unsure != ()


def test_native_tables_and_those_of_iptables_are_both_asked() -> None:
    node = Node("n1", Kind.LINUX)
    native = "table inet fw {\nchain in {\ntype filter hook input priority -5;\naccept\n}\n}\n"
    device = parse_files(node, {CONF: native, "/etc/sysconfig/iptables": "*filter\n-A INPUT -p tcp -j DROP\nCOMMIT\n"})
    assert not passes(device, packet())
