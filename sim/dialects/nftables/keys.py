"""What an nftables rule may ask about: keys such as `tcp dport`, `ct state`, `iifname`, and how their values read.

A key has a field of the packet, a kind of value, and the matches that nft adds by itself (`tcp dport` asks for TCP).
"""

from collections.abc import Mapping

from sim.dataclasses import dataclass
from sim.dialects.nftables.tokens import Cursor
from sim.errors import ConfigError
from sim.filters.matches import Match, Within

PORTED: Mapping[str, int] = {"tcp": 6, "udp": 17, "dccp": 33, "sctp": 132, "udplite": 136}


@dataclass(frozen=True, slots=True)
class Key:
    """A key: how nft prints it, the packet's field, the kind of its values, what else must hold."""

    text: str
    field: str
    kind: str
    needs: tuple[Match, ...] = ()


class NotModelled(Exception):
    """A key or statement that nft knows and the model does not; never leaves this dialect."""


def _only(field: str, value: int) -> tuple[Match, ...]:
    return (Within(field, ((value, value),)),)


_META: Mapping[str, tuple[str, str]] = {
    "iifname": ("incoming", "name"),
    "oifname": ("outgoing", "name"),
    "iif": ("incoming", "device"),
    "oif": ("outgoing", "device"),
    "l4proto": ("protocol", "protocol"),
    "nfproto": ("version", "family"),
    "protocol": ("version", "ethertype"),
    "mark": ("mark", "mark"),
    "length": ("length", "number"),
    "pkttype": ("", "packet type"),
    "ibrname": ("bridge_in", "name"),
    "obrname": ("bridge_out", "name"),
}
_BARE = ("iifname", "oifname", "iif", "oif", "mark", "pkttype", "ibrname", "obrname")  # without the word meta
_IP: Mapping[str, tuple[str, str]] = {
    "saddr": ("source", "address"),
    "daddr": ("destination", "address"),
    "ttl": ("ttl", "number"),
    "hoplimit": ("ttl", "number"),
    "length": ("length", "number"),
    "dscp": ("dscp", "dscp"),
    "protocol": ("protocol", "protocol"),
    "nexthdr": ("protocol", "protocol"),
}
_CT: Mapping[str, tuple[str, str]] = {
    "state": ("state", "state"),
    "mark": ("connection_mark", "mark"),
    "status": ("tracked", "status"),
    "direction": ("reply", "direction"),
}
KNOWN_WORDS = frozenset(  # what a rule may begin a part with, in nft 1.0.6, and the model does not know
    (
        *("ether", "vlan", "arp", "rt", "rt0", "rt2", "rt4", "srh", "hbh", "dst", "mh", "frag", "numgen", "jhash"),
        *("symhash", "osf", "socket", "ipsec", "fib", "esp", "ah", "comp", "igmp", "gre", "geneve", "vxlan", "exthdr"),
        *("@th", "@nh", "@ll", "@ih", "meta", "ct", "ip", "ip6", "tcp", "udp", "icmp", "icmpv6", "th", "sctp", "dccp"),
        *("udplite", "skuid", "skgid", "rtclassid", "cpu", "iifgroup", "oifgroup", "iiftype", "oiftype", "cgroup"),
        *("priority", "random", "time", "hour", "day", "xt", "option"),
    )
)


_PORTS = {"sport", "dport"}
_SECOND: Mapping[str, frozenset[str]] = {  # the keys that nft 1.0.6 has behind these words
    "meta": frozenset(_META)
    | {"priority", "iiftype", "oiftype", "skuid", "skgid", "nftrace", "rtclassid", "cpu", "iifgroup", "oifgroup"}
    | {
        "cgroup",
        "random",
        "ipsec",
        "secpath",
        "iifkind",
        "oifkind",
        "sdif",
        "sdifname",
        "time",
        "day",
        "hour",
        "secmark",
    },
    "ct": frozenset(_CT)
    | {
        "expiration",
        "helper",
        "label",
        "l3proto",
        "protocol",
        "original",
        "reply",
        "bytes",
        "packets",
        "avgpkt",
        "zone",
    }
    | {"count", "id", "event", "secmark", "timeout", "proto-src", "proto-dst", "src", "dst"},
    "ip": frozenset(_IP) - {"hoplimit", "nexthdr"}
    | {"version", "hdrlength", "ecn", "id", "frag-off", "checksum", "option"},
    "ip6": frozenset(_IP) - {"ttl", "protocol"} | {"version", "ecn", "flowlabel"},
    "tcp": frozenset(_PORTS)
    | {"flags", "sequence", "ackseq", "doff", "reserved", "window", "checksum", "urgptr", "option"},
    "udp": frozenset(_PORTS) | {"length", "checksum"},
    "udplite": frozenset(_PORTS) | {"csumcov", "checksum"},
    "sctp": frozenset(_PORTS) | {"vtag", "checksum", "chunk"},
    "dccp": frozenset(_PORTS) | {"type", "option"},
    "th": frozenset(_PORTS),
    "fib": frozenset(("saddr", "daddr", "mark", "iif", "oif")),
    "icmp": frozenset(("type", "code", "checksum", "id", "sequence", "mtu", "gateway")),
    "icmpv6": frozenset(
        ("type", "code", "checksum", "parameter-problem", "packet-too-big", "id", "sequence", "max-delay")
    ),
}


def read_key(cursor: Cursor, family: str) -> Key:
    """The key that comes next. NotModelled where nft knows it, ConfigError where nothing does."""
    word, then = cursor.next, cursor.ahead()
    if {word, family} == {"ip", "ip6"}:
        raise ConfigError(f"conflicting protocols specified: {family} vs. {word}", cursor.place)
    if word in _BARE:
        cursor.take()
        return _meta(word, bare=word != "mark" and word != "pkttype")
    found = _of_two(word, then, family)
    if found is not None:
        cursor.take()
        cursor.take()
        return found
    if word == "fib" and (then, cursor.ahead(2)) in (("saddr", "type"), ("daddr", "type")):
        for _ in range(3):
            cursor.take()
        return Key(f"fib {then} type", "source_kind" if then == "saddr" else "destination_kind", "fib type")
    if word in _SECOND and then not in _SECOND[word]:
        known = ", ".join(sorted(_SECOND[word]))
        raise ConfigError(f"syntax error, unexpected {then}, known keys are {known}", cursor.place)
    if word in KNOWN_WORDS:
        raise NotModelled(f"{word} {then}".rstrip())
    raise ConfigError(f"syntax error, unexpected {word}", cursor.place)


def _meta(word: str, bare: bool) -> Key:
    field, kind = _META[word]
    return Key(word if bare else f"meta {word}", field, kind)


def _of_two(word: str, then: str, family: str) -> Key | None:
    """Keys of two words."""
    if word == "meta" and then in _META:
        return _meta(then, bare=then in _BARE and then not in ("mark", "pkttype"))
    if word in ("ip", "ip6") and then in _IP:
        return _ip(word, then, family)
    if word == "ct" and then in _CT:
        field, kind = _CT[then]
        return Key(f"ct {then}", field, kind)
    if (word in PORTED or word == "th") and then in ("sport", "dport"):
        return Key(f"{word} {then}", then, "port", _only("protocol", PORTED[word]) if word != "th" else ())
    if (word, then) == ("tcp", "flags"):
        return Key("tcp flags", "tcp_flags", "flags", _only("protocol", 6))
    if word in ("icmp", "icmpv6") and then in ("type", "code"):
        kind = f"{word} type" if then == "type" else "number"
        return Key(f"{word} {then}", f"icmp_{then}", kind, _only("protocol", 1 if word == "icmp" else 58))
    return None


def _ip(word: str, then: str, family: str) -> Key:
    field, kind = _IP[then]
    version = 4 if word == "ip" else 6
    needs = _only("version", version) if family not in ("ip", "ip6") else ()
    return Key(f"{word} {then}", field, f"address {version}" if kind == "address" else kind, needs)
