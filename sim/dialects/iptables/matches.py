"""iptables' match extensions: each a table of its options, in the order in which iptables-save prints them.

An option reads its values into matches, and says how it is printed. A new extension is one more entry of MATCHES.
"""

from collections.abc import Mapping

from sim.dialects.iptables.circumstances import (
    STATES_AND_STATUS,
    address_kind,
    below,
    between_addresses,
    burst,
    comment,
    direction,
    limit_interface,
    mark,
    of_bridge,
    policy,
    port_of_bridge,
    rate,
    states,
)
from sim.dialects.iptables.headers import (
    TTL,
    dscp,
    dscp_class,
    icmp_type,
    numbers,
    one_port_range,
    packet_type,
    port_list,
    tcp_flags,
    tcp_syn,
    tos,
)
from sim.dialects.iptables.names import ICMP6_TYPES, ICMP_TYPES, PORTED
from sim.dialects.iptables.options import Extension, Option, plain, unmodelled
from sim.dialects.iptables.values import protocol_name

_PORTS = {"--sport": one_port_range("sport"), "--dport": one_port_range("dport")}
_PORT_NAMES = {"--source-port": "--sport", "--destination-port": "--dport"}
_TCP = {"--tcp-flags": Option(tcp_flags, 2), "--syn": Option(tcp_syn, 0)}

MATCHES: Mapping[str, Extension] = {
    "tcp": Extension({**_PORTS, "--tcp-option": unmodelled(), **_TCP}, ("tcp",), _PORT_NAMES),
    "udp": Extension(_PORTS, ("udp",), _PORT_NAMES),
    "udplite": Extension(_PORTS, ("udplite",), _PORT_NAMES),
    "sctp": Extension({**_PORTS, "--chunk-types": unmodelled(2)}, ("sctp",), _PORT_NAMES),
    "dccp": Extension({**_PORTS, "--dccp-types": unmodelled(), "--dccp-option": unmodelled()}, ("dccp",), _PORT_NAMES),
    "icmp": Extension({"--icmp-type": icmp_type(ICMP_TYPES)}, ("icmp",)),
    "icmp6": Extension({"--icmpv6-type": icmp_type(ICMP6_TYPES)}, ("ipv6-icmp",)),
    "multiport": Extension(
        {"--sports": port_list("sport"), "--dports": port_list("dport"), "--ports": port_list("sport", "dport")},
        PORTED,
        {"--source-ports": "--sports", "--destination-ports": "--dports"},
    ),
    "state": Extension({"--state": states(STATES_AND_STATUS[:5], 'Bad state "{}"')}),
    "conntrack": Extension(
        {
            "--ctstate": states(STATES_AND_STATUS, 'Bad ctstate "{}"'),
            "--ctdir": Option(direction),
            **{f"--ct{name}": unmodelled() for name in ("proto", "origsrc", "origdst", "replsrc", "repldst")},
            **{f"--ct{name}": unmodelled() for name in ("origsrcport", "origdstport", "replsrcport", "repldstport")},
            **{f"--ct{name}": unmodelled() for name in ("status", "expire")},
        }
    ),
    "mark": Extension({"--mark": mark("mark")}),
    "connmark": Extension({"--mark": mark("connection_mark")}),
    "addrtype": Extension(
        {
            "--src-type": address_kind("source_kind"),
            "--dst-type": address_kind("destination_kind"),
            "--limit-iface-in": Option(limit_interface, 0),
            "--limit-iface-out": Option(limit_interface, 0),
        }
    ),
    "iprange": Extension({"--src-range": between_addresses("source"), "--dst-range": between_addresses("destination")}),
    "physdev": Extension(
        {
            "--physdev-is-in": of_bridge("bridge_in"),
            "--physdev-in": port_of_bridge("bridge_in"),
            "--physdev-is-out": of_bridge("bridge_out"),
            "--physdev-out": port_of_bridge("bridge_out"),
            "--physdev-is-bridged": of_bridge("bridge_in", "bridge_out"),
        }
    ),
    "comment": Extension({"--comment": Option(comment)}),
    "limit": Extension(
        {"--limit": Option(rate), "--limit-burst": Option(burst)}, defaults={"--limit": "--limit 3/hour"}
    ),
    "hashlimit": Extension(
        {
            "--hashlimit-upto": below(True),
            "--hashlimit": below(True),
            "--hashlimit-above": below(False),
            **{f"--hashlimit-{name}": Option(plain) for name in ("burst", "mode", "name", "srcmask", "dstmask")},
            **{f"--hashlimit-htable-{name}": Option(plain) for name in ("size", "max", "expire", "gcinterval")},
        },
        defaults={"--hashlimit-burst": "--hashlimit-burst 5"},
    ),
    "connlimit": Extension(
        {
            "--connlimit-upto": below(True),
            "--connlimit-above": below(False),
            "--connlimit-mask": Option(plain),
            "--connlimit-saddr": Option(plain, 0),
            "--connlimit-daddr": Option(plain, 0),
        },
        defaults={"--connlimit-mask": "--connlimit-mask 32", "--connlimit-saddr": "--connlimit-saddr"},
    ),
    "pkttype": Extension({"--pkt-type": Option(packet_type)}),
    "length": Extension({"--length": numbers("length")}),
    "ttl": Extension({f"--ttl-{name}": option for name, option in TTL.items()}),
    "hl": Extension({f"--hl-{name}": option for name, option in TTL.items()}),
    "dscp": Extension({"--dscp": Option(dscp), "--dscp-class": Option(dscp_class)}),
    "tos": Extension({"--tos": Option(tos)}),
    "policy": Extension({"--dir": Option(plain), "--pol": Option(policy)}),
    "set": Extension(
        {
            "--match-set": unmodelled(2),
            **{f"--{name}": Option(plain) for name in ("packets-eq", "packets-lt", "packets-gt")},
            "--return-nomatch": Option(plain, 0),
        }
    ),
}


def of_protocol(value: int) -> str | None:
    """The extension that `-p` brings by itself where an option asks for it."""
    name = {"ipv6-icmp": "icmp6"}.get(protocol_name(value), protocol_name(value))
    return name if name in MATCHES else None
