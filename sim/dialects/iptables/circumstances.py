"""Match options about what stands around a packet: its connection, marks, interfaces, owners, rates."""

from collections.abc import Sequence

from sim.dialects.iptables.options import Asked, Option, Read, upright
from sim.dialects.iptables.values import address_range, masked, number, wildcard
from sim.dialects.iptables.words import quoted
from sim.filters.matches import ALWAYS, NEVER, Bits, Either, Match, Named, within
from sim.filters.packet import DNATTED, SNATTED, Kind, State
from sim.filters.ranges import ranges

STATES = {state.name: state for state in State}
_STATUS = {"SNAT": SNATTED, "DNAT": DNATTED}
STATES_AND_STATUS = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")


def states(known: Sequence[str], complaint: str) -> Option:
    """What conntrack says of the connection."""

    def read(asked: Asked) -> Read:
        names = [name.upper() for name in asked.value.split(",")]
        if bad := next((name for name in names if name not in known), None):
            raise asked.wrong(complaint.format(bad))
        shown = asked.text(",".join(name for name in STATES_AND_STATUS if name in names))
        held = within("state", ranges((STATES[name], STATES[name]) for name in names if name in STATES))
        status = [_STATUS[name] for name in names if name in _STATUS]
        if not status:
            return Read((within("state", held.ranges, asked.negated),), shown)
        translated: list[tuple[Match, ...]] = [(Bits("tracked", bit, bit),) for bit in status]
        return Read((Either(((held,), *translated), asked.negated),), shown)

    return Option(read)


def direction(asked: Asked) -> Read:
    """Whether the packet goes the way of the first one."""
    way = {"ORIGINAL": 0, "REPLY": 1}.get(asked.value.upper())
    if way is None:
        raise asked.wrong(f"Bad ctdir {asked.value!r}")
    return Read((within("reply", ((way, way),), asked.negated),), asked.text())


def mark(field: str) -> Option:
    """A mark, or some bits of it."""

    def read(asked: Asked) -> Read:
        value, mask = masked(asked.value, asked.option, asked.place)
        shown = f"{value:#x}" if mask == 0xFFFFFFFF else f"{value:#x}/{mask:#x}"
        return Read((Bits(field, mask, value, asked.negated),), asked.text(shown))

    return Option(read)


KINDS = {kind.name: kind for kind in Kind}


def address_kind(field: str) -> Option:
    """Whose address it is (xt_addrtype)."""

    def read(asked: Asked) -> Read:
        names = [name.upper() for name in asked.value.split(",")]
        if bad := next((name for name in names if name not in KINDS), None):
            raise asked.wrong(f'addrtype: bad type "{bad}"')
        found = ranges((KINDS[name], KINDS[name]) for name in names)
        shown = ",".join(kind.name for kind in Kind if kind.name in names)
        return Read((within(field, found, asked.negated),), asked.text(shown))

    return Option(read)


def limit_interface(asked: Asked) -> Read:
    """A simplification, which is told."""
    return Read((), asked.text(), asked.note(f"{asked.option}: the address type is taken of the whole node"))


def between_addresses(field: str) -> Option:
    """From one address to another."""

    def read(asked: Asked) -> Read:
        low, high = address_range(asked.value, asked.version, asked.place)
        held = ((low, high),) if low <= high else ()  # a reversed range never matches, says xt_iprange
        return Read((within(field, held, asked.negated),), asked.text())

    return Option(read)


def port_of_bridge(field: str) -> Option:
    """A port of a bridge by its name."""

    def read(asked: Asked) -> Read:
        return Read((Named(field, (wildcard(asked.value),), asked.negated),), asked.text())

    return Option(read)


def of_bridge(*fields: str) -> Option:
    """Whether the packet passes a bridge at all."""

    def read(asked: Asked) -> Read:
        there: tuple[Match, ...] = tuple(Named(field, ("",), negated=True) for field in fields)
        return Read((Either((there,), asked.negated),), asked.text(), None)

    return Option(read, 0)


# --- rates: a probe is alone, so it passes below every rate


def below(holds: bool) -> Option:
    """A rate or a count, which a probe stays below."""

    def read(asked: Asked) -> Read:
        note = asked.note(f"{asked.option} {asked.value}: taken as a packet below that rate")
        count, slash, unit = asked.value.partition("/")
        shown = f"{count}/{_UNITS.get(unit[:1], unit)}" if slash else asked.value
        return Read(() if holds != asked.negated else (NEVER,), asked.text(shown), note)

    return Option(read)


_UNITS = {"s": "sec", "m": "min", "h": "hour", "d": "day"}


def rate(asked: Asked) -> Read:
    """`5/minute`; printed as 5/min."""
    upright(asked)
    count, slash, unit = asked.value.partition("/")
    full = ("second", "minute", "hour", "day")
    if not count.isdecimal() or not int(count) or (slash and not any(unit and each.startswith(unit) for each in full)):
        raise asked.wrong(f'bad rate "{asked.value}"')
    shown = f"{count}/{_UNITS[unit[0]] if slash else 'sec'}"
    return Read((), asked.text(shown), asked.note(f"{asked.option} {shown}: taken as a packet below that rate"))


def burst(asked: Asked) -> Read:
    """How many pass at once."""
    upright(asked)
    number(asked.value, asked.option, asked.place, 10000)
    return Read((), asked.text())


def comment(asked: Asked) -> Read:
    """Words for the reader."""
    upright(asked)
    if len(asked.value) > 255:
        raise asked.wrong("comment must be shorter than 256 characters")
    return Read((), asked.text(quoted(asked.value)))


def policy(asked: Asked) -> Read:
    """IPsec, which a probe does not wear."""
    if asked.value not in ("none", "ipsec"):
        raise asked.wrong(f'policy: bad policy "{asked.value}"')
    return Read((ALWAYS if (asked.value == "none") != asked.negated else NEVER,), asked.text())
