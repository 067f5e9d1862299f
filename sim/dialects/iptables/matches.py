"""iptables' match extensions: each a table of its options, in the order in which iptables-save prints them.

An option reads its values into matches, and says how it is printed. A new extension is one more entry of MATCHES.
"""

from collections.abc import Callable, Mapping, Sequence

from sim.dataclasses import dataclass, field
from sim.dialects.iptables.names import CLASSES, ICMP6_TYPES, ICMP_TYPES, PORTED, TOS
from sim.dialects.iptables.values import address_range, masked, number, ports, ports_text, protocol_name
from sim.dialects.iptables.words import quoted
from sim.errors import ConfigError, Place
from sim.filters.matches import Bits, Either, Match, Named, Unmodelled, within
from sim.filters.packet import DNATTED, SNATTED, Kind, State
from sim.filters.ranges import Ranges, ranges
from sim.snapshot import Note

ALWAYS, NEVER = Either(((),)), Either(())


@dataclass(frozen=True, slots=True)
class Asked:
    """One occurrence of an option: its name, its values, whether `!` stood before it, and of which rule it is."""

    option: str
    values: Sequence[str]
    negated: bool
    place: Place
    version: int
    protocol: int | None

    @property
    def value(self) -> str:
        """The only value."""
        return self.values[0]

    def text(self, value: str | None = None) -> str:
        """As iptables-save prints it."""
        shown = " ".join(self.values) if value is None else value
        return f"{'! ' if self.negated else ''}{self.option} {shown}".rstrip()

    def wrong(self, text: str) -> ConfigError:
        """A complaint at the rule's line."""
        return ConfigError(text, self.place)

    def note(self, text: str) -> Note:
        """A note at the rule's line."""
        return Note(self.place, text)


@dataclass(frozen=True, slots=True)
class Read:
    """What came of an option: matches, how it is printed, and a note where something was simplified."""

    matches: tuple[Match, ...]
    text: str
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """An option: how many values it takes, and what they mean."""

    read: Callable[[Asked], Read]
    arity: int = 1


@dataclass(frozen=True, slots=True)
class Extension:
    """A match extension. `protocols`: those that it needs (`-p`), empty for any."""

    options: Mapping[str, Option]
    protocols: tuple[str, ...] = ()
    aliases: Mapping[str, str] | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)  # printed though not given


# --- ports and flags


def _ports(field: str) -> Option:
    def read(asked: Asked) -> Read:
        found = ports(asked.value, asked.place)
        return Read((within(field, (found,), asked.negated),), asked.text(ports_text(found)))

    return Option(read)


def _many_ports(*fields: str) -> Option:
    def read(asked: Asked) -> Read:
        found = [ports(each, asked.place) for each in asked.value.split(",")]
        if sum(1 if low == high else 2 for low, high in found) > 15:
            raise asked.wrong("too many ports specified")
        shown = asked.text(",".join(map(ports_text, found)))
        options = tuple((within(field, ranges(found)),) for field in fields)
        if len(fields) > 1:
            return Read((Either(options, asked.negated),), shown)
        return Read((within(fields[0], ranges(found), asked.negated),), shown)

    return Option(read)


FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ALL": 63, "NONE": 0}


def _flags(asked: Asked) -> Read:
    mask, value = (_flag_bits(asked, text) for text in asked.values)
    shown = " ".join(_flag_names(bits) for bits in (mask, value))
    return Read((Bits("tcp_flags", mask, value, asked.negated),), asked.text(shown))


def _flag_bits(asked: Asked, text: str) -> int:
    bits = 0
    for name in text.split(","):
        if name.upper() not in FLAGS:
            raise asked.wrong(f"Unknown TCP flag `{name}'")
        bits |= FLAGS[name.upper()]
    return bits


def _flag_names(bits: int) -> str:
    return ",".join(name for name, bit in list(FLAGS.items())[:6] if bits & bit) or "NONE"


def _syn(asked: Asked) -> Read:
    shown = f"{'! ' if asked.negated else ''}--tcp-flags FIN,SYN,RST,ACK SYN"
    return Read((Bits("tcp_flags", 0x17, 2, asked.negated),), shown)


def _icmp(names: Mapping[str, tuple[int, int, int]]) -> Option:
    def read(asked: Asked) -> Read:
        if asked.value == "any" or (asked.value == "255" and asked.version == 4):
            return Read((), asked.text("any"))
        kind, low, high = _icmp_type(asked, names)
        shown = asked.text(f"{kind}/{low}" if low == high else str(kind))
        parts: tuple[Match, ...] = (within("icmp_type", ((kind, kind),)),)
        if (low, high) != (0, 255):
            parts += (within("icmp_code", ((low, high),)),)
        return Read((Either((parts,), True),) if asked.negated else parts, shown)

    return Option(read)


def _icmp_type(asked: Asked, names: Mapping[str, tuple[int, int, int]]) -> tuple[int, int, int]:
    if asked.value in names:
        return names[asked.value]
    head, slash, code = asked.value.partition("/")
    if not head.isdecimal() or int(head) > 255 or (slash and not (code.isdecimal() and int(code) <= 255)):
        raise asked.wrong(f"Unknown ICMP type `{asked.value}'")
    return int(head), int(code) if slash else 0, int(code) if slash else 255


# --- connection tracking and marks

STATES = {state.name: state for state in State}
_STATUS = {"SNAT": SNATTED, "DNAT": DNATTED}
_ORDER = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")


def _states(known: Sequence[str], complaint: str) -> Option:
    def read(asked: Asked) -> Read:
        names = [name.upper() for name in asked.value.split(",")]
        if bad := next((name for name in names if name not in known), None):
            raise asked.wrong(complaint.format(bad))
        shown = asked.text(",".join(name for name in _ORDER if name in names))
        held = within("state", ranges((STATES[name], STATES[name]) for name in names if name in STATES))
        status = [_STATUS[name] for name in names if name in _STATUS]
        if not status:
            return Read((within("state", held.ranges, asked.negated),), shown)
        translated: list[tuple[Match, ...]] = [(Bits("tracked", bit, bit),) for bit in status]
        return Read((Either(((held,), *translated), asked.negated),), shown)

    return Option(read)


def _direction(asked: Asked) -> Read:
    way = {"ORIGINAL": 0, "REPLY": 1}.get(asked.value.upper())
    if way is None:
        raise asked.wrong(f"Bad ctdir {asked.value!r}")
    return Read((within("reply", ((way, way),), asked.negated),), asked.text())


def _mark(field: str) -> Option:
    def read(asked: Asked) -> Read:
        value, mask = masked(asked.value, asked.option, asked.place)
        shown = f"{value:#x}" if mask == 0xFFFFFFFF else f"{value:#x}/{mask:#x}"
        return Read((Bits(field, mask, value, asked.negated),), asked.text(shown))

    return Option(read)


# --- addresses and interfaces

KINDS = {kind.name: kind for kind in Kind}


def _kind(field: str) -> Option:
    def read(asked: Asked) -> Read:
        names = [name.upper() for name in asked.value.split(",")]
        if bad := next((name for name in names if name not in KINDS), None):
            raise asked.wrong(f'addrtype: bad type "{bad}"')
        found = ranges((KINDS[name], KINDS[name]) for name in names)
        shown = ",".join(kind.name for kind in Kind if kind.name in names)
        return Read((within(field, found, asked.negated),), asked.text(shown))

    return Option(read)


def _limit_iface(asked: Asked) -> Read:
    return Read((), asked.text(), asked.note(f"{asked.option}: the address type is taken of the whole node"))


def _address_range(field: str) -> Option:
    def read(asked: Asked) -> Read:
        low, high = address_range(asked.value, asked.version, asked.place)
        held = ((low, high),) if low <= high else ()  # a reversed range never matches, says xt_iprange
        return Read((within(field, held, asked.negated),), asked.text())

    return Option(read)


def _port_of_bridge(field: str) -> Option:
    def read(asked: Asked) -> Read:
        return Read((Named(field, (wildcard(asked.value),), asked.negated),), asked.text())

    return Option(read)


def _of_bridge(*fields: str) -> Option:
    def read(asked: Asked) -> Read:
        there: tuple[Match, ...] = tuple(Named(field, ("",), negated=True) for field in fields)
        return Read((Either((there,), asked.negated),), asked.text(), None)

    return Option(read, 0)


def wildcard(name: str) -> str:
    """An interface's name with iptables' `+` as the `*` of a Named."""
    return f"{name[:-1]}*" if name.endswith("+") else name


# --- plain numbers


def _numbers(field: str, separator: str = ":", top: int = 65535) -> Option:
    def read(asked: Asked) -> Read:
        low, colon, high = asked.value.partition(separator)
        first = number(low, asked.option, asked.place, top) if low else 0
        last = (number(high, asked.option, asked.place, top) if high else top) if colon else first
        shown = f"{first}{separator}{last}" if colon else str(first)
        return Read((within(field, ((first, last),), asked.negated),), asked.text(shown))

    return Option(read)


def _compared(field: str, held: Callable[[int], Ranges]) -> Option:
    def read(asked: Asked) -> Read:
        value = number(asked.value, asked.option, asked.place, 255)
        return Read((within(field, held(value), asked.negated),), asked.text(str(value)))

    return Option(read)


_TTL = {
    "eq": _compared("ttl", lambda value: ((value, value),)),
    "lt": _compared("ttl", lambda value: ((0, value - 1),) if value else ()),
    "gt": _compared("ttl", lambda value: ((value + 1, 255),) if value < 255 else ()),
}


def _dscp(asked: Asked) -> Read:
    value = number(asked.value, asked.option, asked.place, 63)
    return Read((within("dscp", ((value, value),), asked.negated),), asked.text(f"0x{value:02x}"))


def _dscp_class(asked: Asked) -> Read:
    value = CLASSES.get(asked.value.upper())
    if value is None:
        raise asked.wrong(f"Invalid DSCP class `{asked.value}'")
    return Read(
        (within("dscp", ((value, value),), asked.negated),), f"{'! ' if asked.negated else ''}--dscp 0x{value:02x}"
    )


def _tos(asked: Asked) -> Read:
    value, mask = (TOS[asked.value], 0x3F) if asked.value in TOS else masked(asked.value, asked.option, asked.place)
    mask &= 0xFF
    return Read((Bits("dscp", mask >> 2, value >> 2, asked.negated),), asked.text(f"0x{value:02x}/0x{mask:02x}"))


def _packet_type(asked: Asked) -> Read:
    if asked.value not in ("unicast", "broadcast", "multicast"):
        raise asked.wrong(f"Bad packet type '{asked.value}'")
    return Read((ALWAYS if (asked.value == "unicast") != asked.negated else NEVER,), asked.text())


# --- rates: a probe is alone, so it passes below every rate


def _below(holds: bool) -> Option:
    def read(asked: Asked) -> Read:
        note = asked.note(f"{asked.option} {asked.value}: taken as a packet below that rate")
        count, slash, unit = asked.value.partition("/")
        shown = f"{count}/{_UNITS.get(unit[:1], unit)}" if slash else asked.value
        return Read(() if holds != asked.negated else (NEVER,), asked.text(shown), note)

    return Option(read)


_UNITS = {"s": "sec", "m": "min", "h": "hour", "d": "day"}


def _rate(asked: Asked) -> Read:
    """`5/minute`; printed as 5/min."""
    _upright(asked)
    count, slash, unit = asked.value.partition("/")
    full = ("second", "minute", "hour", "day")
    if not count.isdecimal() or not int(count) or (slash and not any(unit and each.startswith(unit) for each in full)):
        raise asked.wrong(f'bad rate "{asked.value}"')
    shown = f"{count}/{_UNITS[unit[0]] if slash else 'sec'}"
    return Read((), asked.text(shown), asked.note(f"{asked.option} {shown}: taken as a packet below that rate"))


def _burst(asked: Asked) -> Read:
    _upright(asked)
    number(asked.value, asked.option, asked.place, 10000)
    return Read((), asked.text())


def _upright(asked: Asked) -> None:
    if asked.negated:
        raise asked.wrong(f'option "{asked.option}" cannot be inverted.')


def _comment(asked: Asked) -> Read:
    _upright(asked)
    if len(asked.value) > 255:
        raise asked.wrong("comment must be shorter than 256 characters")
    return Read((), asked.text(quoted(asked.value)))


def _plain(asked: Asked) -> Read:
    return Read((), asked.text())


def _policy(asked: Asked) -> Read:
    if asked.value not in ("none", "ipsec"):
        raise asked.wrong(f'policy: bad policy "{asked.value}"')
    return Read((ALWAYS if (asked.value == "none") != asked.negated else NEVER,), asked.text())


def _unmodelled(arity: int = 1) -> Option:
    def read(asked: Asked) -> Read:
        note = asked.note(f"the match {asked.text()} is not modelled")
        return Read((Unmodelled(note),), asked.text())

    return Option(read, arity)


_PORTS = {"--sport": _ports("sport"), "--dport": _ports("dport")}
_PORT_NAMES = {"--source-port": "--sport", "--destination-port": "--dport"}
_TCP = {"--tcp-flags": Option(_flags, 2), "--syn": Option(_syn, 0)}

MATCHES: Mapping[str, Extension] = {
    "tcp": Extension({**_PORTS, "--tcp-option": _unmodelled(), **_TCP}, ("tcp",), _PORT_NAMES),
    "udp": Extension(_PORTS, ("udp",), _PORT_NAMES),
    "udplite": Extension(_PORTS, ("udplite",), _PORT_NAMES),
    "sctp": Extension({**_PORTS, "--chunk-types": _unmodelled(2)}, ("sctp",), _PORT_NAMES),
    "dccp": Extension(
        {**_PORTS, "--dccp-types": _unmodelled(), "--dccp-option": _unmodelled()}, ("dccp",), _PORT_NAMES
    ),
    "icmp": Extension({"--icmp-type": _icmp(ICMP_TYPES)}, ("icmp",)),
    "icmp6": Extension({"--icmpv6-type": _icmp(ICMP6_TYPES)}, ("ipv6-icmp",)),
    "multiport": Extension(
        {"--sports": _many_ports("sport"), "--dports": _many_ports("dport"), "--ports": _many_ports("sport", "dport")},
        PORTED,
        {"--source-ports": "--sports", "--destination-ports": "--dports"},
    ),
    "state": Extension({"--state": _states(_ORDER[:5], 'Bad state "{}"')}),
    "conntrack": Extension(
        {
            "--ctstate": _states(_ORDER, 'Bad ctstate "{}"'),
            "--ctdir": Option(_direction),
            **{f"--ct{name}": _unmodelled() for name in ("proto", "origsrc", "origdst", "replsrc", "repldst")},
            **{f"--ct{name}": _unmodelled() for name in ("origsrcport", "origdstport", "replsrcport", "repldstport")},
            **{f"--ct{name}": _unmodelled() for name in ("status", "expire")},
        }
    ),
    "mark": Extension({"--mark": _mark("mark")}),
    "connmark": Extension({"--mark": _mark("connection_mark")}),
    "addrtype": Extension(
        {
            "--src-type": _kind("source_kind"),
            "--dst-type": _kind("destination_kind"),
            "--limit-iface-in": Option(_limit_iface, 0),
            "--limit-iface-out": Option(_limit_iface, 0),
        }
    ),
    "iprange": Extension({"--src-range": _address_range("source"), "--dst-range": _address_range("destination")}),
    "physdev": Extension(
        {
            "--physdev-is-in": _of_bridge("bridge_in"),
            "--physdev-in": _port_of_bridge("bridge_in"),
            "--physdev-is-out": _of_bridge("bridge_out"),
            "--physdev-out": _port_of_bridge("bridge_out"),
            "--physdev-is-bridged": _of_bridge("bridge_in", "bridge_out"),
        }
    ),
    "comment": Extension({"--comment": Option(_comment)}),
    "limit": Extension(
        {"--limit": Option(_rate), "--limit-burst": Option(_burst)}, defaults={"--limit": "--limit 3/hour"}
    ),
    "hashlimit": Extension(
        {
            "--hashlimit-upto": _below(True),
            "--hashlimit": _below(True),
            "--hashlimit-above": _below(False),
            **{f"--hashlimit-{name}": Option(_plain) for name in ("burst", "mode", "name", "srcmask", "dstmask")},
            **{f"--hashlimit-htable-{name}": Option(_plain) for name in ("size", "max", "expire", "gcinterval")},
        },
        defaults={"--hashlimit-burst": "--hashlimit-burst 5"},
    ),
    "connlimit": Extension(
        {
            "--connlimit-upto": _below(True),
            "--connlimit-above": _below(False),
            "--connlimit-mask": Option(_plain),
            "--connlimit-saddr": Option(_plain, 0),
            "--connlimit-daddr": Option(_plain, 0),
        },
        defaults={"--connlimit-mask": "--connlimit-mask 32", "--connlimit-saddr": "--connlimit-saddr"},
    ),
    "pkttype": Extension({"--pkt-type": Option(_packet_type)}),
    "length": Extension({"--length": _numbers("length")}),
    "ttl": Extension({f"--ttl-{name}": option for name, option in _TTL.items()}),
    "hl": Extension({f"--hl-{name}": option for name, option in _TTL.items()}),
    "dscp": Extension({"--dscp": Option(_dscp), "--dscp-class": Option(_dscp_class)}),
    "tos": Extension({"--tos": Option(_tos)}),
    "policy": Extension({"--dir": Option(_plain), "--pol": Option(_policy)}),
    "set": Extension(
        {
            "--match-set": _unmodelled(2),
            **{f"--{name}": Option(_plain) for name in ("packets-eq", "packets-lt", "packets-gt")},
            "--return-nomatch": Option(_plain, 0),
        }
    ),
}


def of_protocol(value: int) -> str | None:
    """The extension that `-p` brings by itself where an option asks for it."""
    name = {"ipv6-icmp": "icmp6"}.get(protocol_name(value), protocol_name(value))
    return name if name in MATCHES else None
