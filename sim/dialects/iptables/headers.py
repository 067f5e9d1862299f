"""Match options about what a packet's headers say: ports, flags, types, lengths and classes."""

from collections.abc import Callable, Mapping

from sim.dialects.iptables.names import CLASSES, TOS
from sim.dialects.iptables.options import Asked, Option, Read
from sim.dialects.iptables.values import masked, number, ports, ports_text
from sim.filters.matches import ALWAYS, NEVER, Bits, Either, Match, within
from sim.filters.ranges import Ranges, ranges


def one_port_range(field: str) -> Option:
    """A port, or a range of ports."""

    def read(asked: Asked) -> Read:
        found = ports(asked.value, asked.place)
        return Read((within(field, (found,), asked.negated),), asked.text(ports_text(found)))

    return Option(read)


def port_list(*fields: str) -> Option:
    """Up to fifteen ports; a range counts as two (xt_multiport)."""

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


def tcp_flags(asked: Asked) -> Read:
    """Which flags are looked at, and which of them are set."""
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


def tcp_syn(asked: Asked) -> Read:
    """What opens a connection."""
    shown = f"{'! ' if asked.negated else ''}--tcp-flags FIN,SYN,RST,ACK SYN"
    return Read((Bits("tcp_flags", 0x17, 2, asked.negated),), shown)


def icmp_type(names: Mapping[str, tuple[int, int, int]]) -> Option:
    """A type by name or number, with a code or without."""

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


def numbers(field: str, separator: str = ":", top: int = 65535) -> Option:
    """A number, or a range of numbers."""

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


TTL = {
    "eq": _compared("ttl", lambda value: ((value, value),)),
    "lt": _compared("ttl", lambda value: ((0, value - 1),) if value else ()),
    "gt": _compared("ttl", lambda value: ((value + 1, 255),) if value < 255 else ()),
}


def dscp(asked: Asked) -> Read:
    """A codepoint by its number."""
    value = number(asked.value, asked.option, asked.place, 63)
    return Read((within("dscp", ((value, value),), asked.negated),), asked.text(f"0x{value:02x}"))


def dscp_class(asked: Asked) -> Read:
    """A codepoint by its name."""
    value = CLASSES.get(asked.value.upper())
    if value is None:
        raise asked.wrong(f"Invalid DSCP class `{asked.value}'")
    return Read(
        (within("dscp", ((value, value),), asked.negated),), f"{'! ' if asked.negated else ''}--dscp 0x{value:02x}"
    )


def tos(asked: Asked) -> Read:
    """The byte that holds the codepoint, under a mask."""
    value, mask = (TOS[asked.value], 0x3F) if asked.value in TOS else masked(asked.value, asked.option, asked.place)
    mask &= 0xFF
    return Read((Bits("dscp", mask >> 2, value >> 2, asked.negated),), asked.text(f"0x{value:02x}/0x{mask:02x}"))


def packet_type(asked: Asked) -> Read:
    """Unicast: what a probe sends."""
    if asked.value not in ("unicast", "broadcast", "multicast"):
        raise asked.wrong(f"Bad packet type '{asked.value}'")
    return Read((ALWAYS if (asked.value == "unicast") != asked.negated else NEVER,), asked.text())
