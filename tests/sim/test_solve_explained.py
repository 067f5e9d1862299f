"""What paper tells besides routes: why one won, what may be otherwise, and who disagrees with whom."""

import pytest

from sim.address import Prefix
from sim.errors import NotConverged
from sim.paper import Paper
from sim.policy import Context
from sim.route import PathAttributes
from tests.sim.networks import bgp, cabled, neighbour, router, solved, ways

DIAMOND = cabled("a:eth1 b:eth1", "a:eth2 c:eth1", "b:eth2 d:eth1", "c:eth2 d:eth2", "a:eth3 x:eth1")


def diamond(**of_a: object) -> Paper:
    """d's network reaches a by b and by c, with AS paths of one length; x hears what a prefers."""
    beside = [neighbour("10.0.1.2", 65002), neighbour("10.0.2.3", 65003), neighbour("10.0.5.9", 65009)]
    return solved(
        DIAMOND,
        router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24", "eth3": "10.0.5.1/24"},
               bgp=(bgp(65001, "9.0.0.1", beside, **of_a),)),  # type: ignore[arg-type]
        router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.3.2/24"},
               bgp=(bgp(65002, "9.0.0.2", [neighbour("10.0.1.1", 65001), neighbour("10.0.3.4", 65004)]),)),
        router("c", {"eth1": "10.0.2.3/24", "eth2": "10.0.4.3/24"},
               bgp=(bgp(65003, "9.0.0.3", [neighbour("10.0.2.1", 65001), neighbour("10.0.4.4", 65004)]),)),
        router("d", {"eth1": "10.0.3.4/24", "eth2": "10.0.4.4/24", "lo": "10.9.0.4/32"},
               bgp=(bgp(65004, "9.0.0.4", [neighbour("10.0.3.2", 65002), neighbour("10.0.4.3", 65003)],
                        ["10.9.0.4/32"]),)),
        router("x", {"eth1": "10.0.5.9/24"}, bgp=(bgp(65009, "9.0.0.9", [neighbour("10.0.5.1", 65001)]),)),
    )  # fmt: skip


def test_a_route_that_hangs_on_which_path_came_first_is_said_to() -> None:
    assert diamond().uncertain_entries() == {("a", "10.9.0.4/32")}


def test_with_compare_routerid_nothing_hangs_on_time() -> None:
    assert diamond(compare_router_id=True).uncertain_entries() == frozenset()
    assert ways(diamond(compare_router_id=True), "a", "10.9.0.4/32") == {"10.0.1.2 eth1"}


def test_with_multipath_the_forwarding_does_not_hang_on_time() -> None:
    paper = diamond(multipath_relax=True, family_settings={"maximum_paths": 4})
    assert paper.uncertain_entries() == frozenset()
    assert ways(paper, "a", "10.9.0.4/32") == {"10.0.1.2 eth1", "10.0.2.3 eth2"}


def test_why_names_the_deciding_step_and_the_loser() -> None:
    why = diamond(compare_router_id=True).why("a", "10.9.0.4/32")
    assert why is not None
    assert why.step == "router id"
    assert [(loser.path, loser.step) for loser in why.losers] == [("from 10.0.2.3 (AS path 65003 65004)", "router id")]


def test_why_of_a_route_that_is_not_there_is_none() -> None:
    assert diamond().why("a", "10.99.0.0/16") is None


def test_sessions_whose_ends_disagree_are_found_on_both_sides() -> None:
    line = cabled("a:eth1 b:eth1")
    paper = solved(
        line,
        router("a", {"eth1": "10.0.0.0/31"}, bgp=(bgp(65001, "9.0.0.1", [neighbour("10.0.0.1", 65007)]),)),
        router("b", {"eth1": "10.0.0.1/31"}, bgp=(bgp(65002, "9.0.0.2", [neighbour("10.0.0.0", 65001)]),)),
    )
    assert {finding.text for finding in paper.findings} == {
        "BGP session of a with 10.0.0.1: a expects AS 65007, b is AS 65002",
        "BGP session of b with 10.0.0.0: a expects AS 65007, b is AS 65002",
    }


class Prefers:
    """Takes a route that one neighbour has straight from d first."""

    name, unmodelled = "prefers", ()
    reads, writes = frozenset({"as_path"}), frozenset({"local_pref"})

    def __init__(self, first: int) -> None:
        self._first = first

    def boundaries(self) -> tuple[Prefix, ...]:
        return ()

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes:
        return attributes.having(local_pref=200) if attributes.as_path == (self._first, 65004) else attributes


def gadget(*preferred: tuple[str, int]) -> Paper:
    """d in the middle; each of a, b, c prefers the way by one of the others (Griffin's gadgets)."""
    ring = cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 a:eth2", "d:eth1 a:eth3", "d:eth2 b:eth3", "d:eth3 c:eth3")
    first = dict(preferred)
    asn = {"a": 65001, "b": 65002, "c": 65003, "d": 65004}
    nets = {"ab": "10.0.1", "bc": "10.0.2", "ca": "10.0.3", "da": "10.0.4", "db": "10.0.5", "dc": "10.0.6"}
    ports = {"a": ("ab", "ca", "da"), "b": ("ab", "bc", "db"), "c": ("bc", "ca", "dc"), "d": ("da", "db", "dc")}
    devices = []
    for name, links in ports.items():
        policy = (Prefers(first[name]),) if name in first else ()
        beside = []
        for link in links:
            far = link.replace(name, "")
            beside.append(neighbour(f"{nets[link]}.{asn[far] - 65000}", asn[far], imports=policy))
        faces = {f"eth{n}": f"{nets[link]}.{asn[name] - 65000}/24" for n, link in enumerate(links, 1)}
        extra = {"lo": "10.9.0.4/32"} if name == "d" else {}
        own = ["10.9.0.4/32"] if name == "d" else []
        devices.append(router(name, faces | extra, bgp=(bgp(asn[name], f"9.0.0.{asn[name] - 65000}", beside, own),)))
    return solved(ring, *devices)


def test_two_routers_that_prefer_each_other_come_to_rest_in_one_of_two_ways() -> None:
    """DISAGREE: a by b, or b by a, but never both."""
    paper = gadget(("a", 65002), ("b", 65001))
    found = {paper.snapshot.nodes[name].fib["10.9.0.4/32"].next_hops[0].via for name in "ab"}
    assert found in ({"10.0.1.2", "10.0.5.4"}, {"10.0.4.4", "10.0.1.1"})
    assert {("a", "10.9.0.4/32"), ("b", "10.9.0.4/32")} <= paper.uncertain_entries()


def test_three_routers_that_prefer_each_other_in_a_ring_never_come_to_rest() -> None:
    """BAD GADGET."""
    with pytest.raises(NotConverged, match=r"10\.9\.0\.4/32"):
        gadget(("a", 65002), ("b", 65003), ("c", 65001))
