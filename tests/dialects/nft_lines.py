"""Rules of nftables' language: as they are written, and as nft 1.0.6 lists them, or refuses them.

Each stands in a base chain at hook input, in a table with a set `s` of addresses and a user chain `c`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One rule in a table of that family; `printed` is empty where it is refused."""

    rule: str
    family: str = "inet"
    printed: str = ""

    @property
    def text(self) -> str:
        """The whole file; the rule is its sixth line."""
        return f"""table {self.family} t {{
	set s {{ type ipv4_addr; elements = {{ 10.0.0.1 }}; }}
	chain c {{ return; }}
	chain in {{
		type filter hook input priority 0;
		{self.rule}
	}}
}}
"""


PRINTED = [
    Case("tcp flags { syn } drop", "inet", "tcp flags syn drop"),
    Case("tcp dport { 22 } accept", "inet", "tcp dport 22 accept"),
    Case("ip saddr != { 10.0.0.0/8 } drop", "inet", "ip saddr != 10.0.0.0/8 drop"),
    Case("ct state { new } accept", "inet", "ct state new accept"),
    Case("ip saddr . tcp dport { 10.0.0.1 . 22 } accept", "inet", "ip saddr . tcp dport { 10.0.0.1 . 22 } accept"),
    Case("tcp dport 22 accept", "inet", "tcp dport 22 accept"),
    Case("tcp dport ssh accept", "inet", "tcp dport 22 accept"),
    Case("jump c", "inet", "jump c"),
    Case("ip saddr @s accept", "inet", "ip saddr @s accept"),
    Case("ip6 saddr fe80::/10 accept", "inet", "ip6 saddr fe80::/10 accept"),
    Case("ct state new,established", "inet", "ct state established,new"),
    Case("ct state != established drop", "inet", "ct state != established drop"),
    Case("tcp dport != { 22, 80 } drop", "inet", "tcp dport != { 22, 80 } drop"),
    Case("tcp dport {22,80} accept", "inet", "tcp dport { 22, 80 } accept"),
    Case('iifname != "lo" drop', "inet", 'iifname != "lo" drop'),
    Case("meta mark set 0x1 accept", "inet", "meta mark set 0x00000001 accept"),
    Case("meta mark set meta mark | 0x10", "inet", "meta mark set meta mark | 0x00000010"),
    Case("meta mark set mark and 0xff", "inet", "meta mark set meta mark & 0x000000ff"),
    Case("mark 5 accept", "inet", "meta mark 0x00000005 accept"),
    Case("limit rate 10/second burst 20 packets accept", "inet", "limit rate 10/second burst 20 packets accept"),
    Case("reject with tcp reset", "inet", "meta l4proto tcp reject with tcp reset"),
    Case("reject with icmp type host-unreachable", "inet", "reject with icmp host-unreachable"),
    Case("reject with icmpv6 type no-route", "inet", "reject with icmpv6 no-route"),
    Case("reject with icmpx admin-prohibited", "inet", "reject with icmpx admin-prohibited"),
    Case('log prefix "a b" accept', "inet", 'log prefix "a b" accept'),
    Case("log level debug flags all", "inet", "log level debug flags all"),
    Case("log group 5", "inet", "log group 5"),
    Case("counter", "inet", "counter"),
    Case("counter packets 5 bytes 6 drop", "inet", "counter drop"),
    Case("tcp flags syn drop", "inet", "tcp flags syn drop"),
    Case("tcp flags == syn drop", "inet", "tcp flags == syn drop"),
    Case("tcp flags != syn drop", "inet", "tcp flags != syn drop"),
    Case("tcp flags & (syn | ack) == syn | ack drop", "inet", "tcp flags syn,ack / syn,ack drop"),
    Case("tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0 drop", "inet", "tcp flags ! fin,syn,rst,psh,ack,urg drop"),
    Case("ip protocol icmp accept", "inet", "ip protocol icmp accept"),
    Case("ip protocol { icmp, igmp, 89 } accept", "inet", "ip protocol { icmp, igmp, ospf } accept"),
    Case("meta l4proto 58 accept", "inet", "meta l4proto ipv6-icmp accept"),
    Case("meta l4proto != tcp drop", "inet", "meta l4proto != tcp drop"),
    Case("meta nfproto ipv6 drop", "inet", "meta nfproto ipv6 drop"),
    Case("meta protocol ip drop", "inet", "meta protocol ip drop"),
    Case("ip saddr != 10.0.0.0/8 drop", "inet", "ip saddr != 10.0.0.0/8 drop"),
    Case("ip saddr 10.0.0.1-10.0.0.5 drop", "inet", "ip saddr 10.0.0.1-10.0.0.5 drop"),
    Case(
        "ip saddr 10.0.0.0/8 ip daddr 10.0.0.1 tcp sport 5 drop",
        "inet",
        "ip saddr 10.0.0.0/8 ip daddr 10.0.0.1 tcp sport 5 drop",
    ),
    Case("udp sport 67 udp dport 68 accept", "inet", "udp sport 67 udp dport 68 accept"),
    Case("th dport 53 accept", "inet", "th dport 53 accept"),
    Case(
        "ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 80-90 } accept",
        "inet",
        "ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 80-90 } accept",
    ),
    Case('iifname . tcp dport { "eth0" . 22 } accept', "inet", 'iifname . tcp dport { "eth0" . 22 } accept'),
    Case(
        'iifname vmap { "eth0" : jump c, "eth1" : accept }', "inet", 'iifname vmap { "eth0" : jump c, "eth1" : accept }'
    ),
    Case(
        "tcp dport vmap { 22 : accept, 80 : goto c, 443 : drop }",
        "inet",
        "tcp dport vmap { 22 : accept, 80 : goto c, 443 : drop }",
    ),
    Case(
        "ip saddr vmap { 10.0.0.0/8 : accept, 192.168.0.0/16 : drop }",
        "inet",
        "ip saddr vmap { 10.0.0.0/8 : accept, 192.168.0.0/16 : drop }",
    ),
    Case(
        "ip saddr . ip daddr vmap { 10.0.0.1 . 10.0.0.2 : accept }",
        "inet",
        "ip saddr . ip daddr vmap { 10.0.0.1 . 10.0.0.2 : accept }",
    ),
    Case("ct mark 0x5 accept", "inet", "ct mark 0x00000005 accept"),
    Case("ct direction reply accept", "inet", "ct direction reply accept"),
    Case("ct status snat,dnat accept", "inet", "ct status snat,dnat accept"),
    Case("ct status assured accept", "inet", "ct status assured accept"),
    Case("ip ttl < 5 drop", "inet", "ip ttl < 5 drop"),
    Case("ip ttl 1-5 drop", "inet", "ip ttl 1-5 drop"),
    Case("ip length > 1000 drop", "inet", "ip length > 1000 drop"),
    Case("meta length 100-200 drop", "inet", "meta length 100-200 drop"),
    Case("ip6 hoplimit 255 accept", "inet", "ip6 hoplimit 255 accept"),
    Case("ip dscp ef accept", "inet", "ip dscp ef accept"),
    Case("ip dscp 0x10 accept", "inet", "ip dscp cs2 accept"),
    Case("ip dscp 5 accept", "inet", "ip dscp 0x05 accept"),
    Case("ip dscp { cs1, af11 } accept", "inet", "ip dscp { cs1, af11 } accept"),
    Case("fib daddr type { local, broadcast } accept", "inet", "fib daddr type { local, broadcast } accept"),
    Case("fib saddr type != unicast drop", "inet", "fib saddr type != unicast drop"),
    Case("meta pkttype { broadcast, multicast } drop", "inet", "meta pkttype { broadcast, multicast } drop"),
    Case("meta pkttype host accept", "inet", "meta pkttype host accept"),
    Case(
        "icmpv6 type { nd-neighbor-solicit, nd-router-advert, 143 } accept",
        "inet",
        "icmpv6 type { nd-router-advert, nd-neighbor-solicit, mld2-listener-report } accept",
    ),
    Case('udp dport { 53, 67-68 } comment "x"', "inet", 'udp dport { 53, 67-68 } comment "x"'),
    Case("notrack", "inet", "notrack"),
    Case("socket transparent 1 accept", "inet", "socket transparent 1 accept"),
    Case("meta cpu 1 accept", "inet", "meta cpu 1 accept"),
    Case("tcp option maxseg size set 1400", "inet", "tcp option maxseg size set 1400"),
    Case('ct helper "ftp" accept', "inet", 'ct helper "ftp" accept'),
    Case(
        "numgen random mod 2 vmap { 0 : accept, 1 : drop }", "inet", "numgen random mod 2 vmap { 0 : accept, 1 : drop }"
    ),
    Case("ether type ip accept", "inet", "ether type ip accept"),
    Case("vlan id 5 accept", "inet", "vlan id 5 accept"),
    Case("add @s { ip saddr }", "inet", "add @s { ip saddr }"),
    Case("return", "inet", "return"),
    Case("continue", "inet", "continue"),
    Case("tcp dport 22 jump c", "inet", "tcp dport 22 jump c"),
    Case("ip daddr 224.0.0.0/4 drop", "inet", "ip daddr 224.0.0.0/4 drop"),
    Case("ct state { new, invalid } drop", "inet", "ct state { invalid, new } drop"),
    Case("ct state vmap { new : accept, invalid : drop }", "inet", "ct state vmap { invalid : drop, new : accept }"),
    Case('iif "lo" accept', "inet", 'iif "lo" accept'),
    Case('oifname "eth0" drop', "inet", 'oifname "eth0" drop'),
    Case(
        "udp dport 53 ct state new limit rate over 5/second drop",
        "inet",
        "udp dport 53 ct state new limit rate over 5/second drop",
    ),
    Case("sctp dport 5 drop", "inet", "sctp dport 5 drop"),
    Case("reject with icmpx type port-unreachable", "inet", "reject"),
    Case("tcp dport 113 reject with tcp reset", "inet", "tcp dport 113 reject with tcp reset"),
]

REFUSED = [
    Case("ct state { new : accept } accept", "inet"),
    Case("tcp dport vmap { 22 : accept, 80 }", "inet"),
    Case("fib dadd type local accept", "inet"),
    Case("tcp dport 70000 accept", "inet"),
    Case("tcp dprt 22 accept", "inet"),
    Case("tcp dport 22 acept", "inet"),
    Case("jump nowhere", "inet"),
    Case("ip saddr @nosuch accept", "inet"),
    Case("ip saddr 10.0.0.300 accept", "inet"),
    Case("ip saddr 2001:db8::1 accept", "inet"),
    Case("ip6 saddr 10.0.0.1 accept", "inet"),
    Case("ct state foo accept", "inet"),
    Case("tcp dport 80-22 accept", "inet"),
    Case("icmp type foo accept", "inet"),
    Case('iifname "averyverylonginterfacename" accept', "inet"),
    Case("meta foo 5 accept", "inet"),
    Case("accept drop", "inet"),
    Case("drop accept", "inet"),
    Case("limit rate 5 accept", "inet"),
    Case("limit rate 5/fortnight accept", "inet"),
    Case("reject with icmp foo", "inet"),
    Case("dnat to 10.0.0.1", "inet"),
    Case("masquerade", "inet"),
    Case("ip saddr 10.0.0.1 10.0.0.2 drop", "inet"),
    Case("tcp dport 22,80 accept", "inet"),
    Case("$undefined accept", "inet"),
    Case("ip saddr 10.0.0.0/33 drop", "inet"),
    Case("ip6 saddr fe80::/10 accept", "ip"),
    Case("reject with icmpv6 type no-route", "ip"),
    Case("reject with icmpx admin-prohibited", "ip"),
    Case("ip6 hoplimit 255 accept", "ip"),
    Case("reject with icmpx type port-unreachable", "ip"),
    Case("ip saddr 1.1.1.1 reject with icmpx type port-unreachable", "ip"),
]
