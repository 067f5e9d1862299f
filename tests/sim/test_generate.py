"""Generated fabrics: their sizes, their numbers, and folders that read as topologies."""

import re
from collections import Counter
from pathlib import Path

import pytest

from harness.generating import write
from sim.errors import InputError
from sim.generate.clos import clos
from sim.generate.fat_tree import fat_tree
from sim.generate.folder import folder
from sim.generate.frr import Style, frr_conf, style
from sim.generate.plan import Plan, Tier
from sim.topology.files import node_files
from sim.topology.reader import read_topology

STYLES = [Style(), Style(unnumbered=True), Style(policies=True), Style(unnumbered=True, policies=True), Style("ospf")]
SHAPES = [fat_tree(4), clos(2, 3, 2), clos(1, 1)]


def named(plan: Plan, name: str, how: Style = STYLES[0]) -> str:
    box = next(each for each in plan.boxes if each.name == name)
    return frr_conf(box, plan.ports[name], how)


@pytest.mark.parametrize(
    ("ports", "nodes", "links"),
    [(2, 5, 4), (4, 20, 32), (8, 80, 256), (16, 320, 2048), (20, 500, 4000), (32, 1280, 16384)],
)
def test_a_fat_tree_has_as_many_switches_and_cables_as_the_paper_says(ports: int, nodes: int, links: int) -> None:
    plan = fat_tree(ports)
    assert (len(plan.boxes), len(plan.cables)) == (nodes, links)
    assert {len(plan.ports[box.name]) for box in plan.boxes} == {ports, ports // 2}, (
        "an edge's other half is for servers"
    )


def test_the_largest_fat_tree_numbers_every_end_and_every_router_once() -> None:
    plan = fat_tree(48)
    ends = [end for cable in plan.cables for end in (cable.lower, cable.upper)]
    assert Counter([end.address for end in ends] + [box.loopback for box in plan.boxes]).most_common(1)[0][1] == 1
    assert len({(end.box.name, end.interface) for end in ends}) == len(ends)
    assert all(int(octet) < 256 for end in ends for octet in end.address.split("."))


def test_cables_are_slash_31s_whose_ends_differ_in_the_last_bit() -> None:
    for cable in fat_tree(8).cables + clos(3, 4, 5).cables:
        network, _, below = cable.lower.address.rpartition(".")
        assert cable.upper.address == f"{network}.{int(below) - 1}" and int(below) % 2 == 1


def test_each_pod_has_one_as_above_and_one_for_each_edge_and_the_cores_share_theirs() -> None:
    """RFC 7938, 5.2.1."""
    by_tier = {tier: [box.asn for box in fat_tree(8).boxes if box.tier is tier] for tier in Tier}
    assert set(by_tier[Tier.CORE]) == {4200000000}
    assert set(Counter(by_tier[Tier.AGGREGATION]).values()) == {4} and len(set(by_tier[Tier.AGGREGATION])) == 8
    assert len(set(by_tier[Tier.EDGE])) == len(by_tier[Tier.EDGE]) == 32
    assert not set(by_tier[Tier.EDGE]) & set(by_tier[Tier.AGGREGATION])


def test_an_aggregation_meets_the_same_group_of_cores_in_every_pod() -> None:
    ports = fat_tree(4).ports
    above = {name: {port.peer.box.name for port in ports[name][2:]} for name in ports if "-agg" in name}
    assert all(above[f"pod{pod}-agg2"] == {"core2-1", "core2-2"} for pod in range(1, 5))


@pytest.mark.parametrize("plan", SHAPES, ids=lambda plan: plan.name)
@pytest.mark.parametrize("how", STYLES, ids=str)
def test_a_generated_folder_is_a_topology_whose_nodes_receive_their_configuration(
    plan: Plan, how: Style, tmp_path: Path
) -> None:
    write(folder(plan, how), tmp_path)
    topology = read_topology(tmp_path)
    assert list(topology.nodes) == [box.name for box in plan.boxes]
    assert [str(link) for link in topology.links] == [
        f"{c.lower.box.name}:{c.lower.interface} - {c.upper.box.name}:{c.upper.interface}" for c in plan.cables
    ]
    for box in plan.boxes:
        files = node_files(topology, box.name)
        assert set(files) == {"/etc/frr/frr.conf", "/etc/frr/daemons"}
        assert f"hostname {box.name}\n".encode() in files["/etc/frr/frr.conf"]


def test_the_same_words_give_the_same_bytes() -> None:
    assert folder(fat_tree(6), Style(policies=True)) == folder(fat_tree(6), Style(policies=True))


def test_a_session_has_its_other_half() -> None:
    plan = fat_tree(4)
    for cable in plan.cables:
        assert f" neighbor {cable.upper.address} peer-group" in named(plan, cable.lower.box.name)
        assert f" neighbor {cable.lower.address} peer-group" in named(plan, cable.upper.box.name)


def test_unnumbered_cables_have_no_addresses_and_servers_keep_theirs() -> None:
    plan, how = clos(2, 2, 1), Style(unnumbered=True)
    assert " ip address 10.101." not in named(plan, "leaf1", how) and " neighbor eth2 interface" in named(
        plan, "leaf1", how
    )
    assert " ip address 10.1.1.2/31" in named(plan, "leaf1", how)
    assert "ip route 0.0.0.0/0 10.1.1.2" in named(plan, "leaf1-server1", how)


def test_a_leaf_with_servers_does_not_take_their_addresses_for_its_own() -> None:
    """An address on lo makes its whole subnet local, so the subnet is announced by a discard route instead."""
    leaf = named(clos(2, 2, 1), "leaf1")
    assert " ip address 10.1.1.1/24" not in leaf and "ip route 10.1.1.0/24 Null0" in leaf
    assert " ip address 10.1.1.1/24" in named(clos(2, 2), "leaf1")


@pytest.mark.parametrize("name", ["pod1-edge1", "pod1-agg1", "core1-1"])
def test_with_policies_every_session_has_a_route_map_each_way_and_each_is_defined(name: str) -> None:
    text = named(fat_tree(4), name, Style(policies=True))
    groups = re.findall(r"neighbor (\w+) peer-group\n", text)
    for group in groups:
        assert (
            f"neighbor {group} route-map from-{group} in" in text
            and f"neighbor {group} route-map to-{group} out" in text
        )
    used = re.findall(r"route-map (\S+) (?:in|out)\n", text)
    assert set(used) == set(re.findall(r"(?m)^route-map (\S+) ", text)) and used
    assert set(re.findall(r" match community (\S+)", text)) == set(re.findall(r"community-list standard (\S+)", text))
    assert bool(re.search(r"match community", text)) == (name != "core1-1"), "nobody is above a core"


def test_ospf_speaks_on_every_cable_of_a_router_and_not_to_servers() -> None:
    leaf = named(clos(2, 2, 1), "leaf1", Style("ospf"))
    assert leaf.count("point-to-point") == 2 and leaf.count("ip ospf passive") == 1 and "router bgp" not in leaf
    assert "ospf" not in named(clos(2, 2, 1), "leaf1-server1", Style("ospf"))


@pytest.mark.parametrize(("ports", "spines", "servers"), [(3, 1, 0), (0, 65, 0), (50, 1, 127)])
def test_what_the_numbering_has_no_room_for_is_refused(ports: int, spines: int, servers: int) -> None:
    with pytest.raises(InputError, match="expected an even number"):
        fat_tree(ports)
    if spines > 64 or servers:
        with pytest.raises(InputError, match="expected"):
            clos(spines, 1, servers)


def test_what_is_about_bgp_is_refused_with_ospf() -> None:
    with pytest.raises(InputError, match="--policies: is about BGP sessions"):
        style("ospf", policies=True)
    assert style("bgp", unnumbered=True) == Style(unnumbered=True)


def test_a_folder_that_holds_something_is_overwritten_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        write({"README.md": "new"}, tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    write({"README.md": "new"}, tmp_path, force=True)
    assert (tmp_path / "README.md").read_text() == "new"
