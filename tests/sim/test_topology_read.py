"""What a topology file says, read."""

import json
import time
from pathlib import Path

import pytest
from topology_texts import VALID, read, write

from sim.errors import TopologyError
from sim.topology.expansion import expand
from sim.topology.located import Scalar, load, plain, resolve
from sim.topology.model import Endpoint, LinkType, Topology
from sim.topology.reader import read_topology
from sim.topology.record import from_record, to_record

FRR01 = Path(__file__).resolve().parents[3] / "shared/cases/containerlab-frr01"
SHIPPED = sorted((Path(__file__).parents[2] / "topologies").glob("*/*.clab.yml"))


@pytest.fixture
def small(tmp_path: Path) -> Topology:
    return read(tmp_path, VALID)


def test_brief_links_carry_mtu_and_addresses_in_order(small: Topology) -> None:
    link = small.link_at("r1:eth1")
    assert (link.type, link.mtu_bytes) == (LinkType.VETH, 1500)
    assert [end.addresses for end in link.endpoints] == [("10.0.0.1/31",), ("10.0.0.0/31",)]


def test_extended_links_carry_mac_and_addresses_per_end(small: Topology) -> None:
    assert small.link_at("r1:eth2").endpoints == (
        Endpoint("r1", "eth2", addresses=("2001:db8::1/64",)),
        Endpoint("c1", "eth0", mac="aa:c1:ab:00:00:01"),
    )
    assert small.link_at("r1:eth2").mtu_bytes == 9500


def test_host_links_name_the_far_side(small: Topology) -> None:
    link = small.link_at("r2:eth3")
    assert (link.type, link.endpoints, link.far_interface) == (LinkType.HOST, (Endpoint("r2", "eth3"),), "r2-host")


def test_every_form_of_link_is_read(tmp_path: Path) -> None:
    text = """\
    name: a
    topology:
      nodes: {n1: {kind: linux}, n2: {kind: linux}}
      links:
        - endpoints: ["n1:eth1", "mgmt-net:n1-eth1"]
        - {type: mgmt-net, endpoint: {node: n1, interface: eth2}, host-interface: n1-eth2}
        - {type: host, endpoint: {node: n1, interface: eth3}, host-interface: n1-eth3}
        - {type: dummy, endpoint: {node: n1, interface: dummy0, ipv4: 192.0.2.1/32}, vars: {a: [1]}, labels: {b: 2}}
        - type: veth-stitch
          endpoints: [{node: n1, interface: eth4, vars: {vlan: 12}}, {node: n2, interface: eth4}]
          ipv6: ["", "2001:db8::2/64"]
    """
    links = read(tmp_path, text).links
    assert [link.type for link in links] == ["mgmt-net", "mgmt-net", "host", "dummy", "veth"]
    assert [link.far_interface for link in links] == ["n1-eth1", "n1-eth2", "n1-eth3", None, None]
    assert links[3].endpoints == (Endpoint("n1", "dummy0", addresses=("192.0.2.1/32",)),)
    assert (links[3].vars, links[3].labels) == ({"a": [1]}, {"b": "2"})
    assert links[4].endpoints[0].vars == {"vlan": 12}
    assert links[4].endpoints[1].addresses == ("2001:db8::2/64",)


def test_eth0_is_free_without_the_management_network(small: Topology) -> None:
    assert not small.nodes["c1"].managed
    assert small.nodes["r1"].managed
    assert small.link_at("c1:eth0")


def test_the_management_network_is_the_files_own(small: Topology) -> None:
    assert small.management.ipv4_subnet == "172.31.255.0/24"
    assert small.nodes["r2"].mgmt_ipv4 == "172.31.255.9"


def test_kind_frr_forwards(small: Topology) -> None:
    assert small.nodes["r1"].sysctls["net.ipv4.ip_forward"] == "1"


@pytest.mark.parametrize("cmd", ["bash", "/bin/sh", "sleep infinity", "tail -f /dev/null", "2", "/sbin/init", "''"])
def test_what_only_keeps_a_container_alive_is_passed_over(tmp_path: Path, cmd: str) -> None:
    assert read(tmp_path, f"name: a\ntopology:\n  nodes:\n    n1: {{kind: linux, cmd: {cmd}, privileged: on}}\n").nodes


def test_a_folder_stands_for_the_one_topology_in_it(tmp_path: Path) -> None:
    write(tmp_path, VALID, "x.clab.yaml")
    assert read_topology(tmp_path, name="other").name == "other"
    write(tmp_path, VALID, "y.clab.yml")
    with pytest.raises(TopologyError, match=r"x.clab.yaml, y.clab.yml; name the file"):
        read_topology(tmp_path)
    with pytest.raises(TopologyError, match="expected one"):
        read_topology(tmp_path / "configs")
    with pytest.raises(TopologyError, match="no such file"):
        read_topology(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "$(reboot)", "-a", "a" * 64])
def test_a_lab_is_not_given_an_unsafe_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(TopologyError, match="expected letters"):
        read(tmp_path, VALID, name=name)


def test_a_file_that_is_not_utf8_is_refused_at_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, "")
    file.write_bytes(b"name: a\nprefix: \xff\n")
    with pytest.raises(TopologyError, match=r":2: byte 0xff is not UTF-8"):
        read_topology(file)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$A ${A}", "1 1"),
        ("$NONE ${NONE}", "$NONE ${NONE}"),
        ("$$A $${A}", "$A ${A}"),
        ("${NONE:-x} ${EMPTY:-x} ${EMPTY-x} ${NONE:=x} ${NONE=x}", "x x  x x"),
        ("${A:+x}${NONE:+x}${EMPTY:+x}${EMPTY+x}", "xx"),
        ("${NONE:-a$A${NONE:-b}}", "a1b"),
        ("cost: 5$ $1 $( $", "cost: 5$ $1 $( $"),
    ],
)
def test_variables_expand_as_envsubst_does(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "EMPTY": ""}, "f") == expanded


def test_a_variable_cannot_bring_lines_of_its_own() -> None:
    with pytest.raises(TopologyError, match=r"f:2: \$A holds a line break"):
        expand("a: b\nc: $A", {"A": "x\ny: z"}, "f")


def test_the_environment_names_the_lab(tmp_path: Path) -> None:
    file = write(tmp_path, VALID.replace("name: small", "name: ${LAB:-mine}"))
    assert read_topology(file, environment={}).name == "mine"
    assert read_topology(file, environment={"LAB": "yours"}).name == "yours"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("y", True),
        ("010", 8),
        ("0x10", 16),
        ("1_000", 1000),
        ("1e3", 1000.0),
        ("~", None),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_containerlab(raw: str, value: object) -> None:
    assert resolve(raw) == Scalar(value, raw)  # type: ignore[arg-type]


@pytest.mark.parametrize("raw", ["text", "1.2.3.4", "12:30:00", "2015-10-20", ".inf", "1e999", "-", "0x", "tRUE"])
def test_other_plain_scalars_are_text(raw: str) -> None:
    assert resolve(raw) == raw


def test_text_keeps_the_spelling_of_a_number(tmp_path: Path) -> None:
    assert read(tmp_path, VALID.replace("kind: linux", "kind: linux\n    image: 1.10")).nodes["c1"].image == "1.10"


def test_aliases_that_unfold_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(TopologyError, match="more than 1000000 values"):
        load("\n".join(lines), "f")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(TopologyError, match="levels of nesting"):
        load("[" * 500 + "]" * 500, "f")
    with pytest.raises(TopologyError, match="levels of nesting"):
        load(
            "a: " + "[" * 5000, "f"
        )  # never closed: the quick parser gives up, and the thorough one would take minutes
    with pytest.raises(TopologyError, match="levels of nesting"):
        load(f"a: &a {'[' * 40}{']' * 40}\nb: {'[' * 40}*a{']' * 40}", "f")


def test_plain_values_hold_no_trace_of_their_lines() -> None:
    assert plain(load("a: [1, {b: no}]", "f")) == {"a": [1, {"b": False}]}


def test_a_topology_returns_from_its_record(small: Topology) -> None:
    again = from_record(json.loads(json.dumps(to_record(small))))
    assert again == small
    assert again.nodes["web"].place == small.nodes["web"].place
    with pytest.raises(TopologyError, match="damaged"):
        from_record({"name": "x"})


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_shipped_topologies_are_read_and_return_from_their_record(file: Path) -> None:
    topology = read_topology(file, environment={})
    assert from_record(json.loads(json.dumps(to_record(topology)))) == topology


@pytest.mark.skipif(not FRR01.is_dir(), reason="the cases are not beside this project")
def test_containerlabs_own_example_is_read() -> None:
    topology = read_topology(FRR01)
    assert list(topology.nodes) == ["router1", "router2", "router3", "PC1", "PC2", "PC3"]
    assert topology.peer("PC3", "eth1") == Endpoint("router3", "eth3")
    assert len(topology.nodes["PC1"].exec) == 4


def test_three_hundred_nodes_are_read_in_well_under_a_second(tmp_path: Path) -> None:
    nodes = "".join(f"    n{i}: {{group: r, binds: ['configs/r1:/etc/frr']}}\n" for i in range(300))
    links = "".join(f"    - endpoints: [n{i}:eth1, n{(i + 1) % 300}:eth2]\n" for i in range(300))
    file = write(
        tmp_path, f"name: big\ntopology:\n  groups: {{r: {{kind: linux}}}}\n  nodes:\n{nodes}  links:\n{links}"
    )
    began = time.process_time()
    topology = read_topology(file, environment={})
    assert (len(topology.nodes), len(topology.links)) == (300, 300)
    assert time.process_time() - began < 0.9
