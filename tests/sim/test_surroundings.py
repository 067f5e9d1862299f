"""What a node has besides its files: `exec` lines, workloads, storage, the management network."""

from pathlib import Path

import pytest

from sim.device import Device
from sim.devices import read_devices
from sim.errors import ConfigError, Place
from sim.iproute import carried_out
from sim.links import solve_links
from sim.snapshot import RouteType
from sim.topology.reader import read_topology

HERE = Place("script", 7)


def after(*commands: str) -> Device:
    """A device after `ip` commands."""
    device = Device("box")
    for command in commands:
        device = carried_out(device, ["ip", *command.split()], HERE)
    return device


def read(folder: Path, text: str) -> dict[str, Device]:
    (folder / "lab.clab.yml").write_text(text)
    return read_devices(read_topology(folder / "lab.clab.yml"))


def ways(device: Device) -> list[tuple[str, str | None, str | None, int]]:
    return [(str(each.prefix), each.via and str(each.via), each.interface, each.metric) for each in device.statics]


def test_ip_route_adds_replaces_and_deletes() -> None:
    device = after("route add 10.0.0.0/8 via 10.1.0.1", "route replace 10.0.0.0/8 via 10.1.0.2 dev eth1")
    assert ways(device) == [("10.0.0.0/8", "10.1.0.2", "eth1", 0)]
    assert ways(after("route add default via 10.1.0.1", "route del default")) == []


def test_ip_route_knows_several_next_hops_types_and_tables() -> None:
    device = after(
        "r a 10.2.0.0/16 nexthop via 10.1.0.1 weight 3 nexthop via 10.1.0.2",
        "route add blackhole 10.66.0.0/16",
        "-6 route add default via fe80::1 dev eth0 table 100",
    )
    assert [(str(each.via), each.weight) for each in device.statics[:2]] == [("10.1.0.1", 3), ("10.1.0.2", 1)]
    assert device.statics[2].type is RouteType.BLACKHOLE
    assert (device.statics[3].table, device.statics[3].metric) == ("100", 1024)


def test_ip_link_and_address_shape_interfaces() -> None:
    device = after(
        "link add br0 type bridge", "link set eth1 master br0", "link set br0 up mtu 1400", "a a 10.0.0.1/24 dev br0"
    )
    bridge = device.interfaces["br0"]
    assert (bridge.kind, bridge.members, bridge.mtu_bytes, bridge.up) == ("bridge", ("eth1",), 1400, True)
    assert [str(each) for each in bridge.addresses] == ["10.0.0.1/24"]
    assert after("address add 10.0.0.1/24 dev eth0", "address flush dev eth0").interfaces["eth0"].addresses == ()


def test_what_ip_knows_and_the_model_does_not_is_a_note_on_which_answers_may_depend() -> None:
    for command in (
        "route add 10.0.0.0/8 encap mpls 16 via 10.1.1.1",
        "netns add x",
        "link set eth0 type can",
        "route del 10.9.0.0/16",
    ):
        assert [(note.place, note.policy) for note in after(command).notes] == [(HERE, True)], command


@pytest.mark.parametrize(
    "command",
    [
        "route add 10.0.0.0/33 via 10.1.0.1",
        "route add 10.0.0.1/8 via 10.1.0.1",
        "route add 10.0.0.0/8 via",
        "route add 10.0.0.0/8 thru 10.1.0.1",
        "address add 10.0.0.1/24",
        "address add 10.0.0.256/24 dev eth0",
        "link set eth0 mtu wide",
        "link set eth0 sideways",
        "rule add from 10.0.0.0/8 lookup",
        "rule add form 10.0.0.0/8 lookup 7",
    ],
)
def test_a_command_that_ip_refuses_is_named(command: str) -> None:
    with pytest.raises(ConfigError) as refused:
        after(command)
    assert refused.value.place == HERE


EXEC = """\
name: lab
topology:
  nodes:
    a:
      kind: linux
      exec:
        - sh -c 'ip addr add 10.0.0.1/24 dev eth1; ip route add 10.9.0.0/16 via 10.0.0.2'
        - sysctl -w net.ipv4.ip_forward=0
        - touch /tmp/x
        - tc qdisc add dev eth1 root netem delay 10ms
    b:
      kind: frr
      exec: ["vtysh -c 'configure terminal' -c 'interface eth1' -c 'ip address 10.0.0.2/24'"]
  links:
    - endpoints: ["a:eth1", "b:eth1"]
"""


def test_exec_lines_are_understood_where_they_are_simple(tmp_path: Path) -> None:
    devices = read(tmp_path, EXEC)
    assert [str(each) for each in devices["a"].interfaces["eth1"].addresses] == ["10.0.0.1/24"]
    assert ("10.9.0.0/16", "10.0.0.2", None, 0) in ways(devices["a"])
    assert devices["a"].sysctls["net.ipv4.conf.all.forwarding"] == "0"
    assert [note.text for note in devices["a"].notes] == [
        "`tc qdisc add dev eth1 root netem delay 10ms` is not modelled"
    ]
    assert [str(each) for each in devices["b"].interfaces["eth1"].addresses] == ["10.0.0.2/24"]


def test_a_managed_node_has_an_address_and_a_way_out_in_both_families(tmp_path: Path) -> None:
    device = read(tmp_path, EXEC)["a"]
    assert [str(each) for each in device.interfaces["eth0"].addresses] == ["172.20.20.2/24", "3fff:172:20:20::2/64"]
    assert ways(device)[:2] == [("0.0.0.0/0", "172.20.20.1", "eth0", 0), ("::/0", "3fff:172:20:20::1", "eth0", 1024)]


COMPUTE = """\
name: lab
topology:
  defaults: {kind: linux, network-mode: none}
  nodes:
    c1:
      group: compute
      exec: [ip addr add 10.1.0.1/24 dev eth1]
      config:
        vars:
          storage: ceph-rbd
          storage_servers: [s1]
          storage_interface: eth1
          workloads:
            - name: vm
              tap: tap1
              address: 10.17.0.1
              address6: 2001:db8::17
              policy: [{protocol: tcp, port: 80, from: 10.0.0.0/8}, {protocol: icmp}]
    s1:
      exec: [ip addr add 10.1.0.2/%d dev eth1]
  links:
    - endpoints: ["c1:eth1", "s1:eth1"]
"""


def rules(device: Device, family: str, chain: str) -> list[str]:
    tables = [table for table in device.filter.tables if (table.family, table.name) == (family, "filter")]
    return [rule.text for table in tables for rule in table.chains[chain].rules]


def test_a_compute_has_ways_to_its_guests_and_holds_their_policy(tmp_path: Path) -> None:
    devices = read(tmp_path, COMPUTE % 24)
    assert ways(devices["c1"]) == [("10.17.0.1/32", None, "tap1", 0), ("2001:db8::17/128", None, "tap1", 1024)]
    assert rules(devices["c1"], "ip", "FORWARD")[0] == "-A FORWARD -j felix-FORWARD"
    assert rules(devices["c1"], "ip", "felix-to-tap1") == [
        "-A felix-to-tap1 -s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j RETURN",
        "-A felix-to-tap1 -p icmp -j RETURN",
        "-A felix-to-tap1 -j DROP",
    ]
    assert rules(devices["c1"], "ip6", "felix-to-tap1")[0] == "-A felix-to-tap1 -p ipv6-icmp -j RETURN"


def test_a_guest_has_a_gateway_that_its_compute_answers_for(tmp_path: Path) -> None:
    devices = read(tmp_path, COMPUTE % 24)
    links = solve_links(read_topology(tmp_path / "lab.clab.yml"), devices)
    gateway = next(each.via for each in devices["vm"].statics if each.via and each.via.version == 4)
    assert links.answering("vm", "eth0", gateway, lambda node, _: ("eth1",)) == (("c1", "tap1"),)
    assert [hop.interface for route in links.kernel_routes("vm") for hop in route.hops] == [
        "eth0",
        "eth0",
        "eth0",
        "eth0",
    ]


def test_an_ssh_server_listens_on_the_management_addresses_alone(tmp_path: Path) -> None:
    nodes = "{a: {config: {vars: {ssh: true}}}, b: {}}"
    devices = read(tmp_path, f"name: lab\ntopology: {{defaults: {{kind: linux}}, nodes: {nodes}}}\n")
    assert [(each.address, each.port, each.program) for each in devices["a"].listeners] == [
        ("172.20.20.2", 22, "sshd"),
        ("3fff:172:20:20::2", 22, "sshd"),
    ]
    assert not devices["b"].listeners


def test_remote_storage_listens_and_is_opened_between_the_two_alone(tmp_path: Path) -> None:
    devices = read(tmp_path, COMPUTE % 24)
    assert [each.port for each in devices["s1"].listeners] == [6789, 6800, 6801, 6802]
    assert rules(devices["s1"], "ip", "INPUT") == [
        "-A INPUT -s 10.1.0.1/32 -i eth1 -p tcp -m multiport --dports 6789,6800:6802"
        ' -m comment --comment "storage ceph-rbd" -j ACCEPT'
    ]


def test_storage_without_a_common_network_is_refused_at_its_compute(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no address on the network") as refused:
        read(tmp_path, (COMPUTE % 24).replace("10.1.0.2/", "10.2.0.2/"))
    assert isinstance(refused.value.place, Place) and refused.value.place.line == 5
