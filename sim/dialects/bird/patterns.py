"""Interface patterns: `"-dummy0", "eth*", -"br*", "en*" 10.0.0.0/8`."""

from sim.address import Prefix
from sim.device.bird import InterfacePattern
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import plain_address, prefix


def patterns(reader: Reader) -> tuple[InterfacePattern, ...]:
    """A list of them; a minus may stand before the string or inside it."""
    found = [_pattern(reader)]
    while reader.takes(","):
        found.append(_pattern(reader))
    return tuple(found)


def _pattern(reader: Reader) -> InterfacePattern:
    negated = reader.takes("-")
    glob = None
    if reader.here.kind == "text":
        glob = reader.next().text
    network = _network(reader)
    if glob is None and network is None:
        reader.refuse("an interface pattern")
    if glob is not None and glob.startswith("-"):
        negated, glob = True, glob[1:]
    return InterfacePattern("*" if glob is None else glob, negated, network)


def _network(reader: Reader) -> Prefix | None:
    symbol = reader.symbol("constant")
    if reader.here.kind == "ip" and reader.ahead().text != "/":
        return plain_address(reader).host
    if reader.here.kind == "ip" or (symbol and isinstance(symbol.value, Prefix)):
        return prefix(reader)
    return None
