"""`router bgp`: what its lines mean, and how groups hand it down. Expectations are bgpd 8.4.4's (2026-11-25)."""

import pytest
from dialects.frr_texts import CONF, bgp, device, neighbour

from sim.address import parse_address, parse_prefix
from sim.device.bgp import Aggregate, Neighbour, NeighbourFamily, Origination, Redistribution
from sim.devices import parse_files
from sim.policies.frr_prefixes import Always
from sim.topology.facts import Facts
from sim.topology.model import Kind, Node

HEAD = "router bgp 65002\n"
GROUP = HEAD + "neighbor G peer-group\nneighbor G remote-as 65001\n"


def family(text: str, key: str = "10.0.0.1", name: str = "ipv4") -> NeighbourFamily:
    """A neighbour's family."""
    return neighbour(text, key).families[name]


def active(text: str) -> dict[str, list[str]]:
    """The families of each neighbour."""
    return {str(each.address or each.interface): sorted(each.families) for each in bgp(text).neighbours}


def test_a_numbered_neighbour_says_its_session() -> None:
    found = neighbour(
        HEAD
        + """neighbor 10.0.0.1 remote-as 65001
             neighbor 10.0.0.1 description to the border, never mind
             neighbor 10.0.0.1 ebgp-multihop 3
             neighbor 10.0.0.1 update-source lo
             neighbor 10.0.0.1 local-as 65009 no-prepend replace-as
             neighbor 10.0.0.1 password s3cret
             neighbor 10.0.0.1 bfd
             neighbor 10.0.0.1 passive
             neighbor 10.0.0.1 disable-connected-check
             neighbor 10.0.0.1 timers 10 20
        """,
        "10.0.0.1",
    )
    assert (found.remote_as, found.ebgp_multihop, found.source_interface) == (65001, 3, "lo")
    assert (found.local_as, found.local_as_no_prepend, found.local_as_replace) == (65009, True, True)
    assert found.bfd
    assert found.passive
    assert found.disable_connected_check
    assert found.timers == (6, 20)  # at most a third


def test_a_password_leaves_only_its_digest() -> None:
    text = HEAD + "neighbor 10.0.0.1 remote-as 65001\nneighbor 10.0.0.1 password s3cret\n"
    assert "s3cret" not in repr(device(text))
    same, other = neighbour(text, "10.0.0.1"), neighbour(text.replace("s3cret", "other"), "10.0.0.1")
    assert same.password
    assert same.password_digest == neighbour(text, "10.0.0.1").password_digest != other.password_digest


@pytest.mark.parametrize(
    ("word", "remote", "external", "internal"),
    [("65001", 65001, False, False), ("external", None, True, False), ("internal", None, False, True)],
)
def test_remote_as_may_be_a_number_or_a_kind(word: str, remote: int | None, external: bool, internal: bool) -> None:
    for text, key in [
        (f"neighbor 10.0.0.1 remote-as {word}", "10.0.0.1"),
        (f"neighbor eth1 interface remote-as {word}", "eth1"),
        (f"neighbor eth1 interface v6only remote-as {word}", "eth1"),
        (f"neighbor eth1 interface\nneighbor eth1 remote-as {word}", "eth1"),
        (f"neighbor G peer-group\nneighbor G remote-as {word}\nneighbor eth1 interface peer-group G", "eth1"),
    ]:
        found = neighbour(HEAD + text, key)
        assert (found.remote_as, found.external, found.internal) == (remote, external, internal)


def test_an_ipv6_neighbour_is_one_however_it_is_spelled() -> None:
    text = HEAD + "neighbor 2001:db8:0::1 remote-as 65001\nneighbor 2001:DB8::1 passive\n"
    (found,) = bgp(text).neighbours
    assert found.address == parse_address("2001:db8::1")
    assert found.passive


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "neighbor 10.0.0.1 remote-as 65001\nno bgp default ipv4-unicast\nneighbor 10.0.0.2 remote-as 65001",
            {"10.0.0.1": ["ipv4"], "10.0.0.2": []},
        ),
        ("bgp default ipv6-unicast\nneighbor 10.0.0.1 remote-as 65001", {"10.0.0.1": ["ipv4", "ipv6"]}),
        (
            "neighbor G peer-group\nneighbor G remote-as 65001\nneighbor 10.0.0.1 peer-group G\n"
            "address-family ipv6\nneighbor G activate",
            {"10.0.0.1": ["ipv4", "ipv6"]},
        ),
        (
            "neighbor G peer-group\nneighbor G remote-as 65001\nneighbor 10.0.0.1 peer-group G\n"
            "address-family ipv4\nno neighbor G activate",
            {"10.0.0.1": []},
        ),
        (
            "neighbor G peer-group\nneighbor G remote-as 65001\nneighbor 10.0.0.1 peer-group G\n"
            "address-family ipv4\nno neighbor 10.0.0.1 activate",
            {"10.0.0.1": []},
        ),
        (
            "neighbor G peer-group\nneighbor 10.0.0.1 remote-as 65001\naddress-family ipv6\n"
            "neighbor 10.0.0.1 activate\nexit\nneighbor 10.0.0.1 peer-group G",
            {"10.0.0.1": ["ipv4"]},
        ),
        (
            "neighbor G peer-group\nneighbor G remote-as 65001\nno bgp default ipv4-unicast\n"
            "neighbor 10.0.0.1 peer-group G",
            {"10.0.0.1": ["ipv4"]},
        ),
        (
            "neighbor 10.0.0.1 remote-as 65001\nno bgp default ipv4-unicast\nneighbor G peer-group\n"
            "neighbor 10.0.0.1 peer-group G",
            {"10.0.0.1": []},
        ),
        (
            "no bgp default ipv4-unicast\nneighbor eth1 interface remote-as external\nneighbor eth1 activate",
            {"eth1": ["ipv4"]},
        ),
    ],
)
def test_a_neighbour_is_active_in_the_families_that_bgpd_has_it_in(text: str, expected: dict[str, list[str]]) -> None:
    assert active(HEAD + text) == expected


def test_a_member_keeps_what_it_says_itself_and_takes_the_rest_from_its_group() -> None:
    text = (
        GROUP
        + """neighbor 10.0.0.1 peer-group G
             neighbor 10.0.0.2 peer-group G
             neighbor G bfd
             neighbor 10.0.0.2 passive
             address-family ipv4
              neighbor G next-hop-self
              neighbor G allowas-in
              neighbor G maximum-prefix 5
              neighbor 10.0.0.2 allowas-in 1
              no neighbor 10.0.0.2 next-hop-self
        """
    )
    one, two = neighbour(text, "10.0.0.1"), neighbour(text, "10.0.0.2")
    assert one.bfd
    assert two.bfd
    assert (one.passive, two.passive) == (False, True)
    assert (one.families["ipv4"].allowas_in, two.families["ipv4"].allowas_in) == (3, 1)
    assert two.families["ipv4"].next_hop_self  # `no` lets the group's count again
    assert two.families["ipv4"].maximum_prefix == 5


def test_a_group_with_an_as_takes_a_members_own() -> None:
    text = HEAD + "neighbor G peer-group\nneighbor G remote-as 65005\nneighbor 10.0.0.1 remote-as 65001\n"
    assert neighbour(text + "neighbor 10.0.0.1 peer-group G\n", "10.0.0.1").remote_as == 65005


def test_leaving_a_group_or_taking_its_as_away_removes_the_members() -> None:
    member = GROUP + "neighbor 10.0.0.1 peer-group G\n"
    assert not bgp(member + "no neighbor 10.0.0.1 peer-group G\n").neighbours
    assert not bgp(member + "no neighbor G remote-as 65001\n").neighbours
    assert not bgp(member + "no neighbor G peer-group\n").neighbours
    assert not bgp(member + "no neighbor 10.0.0.1\n").neighbours


def test_a_listen_range_is_a_neighbour_with_its_groups_ways() -> None:
    text = GROUP + "neighbor G passive\nbgp listen range 10.0.0.0/24 peer-group G\n"
    (found,) = bgp(text).neighbours
    assert found.listen == parse_prefix("10.0.0.0/24")
    assert (found.remote_as, found.passive, found.peer_group, sorted(found.families)) == (65001, True, "G", ["ipv4"])


FAMILY_LINES: list[tuple[str, dict[str, object]]] = [
    ("next-hop-self", {"next_hop_self": True, "next_hop_self_force": False}),
    ("next-hop-self force", {"next_hop_self_force": True}),
    ("soft-reconfiguration inbound", {"soft_reconfiguration": True}),
    ("allowas-in", {"allowas_in": 3}),
    ("allowas-in 5", {"allowas_in": 5}),
    ("allowas-in origin", {"allowas_in": 0, "allowas_in_origin": True}),
    ("as-override", {"as_override": True}),
    ("remove-private-AS", {"remove_private_as": ""}),
    ("remove-private-AS all", {"remove_private_as": "all"}),
    ("remove-private-AS replace-AS", {"remove_private_as": "replace-as"}),
    ("remove-private-AS all replace-AS", {"remove_private_as": "all replace-as"}),
    ("default-originate", {"default_originate": True, "default_originate_policy": None}),
    ("default-originate route-map NO", {"default_originate_policy": Always("NO", False)}),
    ("send-community", {"send_communities": frozenset({"standard", "extended", "large"})}),
    ("maximum-prefix 100 80 restart 5", {"maximum_prefix": 100}),
    ("maximum-prefix 100 warning-only", {"maximum_prefix": None}),
    ("addpath-tx-all-paths", {"addpath_tx": "all"}),
    ("addpath-tx-bestpath-per-AS", {"addpath_tx": "bestpath-per-AS"}),
    ("disable-addpath-rx", {"addpath_rx": False}),
    ("weight 7", {"weight": 7}),
    ("attribute-unchanged", {"attribute_unchanged": frozenset({"as-path", "next-hop", "med"})}),
    ("attribute-unchanged med", {"attribute_unchanged": frozenset({"med"})}),
]


@pytest.mark.parametrize(("line", "expected"), FAMILY_LINES)
@pytest.mark.parametrize("context", ["", "address-family ipv4\n", "address-family ipv4 unicast\n"])
def test_a_line_of_a_neighbours_family(line: str, expected: dict[str, object], context: str) -> None:
    found = family(f"{HEAD}neighbor 10.0.0.1 remote-as 65001\n{context}neighbor 10.0.0.1 {line}\n")
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("no neighbor 10.0.0.1 send-community", {"extended", "large"}),
        ("no neighbor 10.0.0.1 send-community all", set()),
        ("no neighbor 10.0.0.1 send-community both", {"large"}),
        ("no neighbor 10.0.0.1 send-community all\nneighbor 10.0.0.1 send-community large", {"large"}),
    ],
)
def test_communities_are_sent_unless_taken_away(line: str, expected: set[str]) -> None:
    assert family(f"{HEAD}neighbor 10.0.0.1 remote-as 65001\n{line}\n").send_communities == expected


def test_filters_stand_in_bgpds_order_whatever_the_lines_order() -> None:
    text = (
        """access-list D permit any
           ip prefix-list P permit any
           bgp as-path access-list F permit .*
           route-map R permit 10
        """
        + HEAD
        + """neighbor 10.0.0.1 remote-as 65001
             neighbor 10.0.0.1 route-map R in
             neighbor 10.0.0.1 filter-list F in
             neighbor 10.0.0.1 distribute-list D in
             neighbor 10.0.0.1 route-map R out
             neighbor 10.0.0.1 prefix-list P out
        """
    )
    found = family(text)
    assert [policy.name for policy in found.imports] == ["D", "F", "R"]
    assert [policy.name for policy in found.exports] == ["P", "R"]


INSTANCE_LINES: list[tuple[str, dict[str, object]]] = [
    ("bgp router-id 1.2.3.4", {"router_id": parse_address("1.2.3.4")}),
    ("bgp cluster-id 1.2.3.4", {"cluster_id": 0x01020304}),
    ("bgp cluster-id 77", {"cluster_id": 77}),
    ("bgp default local-preference 200", {"default_local_pref": 200}),
    ("no bgp ebgp-requires-policy", {"ebgp_requires_policy": False}),
    ("no bgp network import-check", {"network_import_check": False}),
    ("bgp network import-check exact", {"network_import_check": True}),
    ("no bgp client-to-client reflection", {"client_to_client": False}),
    ("bgp bestpath as-path multipath-relax no-as-set", {"multipath_relax": True}),
    ("bgp bestpath compare-routerid", {"compare_router_id": True}),
    ("bgp bestpath as-path ignore", {"ignore_as_path": True}),
    ("bgp bestpath as-path confed", {"compare_confed_path": True}),
    ("bgp bestpath med confed missing-as-worst", {"med_confed": True, "missing_med_worst": True}),
    ("bgp always-compare-med", {"always_compare_med": True}),
    ("bgp deterministic-med", {"deterministic_med": True}),
    ("no bgp fast-external-failover", {"fast_external_failover": False}),
    ("bgp confederation identifier 65500", {"confederation": 65500}),
    (
        "bgp confederation peers 65003 65004\nbgp confederation peers 65005\nno bgp confederation peers 65004",
        {"confederation_peers": frozenset({65003, 65005})},
    ),
    ("bgp shutdown", {"shutdown": True}),
]


@pytest.mark.parametrize(("line", "expected"), INSTANCE_LINES)
def test_a_line_of_the_instance(line: str, expected: dict[str, object]) -> None:
    found = bgp(HEAD + line)
    assert {name: getattr(found, name) for name in expected} == expected


def test_what_a_family_originates() -> None:
    found = bgp(
        HEAD
        + """network 10.0.0.0
             network 172.16.5.0
             network 192.168.1.1 mask 255.255.255.0 backdoor
             redistribute connected
             redistribute ospf metric 5 route-map NO
             redistribute table 7
             aggregate-address 10.0.0.0/8 summary-only as-set
             aggregate-address 10.1.0.0 255.255.0.0 origin egp matching-MED-only
             maximum-paths 8
             maximum-paths ibgp 4 equal-cluster-length
             distance bgp 30 210 220
             address-family ipv6 unicast
              network 2001:db8::/32
              maximum-paths 2
        """
    )
    four, six = found.families["ipv4"], found.families["ipv6"]
    assert four.networks == (  # a network without a mask has that of its class
        Origination(parse_prefix("10.0.0.0/8")),
        Origination(parse_prefix("172.16.0.0/16")),
        Origination(parse_prefix("192.168.1.0/24"), backdoor=True),
    )
    assert four.redistributions == (
        Redistribution("connected"),
        Redistribution("ospf", Always("NO", False), 5),
        Redistribution("table-7"),
    )
    assert four.aggregates == (
        Aggregate(parse_prefix("10.0.0.0/8"), summary_only=True, as_set=True),
        Aggregate(parse_prefix("10.1.0.0/16"), origin=1, matching_med_only=True),
    )
    assert (four.maximum_paths, four.maximum_paths_ibgp, four.distance) == (8, 4, (30, 210, 220))
    assert six.networks == (Origination(parse_prefix("2001:db8::/32")),)
    assert (six.maximum_paths, six.maximum_paths_ibgp) == (2, 256)


def test_a_daemons_file_may_limit_the_paths() -> None:
    found = device(HEAD + "neighbor 10.0.0.1 remote-as 1\n", 'bgpd=yes\nbgpd_options="-A 127.0.0.1 -e 4"\n')
    assert found.bgp[0].families["ipv4"].maximum_paths == 4


def test_an_instance_in_a_vrf_takes_routes_of_another() -> None:
    found = device(
        """router bgp 65000
            address-family ipv4 unicast
             import vrf RED
             import vrf route-map NO
           router bgp 65000 vrf RED
            neighbor 10.0.0.1 remote-as 65001
        """
    )
    main, red = found.bgp
    assert (main.vrf, red.vrf) == ("default", "RED")
    assert main.families["ipv4"].imports_vrfs == ("RED",)
    assert main.families["ipv4"].import_vrf_policy == Always("NO", False)
    assert [str(each.address) for each in red.neighbours] == ["10.0.0.1"]


PROFILES = [
    # frr_profile, frr version, frr defaults -> requires policy, import check, deterministic MED, timers
    ("", "8.4", "traditional", (True, True, False, (60, 180))),
    ("", "8.4", "datacenter", (False, True, True, (3, 9))),
    ("", "7.3", "traditional", (False, False, False, (60, 180))),
    ("", "7.3", "datacenter", (False, True, True, (3, 9))),
    ("datacenter", "8.4", "", (False, True, True, (3, 9))),
    ("datacenter", "8.4", "traditional", (True, True, False, (60, 180))),
    ("", "", "", (True, True, False, (60, 180))),
]


@pytest.mark.parametrize(("started", "version", "profile", "expected"), PROFILES)
def test_profile_and_version_decide_defaults(
    started: str, version: str, profile: str, expected: tuple[object, ...]
) -> None:
    text = (f"frr version {version}\n" if version else "") + (f"frr defaults {profile}\n" if profile else "")
    daemons = f'bgpd=yes\nfrr_profile="{started}"\n' if started else ""
    (found,) = device(text + HEAD + "neighbor 10.0.0.1 remote-as 1\n", daemons).bgp
    (peer,) = found.neighbours
    says = (found.ebgp_requires_policy, found.network_import_check, found.deterministic_med, peer.timers)
    assert says == expected


def test_cumulus_starts_frr_as_in_a_datacenter() -> None:
    assert not device(HEAD, kind=Kind.CUMULUS).bgp[0].ebgp_requires_policy


def test_a_profile_named_after_the_router_changes_nothing() -> None:
    assert bgp(HEAD + "frr defaults datacenter\n").ebgp_requires_policy


@pytest.mark.parametrize(("version", "expected"), [("8.4", False), ("9.1", True), ("10.2.1", True)])
def test_later_frr_enforces_the_first_as(version: str, expected: bool) -> None:
    text = f"frr version {version}\n{HEAD}neighbor 10.0.0.1 remote-as 65001\n"
    assert neighbour(text, "10.0.0.1").enforce_first_as is expected
    assert not neighbour(text + "no bgp enforce-first-as\n", "10.0.0.1").enforce_first_as


def test_what_bgpd_knows_and_the_model_does_not_marks_whom_it_belongs_to() -> None:
    text = HEAD + "neighbor 10.0.0.1 remote-as 65001\nneighbor 10.0.0.1 unsuppress-map M\nbgp max-med administrative\n"
    found = device(text)
    (instance,) = found.bgp
    assert [place.line for place in instance.unmodelled] == [4]
    assert [place.line for place in instance.neighbours[0].families["ipv4"].unmodelled] == [3]
    assert [(note.place.line, note.text) for note in found.notes if not isinstance(note.place, str)] == [
        (3, "'neighbor 10.0.0.1 unsuppress-map M' is not modelled"),
        (4, "'bgp max-med administrative' is not modelled"),
    ]
    said = found.understood["/etc/frr/frr.conf"]
    assert (said.lines, said.known) == (4, 2)


def test_an_unmodelled_line_of_a_group_marks_its_members() -> None:
    text = GROUP + "neighbor 10.0.0.1 peer-group G\nneighbor G solo\n"
    assert [place.line for place in family(text).unmodelled] == [5]


def test_equal_groups_of_two_nodes_are_one_object() -> None:
    text = "ip prefix-list A permit any\n" + GROUP + "neighbor 10.0.0.1 peer-group G\nneighbor G prefix-list A in\n"
    assert family(text) is family(text.replace("10.0.0.1", "10.0.0.9"), "10.0.0.9")


def test_a_neighbour_equals_itself_read_again() -> None:
    text = GROUP + "neighbor 10.0.0.1 peer-group G\n"
    assert neighbour(text, "10.0.0.1") == neighbour("!\n" + text, "10.0.0.1") != Neighbour()


@pytest.mark.parametrize(("written", "expected"), [("", True), ("frr version 8.4\n", False)])
def test_the_frr_that_runs_counts_where_the_file_does_not_say_which_wrote_it(written: str, expected: bool) -> None:
    """As FRR 10.3 does it: `frr version 8.4` in the file keeps that version's default."""
    text = f"{written}{HEAD}neighbor 10.0.0.1 remote-as 65001\n"
    node = Node("r1", facts=Facts(frr="10.3"))
    (found,) = parse_files(node, {CONF: text}).bgp
    assert found.neighbours[0].enforce_first_as is expected
    (found,) = parse_files(Node("r1"), {CONF: text}).bgp
    assert not found.neighbours[0].enforce_first_as
