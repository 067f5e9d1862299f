"""Which packets a filter's rule can have met, as far as its text says."""

import pytest

from harness.probes.counters import Counters, Rule


@pytest.mark.parametrize(
    ("text", "protocol", "dport", "expected"),
    [
        ("-A INPUT -j DROP", "tcp", 80, True),
        ("policy of INPUT DROP", "icmp", 0, True),
        ("-A INPUT -p tcp -m tcp --dport 80 -j DROP", "tcp", 80, True),
        ("-A INPUT -p tcp -m tcp --dport 80 -j DROP", "tcp", 8080, False),
        ("-A INPUT -p tcp -m tcp --dport 80 -j DROP", "udp", 80, False),
        ("-A INPUT -p tcp -m tcp ! --dport 80 -j DROP", "tcp", 443, True),
        ("-A INPUT ! -p tcp -j DROP", "udp", 53, True),
        ("-A INPUT -p tcp -m tcp --dport 80:90 -j DROP", "tcp", 85, True),
        ("-A INPUT -p tcp -m multiport --dports 80,443 -j DROP", "tcp", 443, True),
        ("-A INPUT -p ipv6-icmp -j DROP", "icmp", 0, True),
        ("-A INPUT -p icmp -j DROP", "tcp", 80, False),
    ],
)
def test_a_rule_meets_only_what_it_names(text: str, protocol: str, dport: int, expected: bool) -> None:
    assert Rule("iptables", "filter", "INPUT", text).is_about(protocol, dport) is expected


def test_only_rules_that_took_packets_since_are_told() -> None:
    idle, busy = (Rule("iptables", "filter", "INPUT", text) for text in ("-A INPUT -j DROP", "policy of INPUT DROP"))
    before, after = Counters(), Counters()
    before.taken.update({idle: 3, busy: 3})
    after.taken.update({idle: 3, busy: 5})
    assert after.since(before) == {busy: 2}
