"""BGP on paper: sessions, the decision process, what is told to whom."""

from dataclasses import replace

from networks import bgp, cabled, neighbour, router, solved, static, ways

from sim.device.bgp import Redistribution
from sim.device.interfaces import InterfaceConfig
from sim.device.zebra import ZebraConfig
from sim.paper import Paper
from sim.route import PathAttributes
from sim.routing.frr.aggregation import merged_with_members

PAIR = cabled("a:eth1 b:eth1")


def pair(**of_b: object) -> Paper:
    one = router("a", {"eth1": "10.0.0.0/31", "lo": "10.1.0.1/32"},
                 bgp=(bgp(65001, "10.1.0.1", [neighbour("10.0.0.1", 65002)], ["10.1.0.1/32"]),))  # fmt: skip
    settings = {"asn": 65002, "router_id": "10.1.0.2", "neighbours": [neighbour("10.0.0.0", 65001)], **of_b}
    two = router("b", {"eth1": "10.0.0.1/31", "lo": "10.1.0.2/32"}, bgp=(bgp(**settings),))  # type: ignore[arg-type]
    return solved(PAIR, one, two)


def test_a_route_heard_on_a_second_session_with_a_neighbour_is_offered_it_by_its_own_address() -> None:
    """c passes d's route back as its own AS's; a prefers c, but refuses itself as next hop (8.4.4, seen 2026-11-25)."""
    by_v6 = {"family": "ipv4", "weight": 5}
    paper = solved(
        cabled("d:eth1 a:eth1", "a:eth2 c:eth1"),
        router("d", {"eth1": "10.0.1.4/24"},
               bgp=(bgp(65004, "10.9.0.4", [neighbour("10.0.1.1", 65001)], ["10.4.0.0/16"],
                        network_import_check=False),)),
        router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24 2001:db8::1/64"},
               bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.4", 65004), neighbour("10.0.2.3", 65003, weight=9),
                                            neighbour("2001:db8::3", 65003, "ipv4")]),)),
        router("c", {"eth1": "10.0.2.3/24 2001:db8::3/64"},
               bgp=(bgp(65003, "10.9.0.3", [neighbour("10.0.2.1", 65001, as_override=True),
                                            neighbour("2001:db8::1", 65001, **by_v6)]),)),
    )  # fmt: skip
    assert ways(paper, "a", "10.4.0.0/16") == {"10.0.1.4 eth1"}
    assert ways(paper, "c", "10.4.0.0/16") == {"10.0.2.1 eth1"}


def test_a_neighbour_learns_what_the_other_originates() -> None:
    paper = pair()
    assert ways(paper, "b", "10.1.0.1/32") == {"10.0.0.0 eth1"}
    assert [session.state for session in paper.snapshot.nodes["b"].sessions] == ["Established"]


def test_an_unexpected_as_keeps_the_session_down_on_both_sides() -> None:
    paper = pair(asn=65003)
    assert ways(paper, "b", "10.1.0.1/32") == set()
    assert not any(session.up for name in "ab" for session in paper.snapshot.nodes[name].sessions)


def test_ebgp_without_policy_takes_nothing_where_policy_is_required() -> None:
    """RFC 8212; FRR's traditional profile since 7.4."""
    assert ways(pair(ebgp_requires_policy=True), "b", "10.1.0.1/32") == set()


def test_passwords_that_differ_keep_a_session_down() -> None:
    paper = pair(neighbours=[neighbour("10.0.0.0", 65001, password=True, password_digest="x")])
    assert not any(session.up for session in paper.snapshot.nodes["a"].sessions)


def test_a_network_that_is_not_in_the_rib_is_not_originated() -> None:
    assert ways(pair(networks=["10.9.0.0/16"]), "a", "10.9.0.0/16") == set()
    assert ways(pair(networks=["10.9.0.0/16"], network_import_check=False), "a", "10.9.0.0/16") == {"10.0.0.1 eth1"}


def test_nobody_hears_of_the_prefixes_that_came_before_the_one_too_many() -> None:
    """a sends b four prefixes, where three make the session end; c takes no more than two, and keeps b."""

    def row(limit_of_b: int) -> Paper:
        return solved(
            cabled("a:eth1 b:eth1", "b:eth2 c:eth1"),
            router("a", {"eth1": "10.0.1.1/24", "lo": " ".join(f"10.1.0.{n}/32" for n in range(1, 5))},
                   bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002)],
                            [f"10.1.0.{n}/32" for n in range(1, 5)]),)),
            router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24", "lo": "10.1.0.9/32"},
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001, maximum_prefix=limit_of_b),
                                                neighbour("10.0.2.3", 65003)], ["10.1.0.9/32"]),)),
            router("c", {"eth1": "10.0.2.3/24"},
                   bgp=(bgp(65003, "10.9.0.3", [neighbour("10.0.2.2", 65002, maximum_prefix=2)]),)),
        )  # fmt: skip

    paper = row(limit_of_b=2)
    assert [(each.peer, each.up) for each in paper.snapshot.nodes["b"].sessions] == [
        ("10.0.1.1", False),
        ("10.0.2.3", True),
    ]
    assert ways(paper, "c", "10.1.0.9/32") == {"10.0.2.2 eth1"}
    assert [each.up for each in row(limit_of_b=9).snapshot.nodes["c"].sessions] == [False]


def test_a_next_hop_that_is_to_be_unchanged_is_so_even_with_next_hop_self() -> None:
    """c has no way to a's address, so that b's route is of no use to it."""

    def row(**of_b: object) -> set[str]:
        return ways(solved(
            cabled("a:eth1 b:eth1", "b:eth2 c:eth1"),
            router("a", {"eth1": "10.0.1.1/24", "lo": "10.1.0.1/32"},
                   bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002)], ["10.1.0.1/32"]),)),
            router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"},
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001),
                                                neighbour("10.0.2.3", 65003, next_hop_self_force=True, **of_b)]),)),
            router("c", {"eth1": "10.0.2.3/24"}, bgp=(bgp(65003, "10.9.0.3", [neighbour("10.0.2.2", 65002)]),)),
        ), "c", "10.1.0.1/32")  # fmt: skip

    assert row() == {"10.0.2.2 eth1"}
    assert row(attribute_unchanged=frozenset({"next-hop"})) == set()


def test_a_static_route_by_a_far_gateway_is_redistributed_with_that_gateway() -> None:
    """b's gateway is a's loopback: a takes the route, which it would refuse with its own address on the cable."""

    def told(gateway: str) -> set[str]:
        return ways(solved(
            PAIR,
            router("a", {"eth1": "10.0.0.0/31", "lo": "10.1.0.1/32"},
                   bgp=(bgp(65001, "10.1.0.1", [neighbour("10.0.0.1", 65002)], ["10.1.0.1/32"]),)),
            router("b", {"eth1": "10.0.0.1/31"}, statics=(static("10.8.0.0/16", gateway),),
                   bgp=(bgp(65002, "10.1.0.2", [neighbour("10.0.0.0", 65001)],
                            family_settings={"redistributions": (Redistribution("static"),)}),)),
        ), "a", "10.8.0.0/16")  # fmt: skip

    assert told("10.1.0.1") == {"10.0.0.1 eth1"}
    assert told("10.0.0.0") == set()


def through(number: int, *roads: dict[str, object]) -> list[tuple[int, ...]]:
    """The AS paths by which c hears of a's prefix, over b (65002), who has a cable and a session with c for each road:
    with these settings, and with a local AS of 65009 unless said otherwise."""
    numbers = range(2, 2 + len(roads))
    mine = [neighbour(f"10.0.{index}.3", 65003, local_as=65009, **roads[index - 2]) for index in numbers]
    theirs = [neighbour(f"10.0.{index}.2", 65009) for index in numbers]
    paper = solved(
        cabled("a:eth1 b:eth1", *(f"b:eth{index} c:eth{index}" for index in numbers)),
        router("a", {"eth1": "10.0.1.1/24", "lo": "10.1.0.1/32"},
               bgp=(bgp(number, "10.9.0.1", [neighbour("10.0.1.2", 65002)], ["10.1.0.1/32"]),)),
        router("b", {"eth1": "10.0.1.2/24"} | {f"eth{index}": f"10.0.{index}.2/24" for index in numbers},
               bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", number), *mine]),)),
        router("c", {f"eth{index}": f"10.0.{index}.3/24" for index in numbers},
               bgp=(bgp(65003, "10.9.0.3", theirs),)),
    )  # fmt: skip
    found = paper.why("c", "10.1.0.1/32")
    assert found is not None
    told = [found.route, *(each.path for each in found.losers)]
    return sorted(tuple(map(int, each.split("AS path ")[1].rstrip(")").split())) for each in told)


def test_a_private_number_that_ours_replaces_stands_for_ours_behind_a_local_as() -> None:
    assert through(65001, {"remove_private_as": "all replace-as"}) == [(65009, 65002)]
    assert through(65001, {}) == [(65009, 65002, 65001)]
    assert through(7, {"remove_private_as": "all replace-as"}) == [(65009, 65002, 7)]


def test_what_one_neighbour_of_a_local_as_is_told_is_not_what_another_is_told() -> None:
    assert through(7, {"local_as_replace": True}, {}) == [(65009, 7), (65009, 65002, 7)]
    assert through(7, {}, {"local_as_replace": True}) == [(65009, 7), (65009, 65002, 7)]


CLOS = cabled("l1:up1 s1:d1", "l1:up2 s2:d1", "l2:up1 s1:d2", "l2:up2 s2:d2")


def clos(maximum_paths: int = 64, nexthop_objects: bool = False) -> Paper:
    """Two leafs, two spines, unnumbered."""
    many = {"maximum_paths": maximum_paths}
    zebra = ZebraConfig(nexthop_objects=nexthop_objects)
    leafs = [
        router(f"l{n}", {"up1": "", "up2": "", "lo": f"10.1.0.{n}/32"},
               bgp=(bgp(65000 + n, f"10.1.0.{n}", [neighbour("up1"), neighbour("up2")], [f"10.1.0.{n}/32"],
                        family_settings=many, multipath_relax=True),))
        for n in (1, 2)
    ]  # fmt: skip
    spines = [
        router(f"s{n}", {"d1": "", "d2": "", "lo": f"10.2.0.{n}/32"},
               bgp=(bgp(65100, f"10.2.0.{n}", [neighbour("d1"), neighbour("d2")], [f"10.2.0.{n}/32"],
                        family_settings=many),))
        for n in (1, 2)
    ]  # fmt: skip
    return solved(CLOS, *(replace(each, zebra=zebra) for each in (*leafs, *spines)))


def test_unnumbered_leafs_use_both_spines() -> None:
    assert ways(clos(), "l1", "10.1.0.2/32") == {"169.254.0.1 up1", "169.254.0.1 up2"}


def test_a_nexthop_object_holds_the_ipv6_gateway_of_an_ipv4_route() -> None:
    gateways = [way.split()[0] for way in ways(clos(nexthop_objects=True), "l1", "10.1.0.2/32")]
    assert len(gateways) == 2
    assert all(gateway.startswith("fe80::") for gateway in gateways)


def test_maximum_paths_is_a_limit() -> None:
    assert len(ways(clos(maximum_paths=1), "l1", "10.1.0.2/32")) == 1


def test_a_spine_does_not_take_a_path_through_its_own_as() -> None:
    assert ways(clos(), "s1", "10.2.0.2/32") == set()


def reflected(**of_b: object) -> Paper:
    """a and c are clients of b, each with a loopback that OSPF is not asked about: static routes lead there."""
    line = cabled("a:eth1 b:eth1", "b:eth2 c:eth1")
    client = {"reflector_client": True} | of_b
    here, there = ("10.9.0.1", "10.9.0.2", "10.9.0.3"), {"source_interface": "lo"}
    return solved(
        line,
        router("a", {"eth1": "10.0.1.1/24", "lo": "10.9.0.1/32"}, statics=(static("10.9.0.0/24", "10.0.1.2"),),
               bgp=(bgp(65000, here[0], [neighbour(here[1], 65000, **there)], ["10.9.0.1/32", "10.0.1.0/24"]),)),
        router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24", "lo": "10.9.0.2/32"},
               statics=(static("10.9.0.1/32", "10.0.1.1"), static("10.9.0.3/32", "10.0.2.3")),
               bgp=(bgp(65000, here[1], [neighbour(here[0], 65000, **there, **client),
                                         neighbour(here[2], 65000, **there, **client)]),)),
        router("c", {"eth1": "10.0.2.3/24", "lo": "10.9.0.3/32"}, statics=(static("10.9.0.0/24", "10.0.2.2"),),
               bgp=(bgp(65000, here[2], [neighbour(here[1], 65000, **there)]),)),
    )  # fmt: skip


def test_a_reflector_passes_a_clients_route_on_with_its_next_hop() -> None:
    assert ways(reflected(), "c", "10.0.1.0/24") == {"10.0.2.2 eth1"}


def test_without_reflection_an_internal_route_goes_no_further() -> None:
    assert ways(reflected(reflector_client=False), "c", "10.0.1.0/24") == set()


def test_a_route_to_its_own_next_hop_is_used_if_a_client_sends_it() -> None:
    by_client, by_other = (reflected(reflector_client=each).why("b", "10.9.0.1/32") for each in (True, False))
    assert by_client is not None and [loser.path[:3] for loser in by_client.candidates] == ["bgp"]
    assert by_other is not None and by_other.candidates == ()  # only the static route


def test_a_reflected_route_to_its_own_next_hop_is_not_used() -> None:
    assert [each.prefixes_received for each in reflected().snapshot.nodes["c"].sessions] == [2]
    assert ways(reflected(), "c", "10.9.0.1/32") == set()


def test_a_route_of_one_vrf_is_imported_into_another_and_told_there() -> None:
    """`import vrf RED` in the default VRF; this host's kernel has no VRFs, so that FRR's source is the only witness."""
    red = InterfaceConfig("RED", "vrf", table=1010, up=True)
    faces = router("v", {"eth1": "10.1.1.1/24", "eth2": "10.1.2.1/24"}).interfaces
    inside = bgp(65000, "9.0.0.2", [neighbour("10.1.1.2", 65001)], vrf="RED")
    outside = bgp(65000, "9.0.0.1", [neighbour("10.1.2.2", 65002)], family_settings={"imports_vrfs": ("RED",)})
    paper = solved(
        cabled("v:eth1 a:eth1", "v:eth2 b:eth1"),
        replace(
            router("v", {}, bgp=(outside, inside)),
            interfaces={**faces, "RED": red, "eth1": replace(faces["eth1"], vrf="RED")},
        ),
        router("a", {"eth1": "10.1.1.2/24", "lo": "10.9.0.1/32"},
               bgp=(bgp(65001, "9.0.0.3", [neighbour("10.1.1.1", 65000)], ["10.9.0.1/32"]),)),
        router("b", {"eth1": "10.1.2.2/24"}, bgp=(bgp(65002, "9.0.0.4", [neighbour("10.1.2.1", 65000)]),)),
    )  # fmt: skip
    assert {hop.via for hop in paper.snapshot.nodes["v"].tables["RED"]["10.9.0.1/32"].next_hops} == {"10.1.1.2"}
    assert ways(paper, "v", "10.9.0.1/32") == {"10.1.1.2 eth1"}
    assert ways(paper, "b", "10.9.0.1/32") == {"10.1.2.1 eth1"}


def test_what_comes_in_by_local_as_has_passed_through_that_as() -> None:
    """FRR 8.4.4, seen 2026-11-25."""

    def heard(**local: bool) -> str:
        paper = solved(
            cabled("a:eth1 b:eth1"),
            router("a", {"eth1": "10.0.1.1/24"},
                   bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002, local_as=64999, **local)]),)),
            router("b", {"eth1": "10.0.1.2/24", "lo": "10.9.0.2/32"},
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 64999)], ["10.9.0.2/32"]),)),
        )  # fmt: skip
        found = paper.why("a", "10.9.0.2/32")
        assert found is not None
        return found.route

    assert "(AS path 64999 65002)" in heard()
    assert "(AS path 65002)" in heard(local_as_no_prepend=True)


def members() -> Paper:
    """A confederation: a and b in member AS 64601, c in 64602; all see each other, and c has a loopback."""
    inside = {"confederation": 65000, "confederation_peers": frozenset({64601, 64602})}
    force = {"next_hop_self": True}
    return solved(
        cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 a:eth2"),
        router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.3.1/24"},
               bgp=(bgp(64601, "10.9.0.3", [neighbour("10.0.1.2", 64601), neighbour("10.0.3.3", 64602)], **inside),)),
        router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"},
               bgp=(bgp(64601, "10.9.0.1", [neighbour("10.0.1.1", 64601, **force), neighbour("10.0.2.3", 64602)],
                        **inside),)),
        router("c", {"eth1": "10.0.2.3/24", "eth2": "10.0.3.3/24", "lo": "10.9.0.4/32"},
               bgp=(bgp(64602, "10.9.0.2", [neighbour("10.0.2.2", 64601), neighbour("10.0.3.1", 64601)],
                        ["10.9.0.4/32"], **inside),)),
    )  # fmt: skip


def test_a_path_from_another_member_goes_before_one_from_inside() -> None:
    """Though b's router id is the lower one (bgp_path_info_cmp 9; FRR 8.4.4, seen 2026-11-25)."""
    paper = members()
    assert ways(paper, "a", "10.9.0.4/32") == {"10.0.3.3 eth2"}
    found = paper.why("a", "10.9.0.4/32")
    assert found is not None and found.step == "another member AS over our own"


def test_members_that_paths_came_through_tell_them_apart_as_equals() -> None:
    """a hears of one prefix from b, who has it, and from c, who has it from d of another member: no multipath."""
    inside = {"confederation": 65000, "confederation_peers": frozenset({64602})}
    many = {"maximum_paths_ibgp": 8}

    def told(d_as: int) -> set[str]:
        of_d = {"confederation": 65000, "confederation_peers": frozenset({64601})}
        return ways(solved(
            cabled("a:eth1 b:eth1", "a:eth2 c:eth1", "c:eth2 d:eth1"),
            router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24"},
                   bgp=(bgp(64601, "10.9.0.1", [neighbour("10.0.1.2", 64601), neighbour("10.0.2.3", 64601)],
                            family_settings=many, **inside),)),
            router("b", {"eth1": "10.0.1.2/24", "lo": "10.9.9.9/32"},
                   bgp=(bgp(64601, "10.9.0.2", [neighbour("10.0.1.1", 64601)], ["10.9.9.9/32"], **inside),)),
            router("c", {"eth1": "10.0.2.3/24", "eth2": "10.0.4.3/24"} | ({} if d_as else {"lo": "10.9.9.9/32"}),
                   bgp=(bgp(64601, "10.9.0.3", [neighbour("10.0.2.1", 64601, next_hop_self=True),
                                                neighbour("10.0.4.4", 64602)],
                            [] if d_as else ["10.9.9.9/32"], **inside),)),
            router("d", {"eth1": "10.0.4.4/24", "lo": "10.9.9.9/32"},
                   bgp=(bgp(64602, "10.9.0.4", [neighbour("10.0.4.3", 64601)], ["10.9.9.9/32"], **of_d),)),
        ), "a", "10.9.9.9/32")  # fmt: skip

    assert told(64602) == {"10.0.1.2 eth1"}
    assert told(0) == {"10.0.1.2 eth1", "10.0.2.3 eth2"}


def test_members_that_not_all_parts_came_through_are_in_the_set_of_an_aggregate() -> None:
    one, two = PathAttributes(confed_path=(64602,), as_path=(65100,)), PathAttributes()
    shared = PathAttributes(confed_path=(64602,))
    assert merged_with_members([one, two]) == ((), (frozenset({64602, 65100}),))
    assert merged_with_members([one, shared]) == ((64602,), (frozenset({65100}),))


def test_own_paths_of_one_prefix_are_several_to_a_neighbour_with_add_path() -> None:
    several = {"addpath_tx": "all"}
    own = {"family_settings": {"redistributions": (Redistribution("connected"),)}}
    paper = solved(
        PAIR,
        router("a", {"eth1": "10.0.0.0/31", "lo": "10.1.0.1/32"},
               bgp=(bgp(65001, "10.1.0.1", [neighbour("10.0.0.1", 65002, **several)], ["10.1.0.1/32"], **own),)),
        router("b", {"eth1": "10.0.0.1/31"}, bgp=(bgp(65002, "10.1.0.2", [neighbour("10.0.0.0", 65001)]),)),
    )  # fmt: skip
    found = paper.why("b", "10.1.0.1/32")
    assert found is not None and found.step == "origin" and len(found.losers) == 1


def test_two_sessions_by_one_next_hop_take_one_place_of_maximum_paths() -> None:
    """IPv4 over an IPv4 and an IPv6 session of each cable: six equal paths are three ways (8.4.4, 2026-11-25)."""
    sides = {"a": ("10.0.{}.0", "2001:db8:{}::1"), "b": ("10.0.{}.1", "2001:db8:{}::2")}
    nodes = []
    for (name, own), (_, far), asn, other in zip(
        sides.items(), reversed(sides.items()), (65001, 65002), (65002, 65001), strict=True
    ):
        ports = {f"eth{n}": f"{own[0].format(n)}/31 {own[1].format(n)}/64" for n in (1, 2, 3)}
        peers = [neighbour(address.format(n), other) for n in (1, 2, 3) for address in far]
        loopback = f"10.1.0.{asn % 10}/32"
        settings = bgp(asn, loopback[:-3], peers, [loopback], family_settings={"maximum_paths": 3})
        nodes.append(router(name, {**ports, "lo": loopback}, bgp=(settings,)))
    paper = solved(cabled("a:eth1 b:eth1", "a:eth2 b:eth2", "a:eth3 b:eth3"), *nodes)
    assert ways(paper, "b", "10.1.0.1/32") == {"10.0.1.0 eth1", "10.0.2.0 eth2", "10.0.3.0 eth3"}
