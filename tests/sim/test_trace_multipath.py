"""Which next hop Linux takes for a flow. The golden choices are those of Linux 6.18 (`ip route get ... iif`)."""

import random
import re
import subprocess
from collections.abc import Iterator

import pytest
from paper_network import Drawn, host, network, router

from sim.address import parse_address
from sim.flow import Flow
from sim.snapshot import NextHop
from sim.trace import path_on, trace_on
from sim.trace.multipath import choose, keys_of, multipath_hash, upper_bounds

WEIGHTS = (1, 2, 3, 1)
HOPS = [NextHop(f"10.{n}.0.2", f"v{n}", weight) for n, weight in enumerate(WEIGHTS, 1)]
Packet = tuple[str, str, str, int, int]  # source, destination, protocol, ports


def chosen(packet: Packet, policy: int, seed: int) -> str | None:
    source, destination, protocol, sport, dport = packet
    ends = parse_address(source), parse_address(destination)
    number = 6 if protocol == "tcp" else 17
    keys = keys_of(ends[0].value, ends[1].value, ends[0].version, number, (sport, dport), policy)
    assert keys is not None
    return choose(HOPS, multipath_hash(keys, seed)).interface


GOLDEN: list[tuple[Packet, int, str]] = [
    (("10.0.0.62", "20.155.52.185", "udp", 25957, 31384), 0, "v3"),
    (("10.0.0.25", "20.34.10.103", "tcp", 36006, 60160), 0, "v2"),
    (("10.0.0.206", "20.30.113.134", "tcp", 35172, 23610), 0, "v3"),
    (("10.0.0.201", "20.88.54.68", "udp", 14051, 61798), 0, "v2"),
    (("10.0.0.214", "20.133.139.50", "tcp", 10802, 20307), 0, "v1"),
    (("10.0.0.162", "20.190.44.217", "tcp", 39706, 22113), 0, "v2"),
    (("10.0.0.62", "20.155.52.185", "udp", 25957, 31384), 1, "v2"),
    (("10.0.0.25", "20.34.10.103", "tcp", 36006, 60160), 1, "v3"),
    (("10.0.0.206", "20.30.113.134", "tcp", 35172, 23610), 1, "v4"),
    (("10.0.0.201", "20.88.54.68", "udp", 14051, 61798), 1, "v4"),
    (("10.0.0.214", "20.133.139.50", "tcp", 10802, 20307), 1, "v4"),
    (("10.0.0.162", "20.190.44.217", "tcp", 39706, 22113), 1, "v2"),
    (("2001:db8:0::cb1a", "2001:f00::92e6:d26c", "tcp", 5281, 31788), 0, "v2"),
    (("2001:db8:0::96f", "2001:f00::1e:2545", "tcp", 43439, 38436), 0, "v1"),
    (("2001:db8:0::c27f", "2001:f00::bc1f:5f88", "udp", 20932, 50472), 0, "v2"),
    (("2001:db8:0::45d1", "2001:f00::7d25:cd4b", "tcp", 12984, 47830), 0, "v2"),
    (("2001:db8:0::e91d", "2001:f00::89cf:8a0d", "udp", 44699, 6175), 0, "v3"),
    (("2001:db8:0::903e", "2001:f00::8dba:b314", "tcp", 52765, 47769), 0, "v3"),
    (("2001:db8:0::cb1a", "2001:f00::92e6:d26c", "tcp", 5281, 31788), 1, "v1"),
    (("2001:db8:0::96f", "2001:f00::1e:2545", "tcp", 43439, 38436), 1, "v2"),
    (("2001:db8:0::c27f", "2001:f00::bc1f:5f88", "udp", 20932, 50472), 1, "v4"),
    (("2001:db8:0::45d1", "2001:f00::7d25:cd4b", "tcp", 12984, 47830), 1, "v3"),
    (("2001:db8:0::e91d", "2001:f00::89cf:8a0d", "udp", 44699, 6175), 1, "v3"),
    (("2001:db8:0::903e", "2001:f00::8dba:b314", "tcp", 52765, 47769), 1, "v2"),
]


@pytest.mark.parametrize(("packet", "policy", "interface"), GOLDEN)
def test_a_flow_takes_the_next_hop_that_linux_gave_it(packet: Packet, policy: int, interface: str) -> None:
    assert chosen(packet, policy, 0xDEADBEEF) == interface


def test_both_directions_of_a_flow_hash_alike() -> None:
    there = keys_of(1, 2, 4, 6, (1000, 80), 1)
    back = keys_of(2, 1, 4, 6, (80, 1000), 1)
    assert there and back and multipath_hash(there, 7) == multipath_hash(back, 7)


def test_weights_share_the_hashes_and_the_last_bound_is_the_highest_hash() -> None:
    assert upper_bounds([1, 1]) == [(1 << 30) - 1, (1 << 31) - 1]
    assert upper_bounds([1, 2, 3, 1])[-1] == (1 << 31) - 1


def test_a_policy_that_is_not_modelled_has_no_keys() -> None:
    assert keys_of(1, 2, 4, 6, (1, 2), 3) is None


def _flows(version: int, number: int) -> Iterator[Packet]:
    chance = random.Random(version)
    for _ in range(number):
        if version == 4:
            source = f"10.0.0.{chance.randrange(2, 250)}"
            destination = f"20.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        else:
            source = f"2001:db8:0::{chance.randrange(2, 60000):x}"
            destination = f"2001:f00::{chance.randrange(1, 60000):x}:{chance.randrange(1, 60000):x}"
        ports = chance.randrange(1, 65536), chance.randrange(1, 65536)
        yield source, destination, chance.choice(["udp", "tcp"]), *ports


def asked(version: int, policy: int, seed: int, flows: list[Packet]) -> list[str]:
    """The interfaces that the kernel names, in a network namespace of its own."""
    four = version == 4
    lines = []
    for n in range(len(WEIGHTS) + 1):
        address = f"10.{n}.0.1/24" if four else f"2001:db8:{n}::1/64 nodad"
        lines += [f"ip link add v{n} type veth peer name w{n}", f"ip link set v{n} up", f"ip link set w{n} up"]
        lines += [f"ip addr add {address.split()[0]} dev v{n} {'' if four else 'nodad'}"]
    lines += ["sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"]
    lines += [f"sysctl -qw net.ipv{version}.fib_multipath_hash_policy={policy} net.ipv4.fib_multipath_hash_seed={seed}"]
    hops = [
        f"nexthop via {f'10.{n}.0.2' if four else f'2001:db8:{n}::2'} dev v{n} weight {weight}"
        for n, weight in enumerate(WEIGHTS, 1)
    ]
    lines.append(f"ip -{version} route add {'20.0.0.0/8' if four else '2001:f00::/32'} {' '.join(hops)}")
    lines += [
        f"ip -o -{version} route get {to} from {source} iif v0 ipproto {protocol} sport {sport} dport {dport}"
        for source, to, protocol, sport, dport in flows
    ]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-ec", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return re.findall(r" dev (v\d+)", done.stdout)


@pytest.mark.kernel
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("policy", [0, 1])
def test_the_kernel_itself_chooses_the_same_for_hundreds_of_flows(version: int, policy: int) -> None:
    flows = list(_flows(version, 200))
    assert asked(version, policy, 0xC0FFEE, flows) == [chosen(flow, policy, 0xC0FFEE) for flow in flows]


# --- in a network


def fabric(**sysctls: str) -> Drawn:
    """a - r - {x, y} - b; r's hash is known if its sysctls tell a seed."""
    return network(
        "a:eth0 r:eth0",
        "r:eth1 x:eth0",
        "r:eth2 y:eth0",
        "x:eth1 b:eth1",
        "y:eth1 b:eth2",
        a=host(["0.0.0.0/0 via 10.0.0.1%eth0"], eth0="10.0.0.2/24"),
        r=router(
            routes=["10.9.0.1/32 via 10.0.1.2%eth1 10.0.2.2%eth2"],
            sysctls=sysctls,
            eth0="10.0.0.1/24",
            eth1="10.0.1.1/24",
            eth2="10.0.2.1/24",
        ),
        x=router(
            routes=["10.9.0.1/32 via 10.0.3.2%eth1", "0.0.0.0/0 via 10.0.1.1%eth0"],
            eth0="10.0.1.2/24",
            eth1="10.0.3.1/24",
        ),
        y=router(
            routes=["10.9.0.1/32 via 10.0.4.2%eth1", "0.0.0.0/0 via 10.0.2.1%eth0"],
            eth0="10.0.2.2/24",
            eth1="10.0.4.1/24",
        ),
        b=host(
            ["0.0.0.0/0 via 10.0.3.1%eth1"], ["udp/53"], dummy0="10.9.0.1/32", eth1="10.0.3.2/24", eth2="10.0.4.2/24"
        ),
    )


def test_with_a_known_seed_each_flow_has_one_path_and_flows_use_both() -> None:
    net = fabric(**{"net.ipv4.fib_multipath_hash_seed": "77", "net.ipv4.fib_multipath_hash_policy": "1"})
    flows = [Flow("a", "b", "udp", sport=port, dport=53) for port in range(30000, 30030)]
    paths = [path_on(net, flow) for flow in flows]
    assert {path[2].node for path in paths if path} == {"x", "y"}
    assert all(path in trace_on(net, flow).paths for path, flow in zip(paths, flows, strict=True))


def test_without_a_seed_no_path_is_claimed() -> None:
    assert path_on(fabric(), Flow("a", "b", "udp", sport=30000, dport=53)) is None
