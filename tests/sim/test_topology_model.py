"""A Topology's questions about its links: the same answers as looking through all of them, also after a change."""

from pathlib import Path

import pytest
from topology_texts import VALID, read

from sim.errors import TopologyError
from sim.topology.model import Endpoint, Link, LinkType, Node, Topology
from sim.topology.record import from_record, to_record


def looked_through(topology: Topology, node: str) -> list[Link]:
    return [link for link in topology.links if any(end.node == node for end in link.endpoints)]


def agrees_with_its_links(topology: Topology) -> None:
    for name in (*topology.nodes, "nobody"):
        assert [*topology.links_of(name)] == looked_through(topology, name)
    for link in topology.links:
        for end in link.endpoints:
            assert topology.link_at(str(end)) is link
            assert topology.peer(end.node, end.interface) == (
                link.other(end.node) if len(link.endpoints) == 2 else None
            )


def test_links_are_found_by_node_by_endpoint_and_across(tmp_path: Path) -> None:
    topology = read(tmp_path, VALID)
    agrees_with_its_links(topology)
    assert str(topology.peer("r1", "eth1")) == "r2:eth1" and topology.peer("r2", "eth3") is None


def test_a_pulled_cable_is_gone_from_every_answer_and_stays_in_the_network_it_was_pulled_from(tmp_path: Path) -> None:
    topology = read(tmp_path, VALID)
    cable = topology.link_at("r1:eth1")
    without = topology.without(cable)
    agrees_with_its_links(without)
    assert without.peer("r1", "eth1") is None and topology.peer("r1", "eth1") is not None
    with pytest.raises(TopologyError, match="no link at 'r1:eth1'"):
        without.link_at("r1:eth1")
    agrees_with_its_links(topology.without_node("r2"))


def test_a_cable_between_two_ports_of_one_node_is_one_link_of_it() -> None:
    loop = Link(LinkType.VETH, (Endpoint("n", "eth1"), Endpoint("n", "eth2")))
    topology = Topology("t", Path("t"), {"n": Node("n")}, (loop,))
    assert [*topology.links_of("n")] == [loop]
    assert topology.peer("n", "eth1") == Endpoint("n", "eth2") and topology.peer("n", "eth2") == Endpoint("n", "eth1")
    assert topology.without(loop).peer("n", "eth1") is None and not [*topology.without(loop).links_of("n")]


def test_every_cable_can_be_pulled_and_another_after_it(tmp_path: Path) -> None:
    topology = read(tmp_path, VALID)
    for first in topology.links:
        agrees_with_its_links(topology.without(first))
        for second in topology.links:
            agrees_with_its_links(topology.without(first).without(second))


def test_pulling_a_cable_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    topology, twin = read(tmp_path, VALID), read(tmp_path, VALID)
    same = topology.without(twin.links[0])
    assert same == topology
    agrees_with_its_links(same)


def test_having_been_asked_changes_nothing_of_a_topology(tmp_path: Path) -> None:
    asked, fresh = read(tmp_path, VALID), read(tmp_path, VALID)
    asked.link_at("r1:eth1")
    assert asked == fresh and repr(asked) == repr(fresh) and to_record(asked) == to_record(fresh)
    assert from_record(to_record(asked)) == fresh
