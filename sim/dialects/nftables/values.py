"""Values of nftables' keys: one word -> the range of integers, or the interface's name, that it means, and its print.

nft prints ports and most numbers as such, marks in eight hexadecimal digits, everything that has a name by its name.
"""

from collections.abc import Mapping

from sim.address import BITS, Address, parse_address, parse_interface
from sim.dataclasses import dataclass
from sim.dialects.iptables.names import CLASSES, PROTOCOLS, SERVICES
from sim.dialects.nftables.tokens import Token
from sim.errors import ConfigError, Place
from sim.filters.packet import DNATTED, SNATTED, Kind, State


@dataclass(frozen=True, slots=True)
class Value:
    """A value: `low` to `high`, or a `name`; and how nft prints it."""

    text: str
    low: int = 0
    high: int = 0
    name: str = ""


STATES = {"invalid": State.INVALID, "established": State.ESTABLISHED, "related": State.RELATED, "new": State.NEW}
STATES |= {"untracked": State.UNTRACKED}
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
_ICMP = {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
    "info-request": 15,
    "info-reply": 16,
    "address-mask-request": 17,
    "address-mask-reply": 18,
}
_ICMP6 = {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "mld-listener-reduction": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
    "router-renumbering": 138,
    "ind-neighbor-solicit": 141,
    "ind-neighbor-advert": 142,
    "mld2-listener-report": 143,
}
_PROTOCOLS = {**PROTOCOLS, "icmpv6": 58, "ipv6-icmp": 58}
_PRINTED = {58: "ipv6-icmp", 4: "ipencap", 50: "esp", 51: "ah"}
NAMED: Mapping[str, Mapping[str, int]] = {
    "protocol": _PROTOCOLS,
    "port": SERVICES,
    "family": {"ipv4": 4, "ipv6": 6},
    "ethertype": {"ip": 4, "ip6": 6},
    "state": STATES,
    "status": {"snat": SNATTED, "dnat": DNATTED},
    "direction": {"original": 0, "reply": 1},
    "flags": FLAGS,
    "icmp type": _ICMP,
    "icmpv6 type": _ICMP6,
    "dscp": {name.lower(): value for name, value in CLASSES.items() if name != "BE"},
    "fib type": {kind.name.lower(): kind.value for kind in Kind},
}
_PACKET_TYPES = {"host": "host", "unicast": "host", "broadcast": "broadcast", "multicast": "multicast"}
_TOPS = {"port": 65535, "protocol": 255, "number": 0xFFFFFFFF, "mark": 0xFFFFFFFF, "dscp": 63, "flags": 255}


def read_value(token: Token, kind: str) -> Value:
    """What one word means as a value of that kind. ConfigError for what is none."""
    if kind in ("name", "device"):
        return _interface(token)
    if kind == "packet type" and token.text in _PACKET_TYPES:
        return Value(_PACKET_TYPES[token.text], name=token.text)
    if kind.startswith("address "):
        return _address(token.text, int(kind[-1]), token.place)
    whole = _single(token.text, kind)
    if whole is not None:
        return Value(printed(whole, kind), whole, whole)
    low, dash, high = token.text.partition("-")
    first, last = _single(low, kind), _single(high, kind) if dash else None
    if first is None or last is None:
        raise ConfigError(f"Could not resolve {kind}: {token.text!r} is no such value", token.place)
    if last < first:
        raise ConfigError(f"Range negative size: {token.text}", token.place)
    return Value(f"{printed(first, kind)}-{printed(last, kind)}", first, last)


def _single(text: str, kind: str) -> int | None:
    if text in NAMED.get(kind, ()):
        return int(NAMED[kind][text])
    try:
        value = int(text, 16 if text.startswith("0x") else 10)
    except ValueError:
        return None
    return value if 0 <= value <= _TOPS.get(kind, 255) else None


def printed(value: int, kind: str) -> str:
    """A number as nft prints it."""
    if kind == "mark":
        return f"0x{value:08x}"
    if kind == "protocol" and value in _PRINTED:
        return _PRINTED[value]
    known = () if kind == "port" else tuple(NAMED.get(kind, {}).items())
    if name := next((name for name, number in known if number == value), ""):
        return name
    return f"0x{value:02x}" if kind == "dscp" else str(value)


def _interface(token: Token) -> Value:
    name = token.text
    if len(name) > 15:
        raise ConfigError(f"String exceeds maximum length of 15: {name!r}", token.place)
    return Value(f'"{name}"', name=name)


def _address(text: str, version: int, place: Place) -> Value:
    head, dash, tail = text.partition("-")
    try:
        if dash:
            first, last = parse_address(head), parse_address(tail)
            low, high = first.value, last.value
            shown, found = f"{first}-{last}", first.version
        else:
            each = parse_interface(text)
            spread = (1 << (BITS[each.version] - each.length)) - 1
            low, found = each.value & ~spread, each.version
            high = low | spread
            shown = str(Address(low, found)) + (f"/{each.length}" if spread else "")
    except ValueError:
        raise ConfigError(f"Could not resolve hostname: {text!r} is no address", place) from None
    if found != version or high < low:
        raise ConfigError(f"{text!r} is no IPv{version} address or range", place)
    return Value(shown, low, high)
