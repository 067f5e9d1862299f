"""The words that BIRD 2.0.12 keeps for itself: none of them can name a filter, a table or a protocol unless quoted.

Found by asking `bird -p` of each.
"""

_WORDS = """
accept action add address advertise after aigp algorithm all allow always area as as4 asn attribute auth
authentication autonomous aware babel base bfd bgp bgpmask bgppath bind blackhole block bool broadcast bug
capabilities case check circuit class client clist cluster commands communities confederation configure
confirm connect contains cost count cryptographic data data1 data2 debug default define defined delay delete
demand description dest deterministic device digits direct disable disabled dnssl do down drop dscp dst
dynamic ebgp ec eclist ecmp eligible else empty enable enforce error eval events export exported extended
external false fatal filename filter filtered filters first flow4 flow6 flush for forget format free from
function gateway gc generate generic graceful gw gw_mpls hello help hidden hmac hold hop horizon hostname ibgp
id idle if ifindex ifname ignore igp import in infinity info instance int interface interfaces internal
interpret interval ip ipv4 ipv4_mc ipv6 is_v4 iso keep keepalive kernel key keyed label last
last_nonaggregated latency lc lclist learn len lifetime limit link lived lladdr local log long lsadb managed
mandatory mask match max maxlen md5 med member memory merge messages metric min missing mode mpls mrtdump ms
multicast multihop multiplier name nbma neighbor neighbors net netlink networks next no noexport none nssa off
older on onlink originate ospf out packets pair passive password passwords path paths period persist pipe
pointopoint poison poll port preexport prefer preference prefix prepend primary print printn prohibit proto
protocol protocols ptmp ptp quad radv range rd rdnss real receive recursive refresh reject reload remote
require reset restart restrict retransmit retry return rfc1583compat rip ro roa4 roa6 roa_check roles route
router routes rpki rr rs rt rx s sadr scan scope secondary security self set setkey sets settle sha1 sha256
sha384 sha512 short show simple soft sorted source split src stale start startup states static stats status
stderr strict string stub stubnet summary symbols syslog table tag template then threshold tick time
timeformat timeout to topology trace transmit trie trigger true ttl tx type undo unknown unreachable unset
update us valid validate via virtual vpn vpn4 vpn6 vrf wait warn warning watchdog weight where wired wireless
yes
"""
KEYWORDS = frozenset(_WORDS.split())
