"""Lines that FRR refuses are refused on paper at their line; lines it takes are taken."""

import pytest
from dialects.frr_texts import device

from sim.errors import ConfigError

HEAD = "router bgp 65002\n"
PEER = HEAD + "neighbor 10.0.0.1 remote-as 65001\n"
IBGP = HEAD + "neighbor 10.0.0.1 remote-as 65002\n"
GROUP = HEAD + "neighbor G peer-group\nneighbor G remote-as 65001\n"

REFUSED = [
    ("nonsense", 1, "FRR knows no command 'nonsense'"),
    ("!\n\n neighbr 10.0.0.1 remote-as 1", 3, "FRR knows no command 'neighbr 10.0.0.1 remote-as 1'"),
    (PEER + "neighbor 10.0.0.1 nonsense", 3, "FRR knows no command"),
    (PEER + "neighbor 10.0.0.1", 3, "says nothing"),
    ("interface eth1\n ip address 10.0.0.1", 2, "not an address with its length"),
    ("interface eth1\n ip address 10.0.0.1/33", 2, "length of more than 32"),
    ("interface eth1\n ip address 10.0.0.256/24", 2, "not an IP address"),
    ("interface eth1\n ipv6 address 10.0.0.1/24", 2, "not an address with its length"),
    ("interface eth1\n bandwidth fast", 2, "not a number from 1 to 1000000"),
    ("ip route 10.12.0.0/16", 1, "says no next hop"),
    ("ip route 10.16.0.0/33 192.0.2.2", 1, "length of more than 32"),
    ("ipv6 route 10.0.0.0/8 2001:db8::1", 1, "not a prefix"),
    ("ip route 10.0.0.0/8 192.0.2.1 tag", 1, "lacks its value"),
    ("ip route 10.0.0.0/8 Null0\nip route 10.0.0.0/8 192.0.2.1", 2, "cannot have blackhole and other next hops"),
    ("ip route 10.0.0.0/8 Null0 ! a remark", 1, "'!' is not expected here"),
    ("ip prefix-list A permit 10.1.0.0/16 ge 15", 1, "length <= ge <= le"),
    ("ip prefix-list A permit 10.1.0.0/16 ge 24 le 20", 1, "length <= ge <= le"),
    ("ip prefix-list A permit 10.1.0.0/16 le 33", 1, "not a number from 0 to 32"),
    ("ip prefix-list A allow 10.1.0.0/16", 1, "permit or deny is expected, not 'allow'"),
    ("ip prefix-list A permit 2001:db8::/32", 1, "not an IPv4 prefix"),
    ("ip prefix-list A seq 5 permit", 1, "lacks its prefix"),
    ("ip prefix-list A", 1, "permit or deny is expected after the name"),
    ("access-list A permit 10.0.0.0/8 exact", 1, "exact-match is"),
    ("access-list 10 permit host", 1, "an address is expected"),
    ("bgp as-path access-list P permit [", 1, "not a regular expression"),
    ("bgp as-path access-list P permit abc", 1, "invalid character in as-path access-list"),
    ("bgp community-list standard C permit 1:70000", 1, "not a community"),
    ("bgp community-list standard C permit 1:1\nbgp community-list expanded C permit 1", 2, "standard list already"),
    ("bgp large-community-list standard C permit 1:1", 1, "not a large community"),
    ("route-map M permit", 1, "is incomplete"),
    ("route-map M", 1, "lacks permit or deny"),
    ("route-map M permit 0", 1, "not a number from 1 to 65535"),
    ("route-map M permit 10\n match metric 0", 2, "not a number from 1"),
    ("route-map M permit 10\n set origin best", 2, "not an origin"),
    ("route-map M permit 10\n set as-path prepend", 2, "an AS number is expected"),
    ("route-map M permit 10\n set community 5:x", 2, "not a community"),
    ("route-map M permit 10\n on-match goto 5", 2, "can't jump backwards"),
    ("route-map M permit 10\n continue", 2, "'continue' is incomplete"),
    ("route-map M deny 10\n on-match next", 2, "deny entry"),
    ("route-map M permit 10\n call M", 2, "can not call itself"),
    ("router bgp", 1, "an AS number is expected"),
    (HEAD + "router bgp 65003", 2, "BGP is already running; AS is 65002"),
    (HEAD + "neighbor 10.0.0.1 next-hop-self", 2, "specify remote-as or peer-group commands first"),
    (HEAD + "neighbor foo activate", 2, "specify remote-as or peer-group commands first"),
    (HEAD + "neighbor foo remote-as 1", 2, "no peer-group or interface neighbor 'foo' yet"),
    (HEAD + "neighbor eth1 interface peer-group G", 2, "configure the peer-group first"),
    (HEAD + "bgp listen range 10.0.0.0/24 peer-group G", 2, "configure the peer-group first"),
    (
        GROUP + "bgp listen range 10.0.0.0/24 peer-group G\nbgp listen range 10.0.0.0/16 peer-group G",
        5,
        "overlaps",
    ),
    (GROUP + "neighbor 10.0.0.1 peer-group G\nneighbor 10.0.0.1 remote-as 65009", 5, "from peer-group 'G'"),
    (
        GROUP + "neighbor H peer-group\nneighbor 10.0.0.1 peer-group G\nneighbor 10.0.0.1 peer-group H",
        6,
        "deconfigure that first",
    ),
    (
        IBGP + "neighbor G peer-group\nneighbor 10.0.0.1 peer-group G\n"
        "neighbor 10.0.0.2 remote-as 65001\nneighbor 10.0.0.2 peer-group G",
        6,
        "all internal or all external",
    ),
    (PEER + "neighbor 10.0.0.1 route-reflector-client", 3, "not an internal neighbor"),
    (IBGP + "neighbor 10.0.0.1 remove-private-AS", 3, "can not be configured for an iBGP neighbor"),
    (IBGP + "neighbor 10.0.0.1 as-override", 3, "can not be configured for an iBGP neighbor"),
    (IBGP + "neighbor 10.0.0.1 local-as 5", 3, "only for eBGP"),
    (PEER + "neighbor 10.0.0.1 local-as 65002", 3, "AS number of BGP itself"),
    (PEER + "neighbor 10.0.0.1 local-as 65001", 3, "neighbor's own remote-as"),
    (PEER + "neighbor 10.0.0.1 ebgp-multihop\nneighbor 10.0.0.1 ttl-security hops 2", 4, "configured together"),
    (HEAD + "neighbor eth1 interface remote-as external\nneighbor eth1 ebgp-multihop 3", 3, "directly connected"),
    (PEER + "neighbor 10.0.0.1 password two words", 3, "FRR knows no command"),
    (PEER + "neighbor 10.0.0.1 prefix-list A in\nneighbor 10.0.0.1 distribute-list B in", 4, "can not co-exist"),
    (PEER + "neighbor 10.0.0.1 prefix-list A", 3, "is incomplete"),
    (PEER + "maximum-paths 300", 3, "not a number from 1 to 256"),
    (PEER + "redistribute connected metric", 3, "lacks its value"),
    (PEER + "redistribute everything", 3, "nothing to redistribute"),
    ("router ospf\n redistribute everything", 2, "nothing to redistribute"),
    ("frr defaults laboratory", 1, "not a profile"),
    ("router ospf\n network 192.0.2.0/24 area 0\ninterface eth1\n ip ospf area 0", 4, "can not be mixed"),
    ("interface eth1\n ip ospf area 0\nrouter ospf\n network 192.0.2.0/24 area 0", 4, "can not be mixed"),
    ("interface eth1\n ip ospf area 0\n ip ospf area 1", 3, "in another area already"),
    ("interface eth1\n ip ospf network ring", 2, "not a network type"),
    ("router ospf\n network 10.0.0.0/8 area 1\n network 10.0.0.0/8 area 2", 3, "already a network statement"),
    ("router ospf\n area 3 default-cost 4", 2, "neither stub nor NSSA"),
    ("router ospf\n maximum-paths 0", 2, "not a number from 1 to 256"),
    ("router ospf6\ninterface eth1\n ipv6 ospf6 area 0", 2, "'interface eth1' is incomplete"),
    ("bgp community-list C permit 1:1", 1, "standard|expanded"),
    ("bgp community-list standard C permit", 1, "names no community"),
    (HEAD + "network 2001:db8::/32", 2, "belongs into address-family ipv6"),
    (HEAD + "redistribute ospf6", 2, "nothing to redistribute into BGP's ipv4 family"),
    ("pbr-map M", 1, "lacks seq"),
    ("pbr-map M seq 701", 1, "not a number from 1 to 700"),
    ("exit-address-family", 1, "FRR knows no command"),
]


@pytest.mark.parametrize(("text", "line", "words"), REFUSED)
def test_what_frr_refuses_is_refused_at_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        device(text)
    assert str(refusal.value.place) == f"r1:/etc/frr/frr.conf:{line}"
    assert words in refusal.value.text
    assert "\n" not in str(refusal.value)


TAKEN = [
    HEAD + "neighbor G peer-group\nneighbor 10.0.0.1 peer-group G",  # no AS anywhere yet
    "router bgp 65000\nno neighbor 10.0.0.1 remote-as 1",
    "no ip route 10.99.0.0/16 192.0.2.2",
    "no ip prefix-list A",
    "no access-list A",
    "no route-map M",
    "no router ospf",
    "no interface eth9",
    "router bgp 1.10",
    "line vty\n exec-timeout 0 0\n!\nhostname x",
    "banner motd default\nlog file /var/log/frr.log\nservice password-encryption\npassword zebra\ndebug bgp updates",
    "mpls ldp\n router-id 1.1.1.1\n address-family ipv4\n  interface eth1\n  exit\n exit-address-family\nhostname x",
    "bfd\n peer 10.0.0.1\n  detect-multiplier 3\n exit\nexit\nhostname x",
    "key chain K\n key 1\n  key-string s\nhostname x",
    "end\nhostname x",
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_frr_takes_is_taken(text: str) -> None:
    assert device(text).understood["/etc/frr/frr.conf"].lines == sum(
        not line.strip().startswith("!") for line in text.splitlines()
    )


def test_a_line_of_the_top_ends_a_stanza_without_exit() -> None:
    found = device(
        """router bgp 65000
             address-family ipv4 unicast
              network 10.0.0.0/8
             neighbor 10.0.0.1 remote-as 1
             network 10.1.0.0/16
           interface eth1
             ip address 10.0.0.1/24
           route-map M permit 10
             set metric 5
           ip route 10.9.0.0/16 Null0
        """
    )
    assert [str(each.prefix) for each in found.bgp[0].families["ipv4"].networks] == ["10.0.0.0/8", "10.1.0.0/16"]
    assert list(found.interfaces) == ["eth1"]
    assert [str(each.prefix) for each in found.statics] == ["10.9.0.0/16"]


def test_a_family_ends_where_a_neighbour_is_made() -> None:
    text = """router bgp 65000
         address-family ipv6 unicast
         neighbor 10.0.0.1 remote-as 1
         network 10.1.0.0/16
    """
    (instance,) = device(text).bgp
    assert list(instance.families) == ["ipv4"]  # `network` then is IPv4's, under `router bgp` itself


def test_an_ipv4_network_in_the_ipv6_family_is_a_line_of_the_router() -> None:
    text = "router bgp 65000\n address-family ipv6 unicast\n network 10.0.0.0/8\n network 10.1.0.0/16\n"
    (instance,) = device(text).bgp
    assert [str(each.prefix) for each in instance.families["ipv4"].networks] == ["10.0.0.0/8", "10.1.0.0/16"]


def test_indentation_and_remarks_mean_nothing() -> None:
    plain = "router bgp 65000\nneighbor 10.0.0.1 remote-as 1\nexit\n"
    dressed = "# by hand\n  router   bgp\t65000 \n! a remark\n     neighbor 10.0.0.1   remote-as 1\n\n   exit"
    assert device(plain).bgp == device(dressed).bgp
