"""A packet filter that keeps a session's first packets out keeps the session down, on paper as in a lab."""

from dataclasses import replace

import pytest
from networks import FRR, bgp, cabled, neighbour, router, solved
from test_solve_ospf import speaker

from sim.device import Device
from sim.device.ospf import NetworkType, OspfInterface
from sim.dialects import Source
from sim.dialects.iptables import DIALECTS
from sim.topology.model import Node

PATH = "/etc/sysconfig/iptables"
ESTABLISHED = "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT"
BGP = "-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT"
DROP = "-A INPUT -j DROP"


def filtered(device: Device, *rules: str) -> Device:
    heads = [":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
    source = Source(PATH, PATH, "\n".join(["*filter", *heads, *rules, "COMMIT", ""]))
    [dialect] = [each for each in DIALECTS if each.claims(PATH)]
    read = dialect.parse(Node(device.node), {PATH: source})
    return replace(device, filter=read.filter) if rules else device


def end(name: str, asn: int, *rules: str, bfd: bool = False) -> Device:
    own, far = ("10.0.0.0", "10.0.0.1") if name == "a" else ("10.0.0.1", "10.0.0.0")
    peer = neighbour(far, 131003 - asn, bfd=bfd)
    device = router(
        name, {"eth1": f"{own}/31"}, bgp=(bgp(asn, f"10.1.0.{asn - 65500}", [peer]),), daemons=FRR | {"bfdd"}
    )
    return filtered(device, *rules)


def up(protocol: str, *rules: tuple[str, ...], bfd: bool = False) -> bool:
    ends = [end(name, asn, *own, bfd=bfd) for name, asn, own in zip("ab", (65501, 65502), rules, strict=True)]
    paper = solved(cabled("a:eth1 b:eth1"), *ends)
    found = [each for state in paper.snapshot.nodes.values() for each in state.sessions if each.protocol == protocol]
    assert found
    return all(each.up for each in found)


@pytest.mark.parametrize(
    ("one", "other", "comes_up"),
    [
        ((), (), True),
        ((ESTABLISHED, DROP), (), True),  # a asks, b lets it in, and the answer belongs to it
        ((ESTABLISHED, DROP), (ESTABLISHED, DROP), False),
        ((ESTABLISHED, BGP, DROP), (ESTABLISHED, DROP), True),  # b asks
        ((DROP,), (), False),
        (("-A OUTPUT -p tcp -m tcp --dport 179 -j DROP",), (), True),  # b asks
        (("-A OUTPUT -p tcp -j DROP",), (), False),
    ],
)
def test_bgp_comes_up_when_one_of_the_two_may_ask(one: tuple[str, ...], other: tuple[str, ...], comes_up: bool) -> None:
    assert up("bgp", one, other) is comes_up


@pytest.mark.parametrize(
    ("rules", "comes_up"),
    [((), True), ((ESTABLISHED, BGP, DROP), False), (("-A INPUT -p udp -m udp --dport 4784 -j DROP",), True)],
)
def test_bfd_wants_both_sides_packets_let_in(rules: tuple[str, ...], comes_up: bool) -> None:
    assert up("bfd", rules, (), bfd=True) is comes_up


def test_why_a_filtered_session_is_down_is_told() -> None:
    paper = solved(cabled("a:eth1 b:eth1"), end("a", 65501, DROP), end("b", 65502))
    assert not any(each.up for each in paper.snapshot.nodes["a"].sessions)


OSPF, ALL, SELF = "-A INPUT -p 89 -j ACCEPT", "-d 224.0.0.5/32", "-d 10.0.0.0/31"


@pytest.mark.parametrize(
    ("rules", "network", "state"),
    [
        ((), "broadcast", "Full"),
        ((OSPF, DROP), "broadcast", "Full"),
        ((BGP, ESTABLISHED, DROP), "broadcast", "Down"),  # nothing to 224.0.0.5 ever belongs to something sent
        ((f"-A INPUT {ALL} -p 89 -j ACCEPT", ESTABLISHED, DROP), "broadcast", "Full"),
        ((f"-A INPUT {ALL} -p 89 -j ACCEPT", DROP), "broadcast", "ExStart"),
        ((f"-A INPUT {ALL} -p 89 -j ACCEPT", DROP), "point-to-point", "Full"),  # all goes to 224.0.0.5
        ((f"-A OUTPUT {SELF} -p 89 -j DROP",), "broadcast", "ExStart"),
        (("-A OUTPUT -p 89 -j DROP",), "broadcast", "Down"),
        (("-A INPUT -i eth2 -p 89 -j DROP",), "broadcast", "Full"),
    ],
)
def test_ospf_becomes_adjacent_when_both_hear_what_is_sent_to_all_and_to_them(
    rules: tuple[str, ...], network: NetworkType, state: str
) -> None:
    """As ospfd 8.4.4 was seen to, 2026-11-25."""
    port = {"per_port": {"eth1": OspfInterface(network=network)}}
    a = filtered(speaker("a", {"eth1": "10.0.0.0/31"}, **port), *rules)
    b = speaker("b", {"eth1": "10.0.0.1/31", "lo": "10.1.0.2/32"}, **port)
    paper = solved(cabled("a:eth1 b:eth1"), a, b)
    states = [each.state.split("/")[0] for node in paper.snapshot.nodes.values() for each in node.sessions]
    assert states == [state] * 2
    assert ("10.1.0.2/32" in paper.snapshot.nodes["a"].fib) is (state == "Full")
    told = [each.text for each in paper.findings]
    assert [("a packet filter" in each) for each in told] == ([] if state == "Full" else [True] * 2)
