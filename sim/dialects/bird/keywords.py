"""The words that BIRD 2.0.12 keeps for itself: none of them can name a filter, a table or a protocol unless quoted."""

_WORDS = """
s ms us
accept accepted action add address advertise after aigp algorithm all allow area as as4 asn attribute aware
babel base bfd bgp bgpmask bgppath bind blackhole block bool capabilities case check class client clist
cluster commands communities confederation configure connect contains cost count data data1 data2 debug
default define defined delay delete description dest deterministic device devices digits direct disable
disabled do dscp dst dynamic ebgp ec eclist else empty enable enforce enhanced error eval events export
exported extended external false filter filtered filters first flow4 flow6 for forget format free from
function gateway gc generate generic graceful gw gw_mpls hmac hold hop hostname ibgp id idle if ifindex ifname
ignore igp import in include int interface interfaces internal interpret interval ip ipv4 ipv6 is_v4 iso keep
keepalive kernel key keyed label last last_nonaggregated latency lc lclist learn len limit link lived lladdr
local log long mandatory mask match max maxlen md5 med member memory merge messages metric min missing mode
mpls mrtdump multicast multihop multiplier name neighbor net netlink next no noexport none nssa off older on
onlink opaque originate ospf out packets pair passive password passwords path paths peer period persist pipe
port preexport prefer preference prefix prepend primary print printn prohibit proto protocol protocols quad
radv range rd receive recursive refresh reject reload remote reset restart restrict retry return rip ro roa4
roa6 roa_check route router routes rpki rr rs rt rx sadr scan scope secondary security self set setkey sets
settle sha1 sha256 sha384 sha512 short sorted source src stale startup states static stats stderr strict
string stub syslog table template then threshold time timeformat timeout to trace transparent trie true ttl tx
type unknown unreachable unset validate via vpn4 vpn6 vrf wait warn watchdog weight where yes
"""
KEYWORDS = frozenset(_WORDS.split())
