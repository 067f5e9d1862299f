"""Roles on real nodes: a compute with two workloads, a server, a storage server, and what observe says of them."""

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.deploy import bring_up, start_roles
from harness.observe import observe
from lab.lab import Lab
from lab.node import RunningNode
from sim.errors import NodeFailed
from sim.snapshot import Listener
from sim.topology.facts import Facts, Service
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group(__name__)]  # its tests share a lab

TOPOLOGY = """
name: roles
topology:
  defaults: {kind: linux, network-mode: none}
  nodes:
    compute:
      group: compute
      exec:
        - ip address add 192.0.2.1/24 dev eth1
        - ip route add default via 192.0.2.2
        - ip -6 address add 2001:db8:1::1/64 dev eth1 nodad
      config:
        vars:
          storage_servers: [store]
          storage_interface: eth1
          workloads:
            - name: web
              tap: tap0
              address: 198.51.100.5
              address6: 2001:db8::5
              services: [{name: http, port: 80, protocol: http}, {name: secret, port: 81}]
              policy: [{protocol: tcp, port: 80, from: 192.0.2.0/24}, {protocol: icmp}]
            - {name: shut, tap: tap1, address: 198.51.100.6, services: [{name: ssh, port: 22}]}
    store:
      group: storage
      exec:
        - ip address add 192.0.2.2/24 dev eth1
        - ip route add 198.51.100.0/24 via 192.0.2.1
        - ip -6 address add 2001:db8:1::2/64 dev eth1 nodad
        - ip -6 route add 2001:db8::/64 via 2001:db8:1::1
      config: {vars: {services: [{name: dns, port: 53, protocol: dns}]}}
  links:
    - endpoints: ["compute:eth1", "store:eth1"]
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("roles") / "roles.clab.yml"
    file.write_text(TOPOLOGY)
    with bring_up(read_topology(file, name=f"roles-{os.getpid()}")) as made:
        yield made


def reaches(node: RunningNode, address: str, port: int) -> bool:
    """Whether a TCP connection opens within two seconds."""
    with node.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.settimeout(2)
        try:
            caller.connect((address, port))
        except (TimeoutError, ConnectionError, OSError):
            return False
    return True


def declare(lab: Lab, name: str, **facts: object) -> None:
    """Change a node's facts, and let the roles follow on all nodes."""
    node = lab.topology.nodes[name]
    changed = replace(node, facts=node.facts.model_copy(update=facts))
    lab.topology = replace(lab.topology, nodes={**lab.topology.nodes, name: changed})
    start_roles(lab, lab.nodes)


def service_pids(node: RunningNode) -> set[int]:
    return {process.pid for process in node.processes() if process.name == "responder"}


def filter_rules(node: RunningNode) -> list[str]:
    return [line for line in node.run(["iptables-save", "-t", "filter"]).text.splitlines() if line.startswith("-A")]


def test_a_workload_is_reached_where_its_policy_opens_it(lab: Lab) -> None:
    assert reaches(lab.nodes["store"], "198.51.100.5", 80)


def test_a_workload_is_closed_where_its_policy_says_nothing(lab: Lab) -> None:
    assert not reaches(lab.nodes["store"], "198.51.100.5", 81)
    assert not reaches(lab.nodes["store"], "198.51.100.6", 22)


def test_workloads_reach_out_and_each_other_by_policy(lab: Lab) -> None:
    assert reaches(lab.nodes["shut"], "198.51.100.5", 80) is False  # its source is outside of the opening
    assert lab.nodes["web"].run(["ping", "-c1", "-W2", "192.0.2.2"], check=False).status == 0
    assert lab.nodes["shut"].run(["ping", "-c1", "-W2", "198.51.100.5"], check=False).status == 0


def test_a_workload_has_a_way_in_and_out_over_ipv6(lab: Lab) -> None:
    assert lab.nodes["store"].run(["ping", "-c1", "-W2", "2001:db8::5"], check=False).status == 0
    assert lab.nodes["web"].run(["ping", "-c1", "-W2", "2001:db8:1::2"], check=False).status == 0


def test_a_workload_cannot_speak_with_another_source_address(lab: Lab) -> None:
    web = lab.nodes["web"]
    web.run(["ip", "address", "add", "198.51.100.99/32", "dev", "eth0"])
    try:
        lab.nodes["compute"].run(["ip", "route", "add", "198.51.100.99/32", "dev", "tap0"])
        assert web.run(["ping", "-c1", "-W1", "-I", "198.51.100.99", "192.0.2.2"], check=False).status != 0
    finally:
        web.run(["ip", "address", "del", "198.51.100.99/32", "dev", "eth0"])


def test_starting_roles_again_changes_nothing(lab: Lab) -> None:
    compute = lab.nodes["compute"]
    before = (filter_rules(compute), service_pids(lab.nodes["web"]), compute.run(["ip", "route"]).text)
    start_roles(lab, lab.nodes)
    assert (filter_rules(compute), service_pids(lab.nodes["web"]), compute.run(["ip", "route"]).text) == before


def test_policy_is_back_after_the_firewall_was_replaced(lab: Lab) -> None:
    compute = lab.nodes["compute"]
    compute.run(["iptables-restore"], stdin=b"*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")
    assert filter_rules(compute) == []
    start_roles(lab, ["compute"])
    assert not reaches(lab.nodes["store"], "198.51.100.5", 81)


def test_observe_tells_interfaces_routes_listeners_and_filters(lab: Lab) -> None:
    seen = observe(lab)
    compute, web = seen.nodes["compute"], seen.nodes["web"]
    assert compute.fib["198.51.100.5/32"].next_hops[0].interface == "tap0"
    assert compute.fib["198.51.100.5/32"].protocol == "boot"
    assert compute.fib["2001:db8::5/128"].next_hops[0].interface == "tap0"
    assert compute.sysctls["net.ipv4.conf.tap0.proxy_arp"] == "1"
    assert web.fib["0.0.0.0/0"].next_hops[0].via == "169.254.1.1"
    assert Listener("tcp", "198.51.100.5", 80, "responder") in web.listeners
    assert any(rule.chain == "felix-to-tap0" and "--dport 80" in rule.text for rule in compute.filters)
    assert json.dumps(seen.to_json())


def test_a_service_that_is_no_longer_declared_ends_and_others_stay(lab: Lab) -> None:
    store = lab.nodes["store"]
    dns = service_pids(store)
    extra = Service.model_validate({"name": "extra", "port": 8080, "protocol": "http"})
    services = lab.topology.nodes["store"].facts.services
    declare(lab, "store", services=(*services, extra))
    assert service_pids(store) > dns
    assert reaches(lab.nodes["compute"], "192.0.2.2", 8080)
    declare(lab, "store", services=services)
    assert service_pids(store) == dns
    assert not reaches(lab.nodes["compute"], "192.0.2.2", 8080)


def test_a_service_given_as_a_command_is_waited_for(lab: Lab) -> None:
    services = lab.topology.nodes["store"].facts.services
    command = "/usr/bin/python3 -m http.server --bind 192.0.2.2 8000"
    real = Service.model_validate({"name": "real", "port": 8000, "protocol": "http", "command": command})
    declare(lab, "store", services=(*services, real))
    assert reaches(lab.nodes["compute"], "192.0.2.2", 8000)
    declare(lab, "store", services=services)


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (
            {"name": "lost", "address": "203.0.113.9", "port": 80, "protocol": "http"},
            "lost: cannot listen on 203.0.113.9",
        ),
        (
            {"name": "bad", "port": 80, "command": "/usr/bin/python3 -c 'raise SystemExit(\"no licence\")'"},
            "no licence",
        ),
        ({"name": "none", "port": 80, "command": "/no/such/program"}, "/no/such/program: .*No such file"),
    ],
)
def test_a_service_that_cannot_start_says_so_in_its_own_words(lab: Lab, service: dict[str, object], words: str) -> None:
    services = lab.topology.nodes["store"].facts.services
    with pytest.raises(NodeFailed, match=f"store: service '{service['name']}' .*{words}"):
        declare(lab, "store", services=(*services, Service.model_validate(service)))
    declare(lab, "store", services=services)


def test_a_service_waits_for_an_address_that_its_node_is_about_to_get(lab: Lab) -> None:
    store, before = lab.nodes["store"], lab.topology.nodes["store"].facts.services
    late = Service.model_validate({"name": "late", "address": "203.0.113.9", "port": 80, "protocol": "tcp"})
    running = service_pids(store)
    with ThreadPoolExecutor() as pool:
        declared = pool.submit(declare, lab, "store", services=(*before, late))
        while service_pids(store) <= running and not declared.done():
            pass
        store.run(["ip", "address", "add", "203.0.113.9/32", "dev", "lo"])
        declared.result()
    assert reaches(store, "203.0.113.9", 80)
    store.run(["ip", "address", "del", "203.0.113.9/32", "dev", "lo"])
    declare(lab, "store", services=before)


def test_switching_the_storage_backend_changes_storage_and_nothing_else(lab: Lab) -> None:
    store, compute = lab.nodes["store"], lab.nodes["compute"]
    declare(lab, "compute", storage="local-file")
    before = (filter_rules(store), filter_rules(compute), observe(lab).nodes["compute"].fib)
    assert compute.run(["test", "-d", "/var/lib/nova/instances"], check=False).status == 0
    for backend, ports in (("nfs", {111, 2049}), ("ceph-rbd", {6789, 6800, 6801, 6802})):
        declare(lab, "compute", storage=backend)
        tcp = {each for each in observe(lab).nodes["store"].listeners if each.protocol == "tcp"}
        assert {each.port for each in tcp} == ports
        assert {each.address for each in tcp} == {"192.0.2.2"}
        [inward] = [rule for rule in filter_rules(store) if f'"storage {backend}"' in rule]
        assert inward.startswith("-A INPUT -s 192.0.2.1/32 -i eth1 -p tcp")
        assert any(f'"storage {backend}"' in rule for rule in filter_rules(compute))
        assert compute.run(["test", "-d", "/var/lib/nova/instances"], check=False).status != 0
        assert all(reaches(compute, "192.0.2.2", port) for port in ports)
    declare(lab, "compute", storage="local-file")
    assert (filter_rules(store), filter_rules(compute), observe(lab).nodes["compute"].fib) == before


def test_a_volume_group_is_told_as_not_available_without_device_mapper(lab: Lab) -> None:
    if "device-mapper" in Path("/proc/misc").read_text():
        pytest.skip("this kernel has the device mapper")
    declare(lab, "compute", storage="local-lvm")
    assert [(each.node, each.given) for each in lab.stand_ins() if "vg_ext" in each.wanted] == [
        ("compute", "not available: this kernel has no device mapper")
    ]
    declare(lab, "compute", storage="local-file")
    assert not [each for each in lab.stand_ins() if "vg_ext" in each.wanted]


def test_a_storage_server_on_no_common_network_is_named(lab: Lab) -> None:
    facts: Facts = lab.topology.nodes["compute"].facts
    with pytest.raises(NodeFailed, match="storage server store has no address on the network of tap0"):
        declare(lab, "compute", storage="nfs", storage_interface="tap0")
    declare(lab, "compute", storage=facts.storage, storage_interface="eth1")


def test_a_halted_node_is_observed_as_not_running(lab: Lab, tmp_path: Path) -> None:
    lab.halt("shut")
    try:
        assert not observe(lab).nodes["shut"].running
    finally:
        lab.restart("shut")
        start_roles(lab, ["shut", "compute"])
    assert observe(lab, ["shut"]).nodes["shut"].fib["0.0.0.0/0"].next_hops[0].via == "169.254.1.1"
