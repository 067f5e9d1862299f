"""The small things that options are made of: numbers, switches, strings, addresses, times, router ids."""

from sim.address import BITS, Address, Prefix, parse_address, parse_interface
from sim.dialects.bird.reader import Reader
from sim.policies.bird_values import kind


def number(reader: Reader, low: int = 0, high: int = 0xFFFFFFFF, what: str = "number") -> int:
    """A number, a constant of one, or a term in parentheses that gives one."""
    place = reader.here.place
    if reader.here.kind == "number":
        value = int(reader.next().text, 0)
    elif reader.sees("("):
        value = _evaluated(reader)
    elif (symbol := reader.symbol("constant")) and kind(symbol.value) == "int":
        symbol.used = True
        reader.next()
        value = symbol.value
    else:
        reader.refuse(f"a {what}")
    if not low <= value <= high:
        reader.complain(f"{what} {value} is not in range {low}-{high}", place)
    return value


def _evaluated(reader: Reader) -> int:
    from sim.dialects.bird.terms import constant_term

    place = reader.here.place
    reader.expect("(")
    value = constant_term(reader)
    reader.expect(")")
    if type(value) is not int:
        reader.complain(f"integer expression expected, not {kind(value)}", place)
    return value


_SWITCH = {"yes": True, "on": True, "no": False, "off": False}


def switch(reader: Reader) -> bool:
    """`yes`, `no`, `on`, `off`, a number, or nothing, which is yes."""
    if reader.here.kind == "word" and reader.here.text in _SWITCH:
        return _SWITCH[reader.next().text]
    if reader.sees(";") or reader.sees("}") or (reader.here.kind == "word" and reader.symbol("constant") is None):
        return True
    return bool(number(reader))


def string(reader: Reader) -> str:
    """A string, or a constant of one."""
    if reader.here.kind == "text":
        return reader.next().text
    symbol = reader.symbol("constant")
    if symbol is None or not isinstance(symbol.value, str):
        reader.refuse("a string")
    symbol.used = True
    reader.next()
    return symbol.value


def microseconds(reader: Reader) -> int:
    """A time with its unit: `5 s`, `500 ms`, `200 us`."""
    count = number(reader)
    for unit, factor in (("s", 1_000_000), ("ms", 1000), ("us", 1)):
        if reader.takes(unit):
            return count * factor
    raise reader.refusal("'s', 'ms' or 'us'")


def address(reader: Reader) -> Address:
    """An address, or a constant of one."""
    symbol = reader.symbol("constant")
    if symbol and isinstance(symbol.value, Address):
        symbol.used = True
        reader.next()
        return symbol.value
    if reader.here.kind != "ip":
        reader.refuse("an IP address")
    return plain_address(reader)


def plain_address(reader: Reader) -> Address:
    """An address that is spelt out."""
    token = reader.next()
    try:
        return parse_address(token.text)
    except ValueError:
        reader.complain(f"syntax error: {token} is no IP address", token.place)


def prefix(reader: Reader) -> Prefix:
    """`10.0.0.0/8`, with no bit set beyond its length; or a constant of one."""
    symbol = reader.symbol("constant")
    if symbol and isinstance(symbol.value, Prefix):
        symbol.used = True
        reader.next()
        return symbol.value
    token = reader.here
    if token.kind != "ip" or reader.ahead().text != "/":
        reader.refuse("a prefix")
    first = plain_address(reader)
    reader.expect("/")
    length = number(reader, 0, BITS[first.version], "prefix length")
    network = parse_interface(f"{first}/{length}").network
    if network.first != first:
        reader.complain(f"invalid prefix {first}/{length}, maybe you wanted {network}", token.place)
    return network


def router_id(reader: Reader) -> Address:
    """An IPv4 address, or a number, or a constant of either."""
    symbol = reader.symbol("constant")
    if symbol and (isinstance(symbol.value, Address) or kind(symbol.value) in ("int", "quad")):
        symbol.used = True
        reader.next()
        value = symbol.value
        return value if isinstance(value, Address) else Address(int(value))
    if reader.here.kind == "ip" and ":" not in reader.here.text:
        return plain_address(reader)
    return Address(number(reader, what="number or IPv4 address"))
