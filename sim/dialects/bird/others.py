"""BFD, and the protocols that are read and not modelled: OSPF, RIP, Babel, router advertisements, RPKI, MRT."""

from sim.device.bird import BfdProtocol
from sim.dialects.bird.options import Draft, Options, braces, read_option, without_effect
from sim.dialects.bird.patterns import patterns
from sim.dialects.bird.protocols import Kind
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import address, microseconds, number, string, switch

UNMODELLED = ("ospf", "rip", "babel", "radv", "rpki", "mrt", "perf")


def _authentication(reader: Reader) -> None:
    reader.takes("meticulous")
    if not reader.takes("keyed"):
        reader.next()
    else:
        reader.next()


_TIMERS: Options = {
    "interval": without_effect(microseconds),
    "min rx interval": without_effect(microseconds),
    "min tx interval": without_effect(microseconds),
    "idle tx interval": without_effect(microseconds),
    "multiplier": without_effect(lambda reader: number(reader, 1, 255, "multiplier")),
    "passive": without_effect(switch),
    "authentication": without_effect(_authentication),
    "password": without_effect(string),
}


def _interface(reader: Reader, draft: Draft) -> None:
    draft["interfaces"] = (*draft.get("interfaces", ()), patterns(reader))
    _timers(reader)


def _multihop(reader: Reader, draft: Draft) -> None:
    draft["multihop"] = True
    _timers(reader)


def _timers(reader: Reader) -> None:
    if reader.takes("{"):
        ignored: Draft = {}
        while not reader.takes("}"):
            read_option(reader, ignored, _TIMERS)


def _neighbour(reader: Reader, draft: Draft) -> None:
    """`neighbor ADDRESS [dev "IF"] [local ADDRESS] [multihop [SWITCH]]`."""
    peer, interface, multihop = address(reader), None, False
    if reader.takes("%"):
        interface = reader.next().text
    while not reader.sees(";"):
        if reader.takes("dev"):
            interface = string(reader)
        elif reader.takes("local"):
            address(reader)
        elif reader.takes("multihop"):
            multihop = switch(reader)
        else:
            reader.refuse("'dev', 'local', 'multihop' or ';'")
    if interface and multihop:
        reader.complain("neighbor cannot set both interface and multihop")
    draft["neighbours"] = (*draft.get("neighbours", ()), (peer, interface, multihop))


def _accept(reader: Reader) -> None:
    while reader.here.text in ("ipv4", "ipv6", "direct", "multihop"):
        reader.next()


def _bfd(reader: Reader, draft: Draft) -> BfdProtocol:
    own = {name: each for name, each in draft.items() if name in BfdProtocol.__dataclass_fields__}
    return BfdProtocol(**own)


_BFD: Options = {
    "interface": _interface,
    "multihop": _multihop,
    "neighbor": _neighbour,
    "accept": without_effect(_accept),
    "strict bind": without_effect(switch),
    "zero udp6 checksum rx": without_effect(switch),
}
KINDS = (Kind("bfd", _BFD, _bfd),)


def skip_protocol(reader: Reader, template: bool) -> None:
    """A protocol that the model does not know: its name becomes one, its body is passed over, a Note says so."""
    place, word = reader.here.place, reader.next().text
    if word == "ospf" and not reader.takes("v2"):
        reader.takes("v3")
    if not reader.sees("{") and not reader.sees("from"):
        token = reader.next()
        reader.define("template" if template else "protocol", token, {"kind": word, "name": token.text})
    if reader.takes("from"):
        reader.known("template", others=("protocol",))
    reader.note(f"protocol {word} of BIRD is not modelled", place)
    braces(reader)
