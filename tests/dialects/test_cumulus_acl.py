"""Cumulus' policy.d: variables, sections and lists of interfaces -> the tables that cl-acltool would install."""

import pytest

from sim.address import parse_address
from sim.device import Device
from sim.devices import parse_files
from sim.errors import ConfigError
from sim.filters import Point
from sim.filters.packet import first_packet
from sim.filters.text import filter_rules
from sim.topology.model import Kind, Node

FOLDER = "/etc/cumulus/acl/policy.d"
CONTROL = """\
INGRESS_CHAIN = INPUT
INGRESS_INTF = swp+
PEERS = "10.0.0.0/24"

[iptables]
-A $INGRESS_CHAIN -i $INGRESS_INTF -s ${PEERS} -p tcp --dport 179 -j ACCEPT
-A $INGRESS_CHAIN -i swp1,swp2 -p tcp --dport 179 -j DROP
-t mangle -A PREROUTING -i swp1 -j MARK --set-mark 1
[ip6tables]
-A $INGRESS_CHAIN -p tcp -m multiport --dports 22,179 -j DROP
"""


def read(**files: str) -> Device:
    texts = {f"{FOLDER}/{name}.rules": text for name, text in files.items() if name != "policy"}
    texts |= {"/etc/cumulus/acl/policy.conf": files["policy"]} if "policy" in files else {}
    return parse_files(Node("leaf", Kind.CUMULUS), texts)


def texts(device: Device) -> list[str]:
    return [f"{rule.family} {rule.table} {rule.text}" for rule in filter_rules(device.filter.tables)]


def test_variables_and_lists_of_interfaces_become_rules() -> None:
    assert texts(read(control=CONTROL)) == [
        "ipv4 filter -A INPUT -s 10.0.0.0/24 -i swp+ -p tcp -m tcp --dport 179 -j ACCEPT",
        "ipv4 filter -A INPUT -i swp1 -p tcp -m tcp --dport 179 -j DROP",
        "ipv4 filter -A INPUT -i swp2 -p tcp -m tcp --dport 179 -j DROP",
        "ipv4 mangle -A PREROUTING -i swp1 -j MARK --set-xmark 0x1/0xffffffff",
        "ipv6 filter -A INPUT -p tcp -m multiport --dports 22,179 -j DROP",
    ]


def test_a_line_for_several_chains_and_interfaces_is_a_rule_in_each() -> None:
    martians = "INGRESS_CHAIN = INPUT,FORWARD\n[iptables]\n-A $INGRESS_CHAIN -i swp1,swp2 -s 240.0.0.0/5 -j DROP\n"
    assert texts(read(control=martians)) == [
        "ipv4 filter -A INPUT -s 240.0.0.0/5 -i swp1 -j DROP",
        "ipv4 filter -A INPUT -s 240.0.0.0/5 -i swp2 -j DROP",
        "ipv4 filter -A FORWARD -s 240.0.0.0/5 -i swp1 -j DROP",
        "ipv4 filter -A FORWARD -s 240.0.0.0/5 -i swp2 -j DROP",
    ]


def test_a_denied_packet_is_told_the_line_of_the_rules_file() -> None:
    made = first_packet(parse_address("10.9.0.1"), parse_address("10.0.0.1"), 6, 40000, 179)
    packet = made._replace(incoming="swp2")
    verdict = read(control=CONTROL).filter.ask(Point.INPUT, packet)
    assert not verdict.passed
    assert verdict.why.endswith("/policy.d/control.rules:7)")


def test_files_are_installed_by_name_and_policy_conf_may_choose() -> None:
    files = {"b": "[iptables]\n-A INPUT -j DROP\n", "a": "[iptables]\n-A INPUT -j ACCEPT\n"}
    assert [text.split()[-1] for text in texts(read(**files))] == ["ACCEPT", "DROP"]
    chosen = read(policy="include /etc/cumulus/acl/policy.d/b.rules\n", **files)
    assert [text.split()[-1] for text in texts(chosen)] == ["DROP"]


def test_what_hardware_does_is_left_out_and_bridge_rules_make_unsure() -> None:
    device = read(a="[iptables]\n-A INPUT -j POLICE --set-rate 5\n[ebtables]\n-A INPUT -j DROP\n")
    assert [(note.policy, note.place.line) for note in device.notes] == [(False, 2), (True, 4)]  # type: ignore[union-attr]
    assert texts(device) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[iptables]\n-A $CHAIN -j DROP\n", 2, "variable \\$CHAIN is not set"),
        ("[nftables]\n", 1, "is none of"),
        ("-A INPUT -j DROP\n", 1, "neither a variable nor a rule"),
        ("[iptables]\n-A INPUT -p tcp --dprt 5 -j DROP\n", 2, "unknown option"),
        ("[iptables]\n-D INPUT -j DROP\n", 2, "Bad argument"),
        ("[iptables]\n-t fitler -A INPUT -j DROP\n", 2, "table 'fitler' is not known"),
        ("[iptables]\n-A INPUT -j DORP\n", 2, "neither a target nor a chain"),
    ],
)
def test_a_wrong_line_is_refused_at_its_place(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        read(a=text)
    assert refused.value.place.line == line  # type: ignore[union-attr]
