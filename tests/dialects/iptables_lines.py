# ruff: noqa: E501
"""Lines of iptables' language: as they are written, and as iptables 1.8.9 prints them, or refuses them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One rule, in which table of which IP version; `printed` is empty where it is refused."""

    line: str
    printed: list[str] = field(default_factory=list)
    table: str = "filter"
    version: int = 4


PRINTED = [
    Case(
        "-A INPUT -p tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT",
        ["-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT"],
    ),
    Case(
        "-A INPUT -p 17 --sport 5:9 ! -s 10.0.0.1 -j foo",
        ["-A INPUT ! -s 10.0.0.1/32 -p udp -m udp --sport 5:9 -j foo"],
    ),
    Case(
        "-A INPUT -p icmp --icmp-type 8 -j ACCEPT -m limit --limit 5/min",
        ["-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 5/min -j ACCEPT"],
    ),
    Case(
        "-A INPUT -p icmp --icmp-type any -j REJECT",
        ["-A INPUT -p icmp -m icmp --icmp-type any -j REJECT --reject-with icmp-port-unreachable"],
    ),
    Case(
        "-A INPUT -p icmp --icmp-type 3/4 -j REJECT --reject-with host-prohib",
        ["-A INPUT -p icmp -m icmp --icmp-type 3/4 -j REJECT --reject-with icmp-host-prohibited"],
    ),
    Case(
        '-A INPUT ! -i eth+ -p tcp --syn -m comment --comment foo -j LOG --log-prefix "x y"',
        [
            '-A INPUT ! -i eth+ -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m comment --comment foo -j LOG --log-prefix "x y"'
        ],
    ),
    Case("-A INPUT -p tcp --tcp-flags SYN,ACK SYN -g foo", ["-A INPUT -p tcp -m tcp --tcp-flags SYN,ACK SYN -g foo"]),
    Case(
        "-A INPUT -m conntrack ! --ctstate INVALID,RELATED -j RETURN",
        ["-A INPUT -m conntrack ! --ctstate INVALID,RELATED -j RETURN"],
    ),
    Case(
        "-A INPUT -p tcp -m multiport --ports 1,2:3 -m mark --mark 0x1/0xff -j ACCEPT",
        ["-A INPUT -p tcp -m multiport --ports 1,2:3 -m mark --mark 0x1/0xff -j ACCEPT"],
    ),
    Case(
        "-A INPUT -m addrtype --dst-type LOCAL,BROADCAST -m addrtype ! --src-type UNICAST --limit-iface-in -j ACCEPT",
        ["-A INPUT -m addrtype --dst-type LOCAL,BROADCAST -m addrtype ! --src-type UNICAST --limit-iface-in -j ACCEPT"],
    ),
    Case("-A INPUT -s 10.0.0.0/255.0.0.0 -d 10.1.2.3/8 -j DROP", ["-A INPUT -s 10.0.0.0/8 -d 10.0.0.0/8 -j DROP"]),
    Case("-A INPUT -s 10.0.0.0/255.0.255.0  -j DROP", ["-A INPUT -s 10.0.0.0/255.0.255.0 -j DROP"]),
    Case("-A INPUT -m physdev --physdev-in swp1 -j DROP", ["-A INPUT -m physdev --physdev-in swp1 -j DROP"]),
    Case(
        "-A INPUT -s 1.1.1.1,2.2.2.2 -p all -j DROP",
        ["-A INPUT -s 1.1.1.1/32 -j DROP", "-A INPUT -s 2.2.2.2/32 -j DROP"],
    ),
    Case("-A INPUT -p sctp --dport 5 -j DROP", ["-A INPUT -p sctp -m sctp --dport 5 -j DROP"]),
    Case(
        "-A FORWARD -p tcp --dport http -m state --state UNTRACKED ",
        ["-A FORWARD -p tcp -m tcp --dport 80 -m state --state UNTRACKED"],
    ),
    Case(
        "-A PREROUTING -p tcp --dport 80 -j DNAT --to 10.0.0.1:8080",
        ["-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1:8080"],
        table="nat",
    ),
    Case(
        "-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.1-10.0.0.5:8080-8090 --random",
        ["-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1-10.0.0.5:8080-8090 --random"],
        table="nat",
    ),
    Case(
        "-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
        ["-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080"],
        table="nat",
    ),
    Case("-A POSTROUTING -o eth0 -j MASQUERADE", ["-A POSTROUTING -o eth0 -j MASQUERADE"], table="nat"),
    Case(
        "-A POSTROUTING -o eth0 -j SNAT --to-source 1.2.3.4",
        ["-A POSTROUTING -o eth0 -j SNAT --to-source 1.2.3.4"],
        table="nat",
    ),
    Case(
        "-A POSTROUTING -d 10.0.0.0/8 -j NETMAP --to 11.0.0.0/8",
        ["-A POSTROUTING -d 10.0.0.0/8 -j NETMAP --to 11.0.0.0/8"],
        table="nat",
    ),
    Case("-A PREROUTING -j MARK --set-mark 5", ["-A PREROUTING -j MARK --set-xmark 0x5/0xffffffff"], table="mangle"),
    Case("-A PREROUTING -j MARK --set-xmark 5/0xf", ["-A PREROUTING -j MARK --set-xmark 0x5/0xf"], table="mangle"),
    Case("-A PREROUTING -j MARK --or-mark 5", ["-A PREROUTING -j MARK --set-xmark 0x5/0x5"], table="mangle"),
    Case(
        "-A PREROUTING -j CONNMARK --save-mark",
        ["-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff"],
        table="mangle",
    ),
    Case(
        "-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf",
        ["-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf"],
        table="mangle",
    ),
    Case(
        "-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
        ["-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"],
        table="mangle",
    ),
    Case(
        "-A PREROUTING -j CONNMARK --set-mark 5",
        ["-A PREROUTING -j CONNMARK --set-xmark 0x5/0xffffffff"],
        table="mangle",
    ),
    Case("-A PREROUTING -p udp -j CT --notrack", ["-A PREROUTING -p udp -j CT --notrack"], table="raw"),
    Case("-A PREROUTING -p udp -j NOTRACK", ["-A PREROUTING -p udp -j NOTRACK"], table="raw"),
    Case(
        '-A INPUT -m limit --limit 5/minute --limit-burst 10 -j LOG --log-prefix "IPT: " --log-level debug --log-uid',
        ['-A INPUT -m limit --limit 5/min --limit-burst 10 -j LOG --log-prefix "IPT: " --log-level 7 --log-uid'],
    ),
    Case(
        "-A INPUT -m limit --limit 1/s -j LOG --log-level 7 --log-tcp-options",
        ["-A INPUT -m limit --limit 1/sec -j LOG --log-level 7 --log-tcp-options"],
    ),
    Case("-A INPUT -m limit -j LOG", ["-A INPUT -m limit --limit 3/hour -j LOG"]),
    Case(
        "-A INPUT -p tcp -m connlimit --connlimit-above 10 -j REJECT --reject-with tcp-reset",
        [
            "-A INPUT -p tcp -m connlimit --connlimit-above 10 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with tcp-reset"
        ],
    ),
    Case(
        "-A INPUT -p tcp --syn -m connlimit --connlimit-upto 3 --connlimit-mask 24 -j ACCEPT",
        [
            "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-upto 3 --connlimit-mask 24 --connlimit-saddr -j ACCEPT"
        ],
    ),
    Case(
        "-A INPUT -p tcp ! --syn -m state --state NEW -j DROP",
        ["-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP"],
    ),
    Case(
        "-A INPUT -p tcp --tcp-flags ALL NONE -j DROP",
        ["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP"],
    ),
    Case(
        "-A INPUT -p tcp --tcp-flags ALL ALL -j DROP",
        ["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,PSH,ACK,URG -j DROP"],
    ),
    Case(
        "-A INPUT -p tcp --tcp-flags SYN,FIN SYN,FIN -j DROP",
        ["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP"],
    ),
    Case("-A INPUT -p tcp --destination-port 80 -j ACCEPT", ["-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT"]),
    Case(
        "-A INPUT -p tcp --sport 1024: --dport :1023 -j ACCEPT",
        ["-A INPUT -p tcp -m tcp --sport 1024:65535 --dport 0:1023 -j ACCEPT"],
    ),
    Case("-A INPUT -p tcp ! --dport 22 -j ACCEPT", ["-A INPUT -p tcp -m tcp ! --dport 22 -j ACCEPT"]),
    Case(
        "-A INPUT -p tcp -m multiport ! --dports 22,80 -j ACCEPT",
        ["-A INPUT -p tcp -m multiport ! --dports 22,80 -j ACCEPT"],
    ),
    Case(
        "-A INPUT -p tcp -m multiport --destination-ports ssh,http -j ACCEPT",
        ["-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT"],
    ),
    Case(
        "-A INPUT -p udp -m multiport --source-ports 53 -m multiport --dports 1024:65535 -j ACCEPT",
        ["-A INPUT -p udp -m multiport --sports 53 -m multiport --dports 1024:65535 -j ACCEPT"],
    ),
    Case("-A INPUT ! -p tcp -j ACCEPT", ["-A INPUT ! -p tcp -j ACCEPT"]),
    Case("-A INPUT -p 0 -j ACCEPT", ["-A INPUT -j ACCEPT"]),
    Case("-A INPUT -s 0.0.0.0/0 -j ACCEPT", ["-A INPUT -j ACCEPT"]),
    Case("-A INPUT -p 89 -j ACCEPT", ["-A INPUT -p ospf -j ACCEPT"]),
    Case("-A INPUT -p vrrp -j ACCEPT", ["-A INPUT -p vrrp -j ACCEPT"]),
    Case("-A INPUT -p gre -j ACCEPT", ["-A INPUT -p gre -j ACCEPT"]),
    Case("-A INPUT -p 200 -j ACCEPT", ["-A INPUT -p 200 -j ACCEPT"]),
    Case("-A INPUT -i lo -j ACCEPT", ["-A INPUT -i lo -j ACCEPT"]),
    Case("-A INPUT -i + -j ACCEPT", ["-A INPUT -j ACCEPT"]),
    Case("-A INPUT ! -i + -j ACCEPT", ["-A INPUT ! -i + -j ACCEPT"]),
    Case("-A FORWARD -i eth0 -o tap+ -j ACCEPT", ["-A FORWARD -i eth0 -o tap+ -j ACCEPT"]),
    Case(
        '-A INPUT -m comment --comment "it\'s a \\"quote\\" \\\\ back" -j ACCEPT',
        ['-A INPUT -m comment --comment "it\\\'s a \\"quote\\" \\\\ back" -j ACCEPT'],
    ),
    Case("-A INPUT -m comment --comment a.b -j ACCEPT", ['-A INPUT -m comment --comment "a.b" -j ACCEPT']),
    Case("-A INPUT -m mark --mark 5 -j ACCEPT", ["-A INPUT -m mark --mark 0x5 -j ACCEPT"]),
    Case("-A INPUT -m mark ! --mark 0x10/0xff -j ACCEPT", ["-A INPUT -m mark ! --mark 0x10/0xff -j ACCEPT"]),
    Case("-A INPUT -m connmark --mark 1 -j ACCEPT", ["-A INPUT -m connmark --mark 0x1 -j ACCEPT"]),
    Case("-A INPUT -m conntrack --ctstate DNAT,NEW -j ACCEPT", ["-A INPUT -m conntrack --ctstate NEW,DNAT -j ACCEPT"]),
    Case("-A INPUT -m conntrack --ctstate new -j ACCEPT", ["-A INPUT -m conntrack --ctstate NEW -j ACCEPT"]),
    Case(
        "-A INPUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT",
        ["-A INPUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT"],
    ),
    Case(
        "-A INPUT -m conntrack --ctorigdst 10.0.0.1 -j ACCEPT", ["-A INPUT -m conntrack --ctorigdst 10.0.0.1 -j ACCEPT"]
    ),
    Case(
        "-A INPUT -j REJECT --reject-with icmp-net-unreachable",
        ["-A INPUT -j REJECT --reject-with icmp-net-unreachable"],
    ),
    Case(
        "-A INPUT -j REJECT --reject-with icmp-admin-prohibited",
        ["-A INPUT -j REJECT --reject-with icmp-admin-prohibited"],
    ),
    Case("-A INPUT -j REJECT --reject-with admin-prohib", ["-A INPUT -j REJECT --reject-with icmp-admin-prohibited"]),
    Case("-A INPUT -p tcp -j REJECT --reject-with tcp-rst", ["-A INPUT -p tcp -j REJECT --reject-with tcp-reset"]),
    Case("-A INPUT -m pkttype --pkt-type multicast -j ACCEPT", ["-A INPUT -m pkttype --pkt-type multicast -j ACCEPT"]),
    Case("-A INPUT -m length --length 100: -j ACCEPT", ["-A INPUT -m length --length 100:65535 -j ACCEPT"]),
    Case("-A INPUT -m length ! --length 100 -j ACCEPT", ["-A INPUT -m length ! --length 100 -j ACCEPT"]),
    Case("-A INPUT -m ttl --ttl-eq 255 -j ACCEPT", ["-A INPUT -m ttl --ttl-eq 255 -j ACCEPT"]),
    Case("-A INPUT -m ttl --ttl-gt 5 -j ACCEPT", ["-A INPUT -m ttl --ttl-gt 5 -j ACCEPT"]),
    Case("-A INPUT -m dscp --dscp-class CS6 -j ACCEPT", ["-A INPUT -m dscp --dscp 0x30 -j ACCEPT"]),
    Case("-A INPUT -m tos --tos Minimize-Delay -j ACCEPT", ["-A INPUT -m tos --tos 0x10/0x3f -j ACCEPT"]),
    Case("-A INPUT -m tos --tos 0x10 -j ACCEPT", ["-A INPUT -m tos --tos 0x10/0xff -j ACCEPT"]),
    Case("-A INPUT -f -j DROP", ["-A INPUT -f -j DROP"]),
    Case("-A INPUT ! -f -j DROP", ["-A INPUT ! -f -j DROP"]),
    Case(
        "-A INPUT -m iprange ! --dst-range 10.0.0.1-10.0.0.9 -j DROP",
        ["-A INPUT -m iprange ! --dst-range 10.0.0.1-10.0.0.9 -j DROP"],
    ),
    Case("-A INPUT -m physdev --physdev-is-in -j DROP", ["-A INPUT -m physdev --physdev-is-in -j DROP"]),
    Case("-A INPUT -m physdev ! --physdev-is-bridged -j DROP", ["-A INPUT -m physdev ! --physdev-is-bridged -j DROP"]),
    Case("-A INPUT -m addrtype --src-type LOCAL -j DROP", ["-A INPUT -m addrtype --src-type LOCAL -j DROP"]),
    Case("-A INPUT -m policy --dir in --pol none -j DROP", ["-A INPUT -m policy --dir in --pol none -j DROP"]),
    Case("-A INPUT -m tcp -p tcp --dport 22 -j ACCEPT", ["-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"]),
    Case("-A INPUT --protocol tcp --dport 22 --jump ACCEPT", ["-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"]),
    Case("-A INPUT -p tcp --dport=22 -j ACCEPT", ["-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"]),
    Case("-A INPUT -p icmp -m icmp --icmp-type 255 -j ACCEPT", ["-A INPUT -p icmp -m icmp --icmp-type any -j ACCEPT"]),
    Case(
        "-A INPUT -p icmp ! --icmp-type echo-request -j ACCEPT", ["-A INPUT -p icmp -m icmp ! --icmp-type 8 -j ACCEPT"]
    ),
    Case("-A INPUT -p icmp --icmp-type ping -j ACCEPT", ["-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT"]),
    Case("-A INPUT -p icmp --icmp-type 3 -j ACCEPT", ["-A INPUT -p icmp -m icmp --icmp-type 3 -j ACCEPT"]),
    Case("-A INPUT -g foo", ["-A INPUT -g foo"]),
    Case("-A INPUT -j NFQUEUE --queue-num 3", ["-A INPUT -j NFQUEUE --queue-num 3"]),
    Case("-A INPUT -j MARK --set-mark 1", ["-A INPUT -j MARK --set-xmark 0x1/0xffffffff"]),
    Case("-A OUTPUT -m owner --uid-owner 0 -j ACCEPT", ["-A OUTPUT -m owner --uid-owner 0 -j ACCEPT"]),
    Case(
        '-A INPUT -m string --string "foo bar" --algo bm -j DROP',
        ['-A INPUT -m string --string "foo bar" --algo bm -j DROP'],
    ),
    Case(
        "-A INPUT -m statistic --mode nth --every 3 --packet 0 -j DROP",
        ["-A INPUT -m statistic --mode nth --every 3 --packet 0 -j DROP"],
    ),
    Case(
        "-A INPUT -m mac --mac-source 00:11:22:33:44:55 -j DROP",
        ["-A INPUT -m mac --mac-source 00:11:22:33:44:55 -j DROP"],
    ),
    Case("-A INPUT -j TRACE", ["-A INPUT -j TRACE"]),
    Case(
        "-A FORWARD -p tcp --syn -j TCPMSS --set-mss 1400",
        ["-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400"],
    ),
    Case(
        "-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination :8080",
        ["-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination :8080"],
        table="nat",
    ),
    Case(
        "-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2048",
        ["-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2048"],
        table="nat",
    ),
    Case("-A POSTROUTING -p tcp -j MASQUERADE --random", ["-A POSTROUTING -p tcp -j MASQUERADE --random"], table="nat"),
    Case(
        "-A POSTROUTING -j SNAT --to 10.0.0.1-10.0.0.9 --persistent",
        ["-A POSTROUTING -j SNAT --to-source 10.0.0.1-10.0.0.9 --persistent"],
        table="nat",
    ),
    Case("-A INPUT -j SNAT --to-source 10.0.0.1", ["-A INPUT -j SNAT --to-source 10.0.0.1"], table="nat"),
    Case("-A OUTPUT -j REDIRECT", ["-A OUTPUT -j REDIRECT"], table="nat"),
    Case("-A OUTPUT -j DNAT --to-destination 10.0.0.1", ["-A OUTPUT -j DNAT --to-destination 10.0.0.1"], table="nat"),
    Case(
        "-A POSTROUTING -o eth+ ! -d 10.0.0.0/8 -m addrtype ! --dst-type LOCAL -j MASQUERADE",
        ["-A POSTROUTING ! -d 10.0.0.0/8 -o eth+ -m addrtype ! --dst-type LOCAL -j MASQUERADE"],
        table="nat",
    ),
    Case("-A PREROUTING -j MARK --and-mark 5", ["-A PREROUTING -j MARK --set-xmark 0x0/0xfffffffa"], table="mangle"),
    Case("-A PREROUTING -j MARK --xor-mark 5", ["-A PREROUTING -j MARK --set-xmark 0x5/0x0"], table="mangle"),
    Case(
        "-A PREROUTING -j CONNMARK --set-xmark 5/0xff",
        ["-A PREROUTING -j CONNMARK --set-xmark 0x5/0xff"],
        table="mangle",
    ),
    Case(
        "-A PREROUTING -j CONNMARK --save-mark --mask 0xff",
        ["-A PREROUTING -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff"],
        table="mangle",
    ),
    Case("-A PREROUTING -j TTL --ttl-set 64", ["-A PREROUTING -j TTL --ttl-set 64"], table="mangle"),
    Case("-A PREROUTING -j TTL --ttl-inc 1", ["-A PREROUTING -j TTL --ttl-inc 1"], table="mangle"),
    Case("-A PREROUTING -j DSCP --set-dscp 10", ["-A PREROUTING -j DSCP --set-dscp 0x0a"], table="mangle"),
    Case("-A PREROUTING -j DSCP --set-dscp-class EF", ["-A PREROUTING -j DSCP --set-dscp 0x2e"], table="mangle"),
    Case("-A PREROUTING -j TOS --set-tos 0x10", ["-A PREROUTING -j TOS --set-tos 0x10/0xff"], table="mangle"),
    Case("-A PREROUTING -j CT --zone 5", ["-A PREROUTING -j CT --zone 5"], table="raw"),
    Case("-A PREROUTING -j TRACE", ["-A PREROUTING -j TRACE"], table="raw"),
    Case("-A OUTPUT -j ACCEPT", ["-A OUTPUT -j ACCEPT"], table="raw"),
    Case(
        "-A PREROUTING -p tcp -m state --state NEW -j ACCEPT",
        ["-A PREROUTING -p tcp -m state --state NEW -j ACCEPT"],
        table="raw",
    ),
    Case("-A INPUT -p tcp -j REJECT --reject-with tcp-reset", ["-A INPUT -p tcp -j REJECT --reject-with tcp-reset"]),
    Case(
        "-A INPUT -s 10.0.0.1,10.0.0.2 -d 10.1.0.0/16,10.2.0.0/16 -j DROP",
        [
            "-A INPUT -s 10.0.0.1/32 -d 10.1.0.0/16 -j DROP",
            "-A INPUT -s 10.0.0.1/32 -d 10.2.0.0/16 -j DROP",
            "-A INPUT -s 10.0.0.2/32 -d 10.1.0.0/16 -j DROP",
            "-A INPUT -s 10.0.0.2/32 -d 10.2.0.0/16 -j DROP",
        ],
    ),
    Case("-A foo -i eth0 -o eth1 -j ACCEPT", ["-A foo -i eth0 -o eth1 -j ACCEPT"]),
    Case(
        "-A INPUT -s fe80::/10 -p tcp --dport 179 -j ACCEPT",
        ["-A INPUT -s fe80::/10 -p tcp -m tcp --dport 179 -j ACCEPT"],
        version=6,
    ),
    Case(
        "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT",
        ["-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT"],
        version=6,
    ),
    Case(
        "-A INPUT -p icmpv6 --icmpv6-type echo-request -j ACCEPT",
        ["-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT"],
        version=6,
    ),
    Case(
        "-A INPUT -p icmpv6 --icmpv6-type 1/4 -j ACCEPT",
        ["-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 1/4 -j ACCEPT"],
        version=6,
    ),
    Case("-A INPUT -s 2001:DB8::1 -j ACCEPT", ["-A INPUT -s 2001:db8::1/128 -j ACCEPT"], version=6),
    Case("-A INPUT -j REJECT", ["-A INPUT -j REJECT --reject-with icmp6-port-unreachable"], version=6),
    Case(
        "-A INPUT -j REJECT --reject-with icmp6-adm-prohibited",
        ["-A INPUT -j REJECT --reject-with icmp6-adm-prohibited"],
        version=6,
    ),
    Case(
        "-A INPUT -p tcp -j REJECT --reject-with tcp-reset",
        ["-A INPUT -p tcp -j REJECT --reject-with tcp-reset"],
        version=6,
    ),
    Case("-A INPUT -m hl --hl-eq 255 -j ACCEPT", ["-A INPUT -m hl --hl-eq 255 -j ACCEPT"], version=6),
    Case("-A INPUT -p icmp -j ACCEPT", ["-A INPUT -p icmp -j ACCEPT"], version=6),
    Case(
        "-A INPUT -p tcp -m multiport --dports 22,179 -j DROP",
        ["-A INPUT -p tcp -m multiport --dports 22,179 -j DROP"],
        version=6,
    ),
    Case(
        "-A INPUT -m addrtype --dst-type MULTICAST -j ACCEPT",
        ["-A INPUT -m addrtype --dst-type MULTICAST -j ACCEPT"],
        version=6,
    ),
    Case("-A INPUT -s ::/0 -j ACCEPT", ["-A INPUT -j ACCEPT"], version=6),
    Case(
        "-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [2001:db8::1]:8080",
        ["-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination [2001:db8::1]:8080"],
        table="nat",
        version=6,
    ),
    Case(
        "-A POSTROUTING -j SNAT --to-source 2001:db8::5",
        ["-A POSTROUTING -j SNAT --to-source 2001:db8::5"],
        table="nat",
        version=6,
    ),
]

REFUSED = [
    Case("-A INPUT -m state -j ACCEPT"),
    Case("-A INPUT -p tcp -m multiport -j ACCEPT"),
    Case("-A INPUT -m comment -j ACCEPT"),
    Case("-A INPUT -m conntrack -j ACCEPT"),
    Case("-A INPUT -p icmp -m icmp -j ACCEPT"),
    Case("-A INPUT -m limit ! --limit 5/s"),
    Case("-A INPUT ! -s 0.0.0.0/0 -j ACCEPT"),
    Case("-A INPUT -d 224.0.0.0/4 -p ospfigp -j ACCEPT"),
    Case("-A INPUT -ptcp --dport 22 -jACCEPT"),
    Case("-A INPUT -p tcp --dst-port 22 -j ACCEPT"),
    Case("-A INPUT -p icmp --icmp-type 300 -j ACCEPT"),
    Case("-A INPUT -g ACCEPT"),
    Case("-A INPUT -j bar"),
    Case("-A INPUT -j foo --comment x"),
    Case("-A INPUT -j CT --notrack"),
    Case("-A INPUT -j DNAT --to 1.1.1.1"),
    Case("-A INPUT -j CHECKSUM --checksum-fill"),
    Case("-A PREROUTING -j DNAT --to-destination 10.0.0.1:8080", table="nat"),
    Case("-A PREROUTING -p tcp -j DNAT", table="nat"),
    Case("-A PREROUTING -j SNAT --to-source 10.0.0.1", table="nat"),
    Case("-A PREROUTING -j MASQUERADE", table="nat"),
    Case("-A POSTROUTING -j REDIRECT", table="nat"),
    Case("-A PREROUTING -j DROP", table="nat"),
    Case("-A PREROUTING -j REJECT", table="nat"),
    Case("-A PREROUTING -j MARK", table="mangle"),
    Case("-A PREROUTING -j REJECT", table="mangle"),
    Case("-A INPUT --dport 22 -j ACCEPT"),
    Case("-A INPUT -p tcp --dport 70000 -j ACCEPT"),
    Case("-A INPUT -p tcp --dprt 22 -j ACCEPT"),
    Case("-A BAR -j ACCEPT"),
    Case("-A INPUT -s 10.0.0.300 -j ACCEPT"),
    Case("-A INPUT -m foo -j ACCEPT"),
    Case("-A INPUT -m multiport --dports 22 -j ACCEPT"),
    Case("-A INPUT -p tcp -m state --state NU -j ACCEPT"),
    Case("-A OUTPUT -i eth0 -j ACCEPT"),
    Case("-A INPUT -o eth0 -j ACCEPT"),
    Case("-A INPUT -p tcp -j DROP --reject-with x"),
    Case("-A INPUT -j REJECT --reject-with foo"),
    Case("-A INPUT -j ACCEPT -j DROP"),
    Case("-A INPUT -j"),
    Case("-A INPUT -p foo"),
    Case("-A INPUT -p tcp --dport 10:5 -j ACCEPT"),
    Case("-A INPUT ! ! -s 1.1.1.1 -j DROP"),
    Case("-A INPUT -i abcdefghijklmnopqrs"),
    Case("-A INPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"),
    Case("-A INPUT -m limit --limit 5/fortnight"),
    Case("-A INPUT -s ::1"),
    Case("-A INPUT extra"),
    Case("-A INPUT -s 1.1.1.1/33"),
    Case("-A INPUT -m comment --comment"),
    Case("-A INPUT -s !10.0.0.1 -j DROP"),
    Case("-A INPUT -s -j DROP"),
    Case("-A INPUT -p tcp -m tcp --tcp-flags SYN -j DROP"),
    Case("-A INPUT -m mark --mark zz"),
    Case("-A INPUT -p icmp --icmp-type foo"),
    Case("-A INPUT -s 10.0.0.1 -s 10.0.0.2"),
    Case("-A INPUT -p tcp --sport 5 --sport 6"),
    Case("-A INPUT -j RETURN foo"),
    Case("-A INPUT -m addrtype --dst-type FOO"),
    Case("-A INPUT -j REJECT --reject-with tcp-reset"),
    Case("-A INPUT -p udp -j REJECT --reject-with tcp-reset"),
    Case("-A INPUT ! -s 10.0.0.1,10.0.0.2 -j DROP"),
    Case("-A INPUT -m conntrack --ctstate FOO"),
    Case("-A INPUT -m conntrack --ctdir SIDEWAYS"),
    Case("-A INPUT -m pkttype --pkt-type anycast"),
    Case("-A INPUT -m dscp --dscp 64"),
    Case("-A INPUT -m ttl --ttl-eq 256"),
    Case("-A INPUT !"),
    Case("-A INPUT -s 10.0.0.1 -j ACCEPT", version=6),
    Case("-A INPUT -j REJECT --reject-with icmp-port-unreachable", version=6),
]
