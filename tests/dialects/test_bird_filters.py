"""BIRD's filter language: what each filter makes of one route, as BIRD 2.0.12 itself did on 2026-11-25.

The route is 10.1.2.0/24, a blackhole of `protocol static`, whose AS path a filter has made 1 2 3 and whose communities
are (65000,10) and (65000,20). An outcome names what is no longer so; None: refused.
"""

import pytest
from bird_texts import parsed

from sim.address import parse_address, parse_prefix
from sim.device.bird import StaticProtocol
from sim.policies.bird import BirdFilter
from sim.policy import Context
from sim.route import PathAttributes

HEAD = """define SETP = [ 10.0.0.0/8{16,24}, 192.168.0.0/16- ];
function twice(int a) { return a * 2; }
function maybe(int a) { if a > 5 then accept; }
function nothing(int a) { a = 3; }
"""
NET = parse_prefix("10.1.2.0/24")
ROUTE = PathAttributes(as_path=(1, 2, 3), communities=frozenset({65000 << 16 | 10, 65000 << 16 | 20}))
CONTEXT = Context(protocol="static", source="STATIC", destination="BLACKHOLE", instance="s1", preference=200)

VERDICTS: list[tuple[str, str | None]] = [
    ("accept;", ""),
    ("if net ~ 10.0.0.0/8 then accept;", ""),
    ("if net ~ 10.1.2.0/24 then accept;", ""),
    ("if net ~ 10.1.2.0/25 then accept;", None),
    ("if net ~ SETP then accept;", ""),
    ("if net ~ [ 10.1.2.0/25- ] then accept;", ""),
    ("if net ~ [ 10.1.0.0/16{24,32} ] then accept;", ""),
    ("if net ~ [ 10.1.2.128/25{20,24} ] then accept;", ""),
    ("if net ~ [ 10.1.0.0/16+ ] then accept;", ""),
    ("if net !~ [ 10.1.0.0/16+ ] then accept;", None),
    ("if net.len > 23 && net.ip = 10.1.2.0 then accept;", ""),
    ("if net.ip.mask(8) = 10.0.0.0 then accept;", ""),
    ("if net.ip ~ 10.1.2.0/24 then accept;", ""),
    ("if net.ip ~ [ 10.1.0.0..10.1.3.0 ] then accept;", ""),
    ("if bgp_path ~ [= 1 2 3 =] then accept;", ""),
    ("if bgp_path ~ [= 1 * =] then accept;", ""),
    ("if bgp_path ~ [= * 3 =] then accept;", ""),
    ("if bgp_path ~ [= ? 2 ? =] then accept;", ""),
    ("if bgp_path ~ [= ? ? =] then accept;", None),
    ("if bgp_path ~ [= 1 2..9 3 =] then accept;", ""),
    ("if bgp_path ~ [= 1 [2, 7] * =] then accept;", ""),
    ("if bgp_path ~ [= * 2 * 2 * =] then accept;", None),
    ("if bgp_path ~ [= 1+ 2+ 3 =] then accept;", ""),
    ("if 2 ~ bgp_path then accept;", ""),
    ("if 9 ~ bgp_path then accept;", None),
    ("if bgp_path ~ [2..9] then accept;", ""),
    ("if bgp_path ~ [20..90] then accept;", None),
    ("bgp_med = bgp_path.len * 100 + bgp_path.first * 10 + bgp_path.last; accept;", "med=313"),
    ("bgp_path.delete(2); accept;", "as_path=1 3"),
    ("bgp_path.delete([1..2]); accept;", "as_path=3"),
    ("bgp_path.filter([1, 3]); accept;", "as_path=1 3"),
    ("bgp_path = prepend(bgp_path, 9); accept;", "as_path=9 1 2 3"),
    ("bgp_path.empty; accept;", "as_path="),
    ("bgp_path = +empty+; bgp_path.prepend(5); accept;", "as_path=5"),
    ("if (65000,10) ~ bgp_community then accept;", ""),
    ("if bgp_community ~ [ (65000,*) ] then accept;", ""),
    ("if bgp_community ~ [ (65000,15..25) ] then accept;", ""),
    ("if bgp_community ~ [ (65000,11..19) ] then accept;", None),
    ("if bgp_community ~ [ (64999..65001,20) ] then accept;", ""),
    ("if bgp_community ~ [ (*,10) ] then accept;", ""),
    ("bgp_community.delete((65000,10)); accept;", "community=(65000,20)"),
    ("bgp_community.delete([(65000,15..25)]); accept;", "community=(65000,10)"),
    ("bgp_community.filter([(65000,15..25)]); accept;", "community=(65000,20)"),
    ("bgp_community.add((65000,10)); accept;", ""),
    ("bgp_community.empty; accept;", "community="),
    ("bgp_med = bgp_community.len; accept;", "med=2"),
    ("bgp_large_community.add((1,2,3)); if bgp_large_community ~ [(1,2,*)] then accept;", "large_community=(1, 2, 3)"),
    ("bgp_large_community.add((1,2,3)); if (1,2,3) ~ bgp_large_community then accept;", "large_community=(1, 2, 3)"),
    (
        "bgp_ext_community.add((rt,65000,1)); if (rt,65000,1) ~ bgp_ext_community then accept;",
        "ext_community=(rt, 65000, 1)",
    ),
    (
        "bgp_ext_community.add((rt,65000,1)); if bgp_ext_community ~ [(rt,65000,*)] then accept;",
        "ext_community=(rt, 65000, 1)",
    ),
    ("if source = RTS_STATIC then accept;", ""),
    ("if source ~ [RTS_BGP, RTS_STATIC] then accept;", ""),
    ("if dest = RTD_BLACKHOLE then accept;", ""),
    ('if proto ~ "s*" then accept;', ""),
    ('if ifname = "" then accept;', ""),
    ('if ifname ~ "*" then accept;', ""),
    ("if defined(bgp_med) then accept;", None),
    ("if ! defined(bgp_med) then accept;", ""),
    ("if defined(bgp_local_pref) then accept;", None),
    ("if defined(bgp_origin) then accept;", None),
    ("if defined(bgp_next_hop) then accept;", None),
    ("if defined(bgp_large_community) then accept;", None),
    ("bgp_large_community.empty; if defined(bgp_large_community) then accept;", None),
    ("unset(bgp_community); if defined(bgp_community) then accept;", None),
    ("unset(bgp_path); if defined(bgp_path) then accept;", None),
    ("if bgp_med = 5 then accept; reject;", None),
    ("if bgp_med != 5 then accept; reject;", ""),
    ("if bgp_med > 5 then accept; reject;", None),
    ("if bgp_med < 5 then accept; reject;", ""),
    ("if bgp_large_community.len = 0 then accept;", ""),
    ("if false && true || true then accept;", ""),
    ("if true || true && false then accept;", None),
    ("if true || false && false then accept;", None),
    ("bgp_med = 5 - 7; accept;", "med=4294967294"),
    ("bgp_med = 7 / 2; accept;", "med=3"),
    ("bgp_med = 2 + 3 * 4; accept;", "med=14"),
    ("bgp_med = (2 + 3) * 4; accept;", "med=20"),
    ("bgp_med = 7 / (bgp_path.len - 3); accept;", None),
    ("bgp_med = twice(4); accept;", "med=8"),
    ("maybe(9); reject;", ""),
    ("maybe(2); bgp_med = 1; accept;", "med=1"),
    ("bgp_med = nothing(2); accept;", None),
    ("nothing(2); bgp_med = 3; accept;", "med=3"),
    ("case bgp_path.len { 1: reject; 2..4: bgp_med = 24; else: reject; } accept;", "med=24"),
    ("case bgp_path.len { 1: reject; else: bgp_med = 7; } accept;", "med=7"),
    ("case bgp_path.len { 1: reject; } accept;", ""),
    ("case source { RTS_BGP: reject; RTS_STATIC: accept; }", ""),
    ("case net.ip { 10.1.2.0: accept; }", ""),
    ("for pair p in bgp_community do if p = (65000,20) then bgp_med = 20; accept;", "med=20"),
    ("int i = 5; { int i = 7; bgp_med = i; } bgp_local_pref = i; accept;", "local_pref=5 med=7"),
    ("int i; if i = 0 then accept;", None),
    ("int i; if defined(i) then accept;", None),
    ("preference = 77; accept;", "preference=77"),
    ("preference = 77; if preference = 77 then bgp_med = 1; accept;", "med=1 preference=77"),
    ("bgp_origin = ORIGIN_EGP; accept;", "origin=EGP"),
    ("bgp_origin = ORIGIN_EGP; if bgp_origin = ORIGIN_EGP then accept; reject;", "origin=EGP"),
    ("if net = 5 then accept; bgp_med = 1; accept;", "med=1"),
    ("if net != 5 then accept;", ""),
    ("if 10.1.2.0 = net.ip then accept;", ""),
    ('if proto < "t" then accept;', ""),
    ("if (1,2) < (1,3) then accept;", ""),
    ("if net < 10.2.0.0/16 then accept;", ""),
    ("if (1,2).asn = 1 && (1,2).data = 2 then accept;", ""),
    ("bgp_med = bgp_path.last_nonaggregated; accept;", "med=3"),
    ("if bgp_path = bgp_path then accept;", ""),
    ("if bgp_community = bgp_community then accept;", ""),
    ("if [1,2] = [1,2] then accept;", ""),
    ("if [1..3] = [1,2,3] then accept;", None),
    ("bgp_local_pref.add(3); accept;", None),
    ("if 5 ~ [ 9..3 ] then accept; if 5 ~ [] then accept; bgp_med = 5; accept;", "med=5"),
    ("if 10.0.0.1 ~ bgp_community then accept; bgp_med = 6; accept;", "med=6"),
    ("quad q = 10.0.0.1; if q = 10.0.0.1 then accept;", ""),
    ("bgp_med = 1; unset(bgp_med); accept;", ""),
    ("igp_metric = 5; accept;", "igp_metric=5"),
    ("krt_metric = 5; krt_prefsrc = 10.0.0.9; accept;", "Kernel.metric=5 Kernel.prefsrc=10.0.0.9"),
    ("dest = RTD_UNREACHABLE; accept;", "dest=unreachable"),
    ("bgp_next_hop = 10.0.0.8; accept;", "next_hop=10.0.0.8"),
    ("if net ~ net then accept;", ""),
    ("if net.type = NET_IP4 then accept;", ""),
    ('error "x"; accept;', None),
    ('print "hello ", net, " ", bgp_path; accept;', ""),
    ("return 5; accept;", None),
    ('accept "done";', ""),
    ("prefix p = 10.1.0.0/16; if net ~ p then accept;", ""),
    ("pair set ps = [ (65000,10) ]; if bgp_community ~ ps then accept;", ""),
    ("prefix set px = [ 10.0.0.0/8+ ]; if net ~ px then accept;", ""),
    (
        "if bgp_path ~ [= =] then accept; bgp_path.empty; if bgp_path ~ [= =] then bgp_med = 1; accept;",
        "as_path= med=1",
    ),
    (
        "bgp_path.empty; bgp_med = bgp_path.first; bgp_local_pref = bgp_path.last; accept;",
        "as_path= local_pref=0 med=0",
    ),
    ("if (bgp_path.len = 3) = true then accept;", ""),
    ("bgp_community = add(-empty-, (1,2)); accept;", "community=(1,2)"),
    ("bgp_community = delete(bgp_community, (65000,10)); accept;", "community=(65000,20)"),
    ("bgp_community.add(bgp_community); accept;", ""),
    ("bgp_community.delete(bgp_community); accept;", "community="),
    ("bgp_med = (0,5).data; accept;", "med=5"),
    ("bgp_med = 4294967295 + 1; accept;", "med=0"),
]


def compiled(body: str, head: str = "") -> BirdFilter:
    """A filter of that body."""
    device = parsed(f"{head}protocol static {{ ipv4 {{ import filter {{ {body} }}; }}; }}")
    assert device.bird is not None
    (static,) = (each for each in device.bird.protocols if isinstance(each, StaticProtocol))
    assert isinstance(static.channel.imports, BirdFilter)
    return static.channel.imports


def told(route: PathAttributes) -> str:
    """What is no longer as it was, in the words of `show route all`."""
    others = dict(route.others)
    found = {
        "as_path": " ".join(map(str, route.as_path)) if route.as_path != ROUTE.as_path else None,
        "next_hop": str(route.next_hop) if route.next_hop else None,
        "origin": route.origin.name if "bgp_origin" in others else None,
        "med": route.med,
        "local_pref": route.local_pref,
        "community": _pairs(route.communities) if route.communities != ROUTE.communities else None,
        "large_community": " ".join(f"({a}, {b}, {c})" for a, b, c in sorted(route.large_communities)) or None,
        "ext_community": " ".join(f"({each.replace(':', ', ')})" for each in route.extended_communities) or None,
        "igp_metric": others.get("igp_metric"),
        "Kernel.metric": others.get("krt_metric"),
        "Kernel.prefsrc": others.get("krt_prefsrc"),
        "dest": others["dest"].name.lower() if "dest" in others else None,
        "preference": others.get("preference"),
    }
    return " ".join(sorted(f"{name}={value}" for name, value in found.items() if value is not None))


def _pairs(members: frozenset[int]) -> str:
    return " ".join(f"({each >> 16},{each & 0xFFFF})" for each in sorted(members))


@pytest.mark.parametrize(("body", "outcome"), VERDICTS)
def test_a_filter_does_what_bird_does(body: str, outcome: str | None) -> None:
    result = compiled(body, HEAD).apply(NET, ROUTE, CONTEXT)
    assert (None if result is None else told(result)) == outcome


@pytest.mark.parametrize(("name", "accepted"), [("tap0a17c1", True), ("dummy1", True), ("eth0", False), ("", False)])
def test_a_route_is_known_by_the_interface_it_leaves_by(name: str, accepted: bool) -> None:
    body = 'if (ifname ~ "tap*") || (ifname ~ "dummy1") then accept; reject;'
    result = compiled(body).apply(NET, PathAttributes(), Context(protocol="kernel", interface=name))
    assert (result is not None) is accepted


def test_an_unreachable_route_is_known_by_its_destination() -> None:
    policy = compiled("if dest = RTD_UNREACHABLE || source = RTS_DEVICE then reject; accept;")
    assert policy.apply(NET, PathAttributes(), Context(source="BGP", destination="UNREACHABLE")) is None
    assert policy.apply(NET, PathAttributes(), Context(source="DEVICE")) is None
    assert policy.apply(NET, PathAttributes(), Context(source="BGP")) is not None


def test_a_policy_says_what_it_reads_and_writes() -> None:
    policy = compiled("if net ~ [ 10.0.0.0/8{16,24} ] && bgp_path.len < 3 then { bgp_med = 5; accept; } reject;")
    assert policy.reads == {"prefix", "as_path"}
    assert policy.writes == {"med", "others"}
    assert {str(each) for each in policy.boundaries()} == {"10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.0/25"}
    assert "prefix_length" in compiled("if net.len > 24 then reject; accept;").reads
    assert compiled("accept;").reads == set()


def test_what_a_function_reads_its_callers_read() -> None:
    head = "function far() { return bgp_path.len > 5; }\n"
    assert compiled("if far() then reject; accept;", head).reads == {"as_path"}


def test_filters_of_equal_bodies_are_equal() -> None:
    assert compiled("if net.len > 24 then reject; accept;") == compiled("if net.len > 24 then reject; accept;")
    assert compiled("reject;") != compiled("accept;")


def test_a_next_hop_is_kept_unless_the_filter_sets_one() -> None:
    own = parse_address("192.0.2.1")
    before = PathAttributes(next_hop=own)
    assert compiled("accept;").apply(NET, before, CONTEXT) is before
    result = compiled("bgp_next_hop = 10.0.0.8; accept;").apply(NET, before, CONTEXT)
    assert result is not None
    assert str(result.next_hop) == "10.0.0.8"
