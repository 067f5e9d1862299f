"""Values of iptables' options: ports, addresses, numbers, each refused in iptables' own words."""

from sim.address import BITS, Address, parse_address, parse_interface
from sim.dialects.iptables.names import PROTOCOL_NAMES, PROTOCOLS, SERVICES
from sim.errors import ConfigError, Place
from sim.filters.matches import Bits, Match, within


def number(text: str, option: str, place: Place, top: int = 0xFFFFFFFF) -> int:
    """Decimal, hexadecimal (0x) or octal (0), as strtoul reads it."""
    try:
        value = int(text, 16 if text.lower().startswith("0x") else 8 if text.startswith("0") and len(text) > 1 else 10)
    except ValueError:
        value = -1
    if not 0 <= value <= top:
        raise ConfigError(f'bad integer value {text!r} for option "{option}", or out of range', place)
    return value


def masked(text: str, option: str, place: Place) -> tuple[int, int]:
    """`value` or `value/mask`."""
    value, slash, mask = text.partition("/")
    return number(value, option, place), number(mask, option, place) if slash else 0xFFFFFFFF


def protocol(text: str, place: Place) -> int:
    """A protocol's number; 0 is every one."""
    lowered = text.lower()
    if lowered == "all":
        return 0
    if lowered in PROTOCOLS:
        return PROTOCOLS[lowered]
    if not text.isdecimal() or int(text) > 255:
        raise ConfigError(f'unknown protocol "{text}" specified', place)
    return int(text)


def protocol_name(value: int) -> str:
    """As iptables-save prints it."""
    return PROTOCOL_NAMES.get(value, str(value))


def port(text: str, place: Place) -> int:
    """A port's number, or a service's name."""
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    if text not in SERVICES:
        raise ConfigError(f"invalid port/service `{text}' specified", place)
    return SERVICES[text]


def ports(text: str, place: Place) -> tuple[int, int]:
    """`22`, `1000:2000`, `:1023`, `1024:`."""
    low, colon, high = text.partition(":")
    if not colon:
        return port(low, place), port(low, place)
    found = (port(low, place) if low else 0, port(high, place) if high else 65535)
    if found[0] > found[1]:
        raise ConfigError("invalid portrange (min > max)", place)
    return found


def ports_text(found: tuple[int, int]) -> str:
    """A range of ports as iptables-save prints it."""
    return str(found[0]) if found[0] == found[1] else f"{found[0]}:{found[1]}"


def address(text: str, version: int, place: Place) -> tuple[int, int]:
    """An address with its mask (a length, or dotted), as value and mask."""
    head, slash, mask = text.partition("/")
    bits = BITS[version]
    try:
        value = parse_address(head)
    except ValueError:
        value = None
    if value is None or value.version != version:
        raise ConfigError(f"host/network `{head}' not found", place)
    full = (1 << bits) - 1
    number_ = _mask(mask, version, place) if slash else full
    return value.value & number_, number_


def _mask(text: str, version: int, place: Place) -> int:
    bits = BITS[version]
    if text.isdecimal():
        if int(text) > bits:
            raise ConfigError(f"invalid mask `{text}' specified", place)
        return ((1 << int(text)) - 1) << (bits - int(text))
    try:
        found = parse_address(text)
    except ValueError:
        raise ConfigError(f"invalid mask `{text}' specified", place) from None
    return found.value


def prefix_length(mask: int, version: int) -> int | None:
    """The length of a mask, None for one with holes."""
    bits = BITS[version]
    ones = mask.bit_count()
    return ones if mask == ((1 << ones) - 1) << (bits - ones) else None


def address_match(field: str, value: int, mask: int, version: int, negated: bool) -> Match | None:
    """An address lies in a network; None where every one does (iptables leaves `-s 0.0.0.0/0` out)."""
    length = prefix_length(mask, version)
    if length is None:
        return Bits(field, mask, value, negated)
    if length == 0 and not negated:
        return None
    return within(field, ((value, value | ((1 << (BITS[version] - length)) - 1)),), negated)


def address_text(value: int, mask: int, version: int) -> str:
    """As iptables-save prints it: always with the mask."""
    length = prefix_length(mask, version)
    return f"{Address(value, version)}/{Address(mask, version) if length is None else length}"


def address_range(text: str, version: int, place: Place) -> tuple[int, int]:
    """`10.0.0.1-10.0.0.9`, or one address."""
    low, dash, high = text.partition("-")
    try:
        first = parse_interface(low).address
        last = parse_interface(high).address if dash else first
    except ValueError:
        raise ConfigError(f"bad IP address {text!r}", place) from None
    if first.version != version or last.version != version:
        raise ConfigError(f"bad IP address range {text!r}", place)
    return first.value, last.value


def wildcard(name: str) -> str:
    """An interface's name with iptables' `+` as the `*` of a Named."""
    return f"{name[:-1]}*" if name.endswith("+") else name
