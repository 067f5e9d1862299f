"""What interfaces say of OSPF: `ip ospf ...` and `ipv6 ospf6 ...` inside their stanzas."""

import hashlib
from collections.abc import Callable

from sim.dialects.frr.drafts import Values
from sim.dialects.frr.grammar import Handler, Words
from sim.dialects.frr.interfaces import INTERFACE
from sim.dialects.frr.ospf import area_number
from sim.dialects.frr.reading import Reading, number


def _interface(store: str, name: str, make: Callable[[Reading, Words], object]) -> Handler:
    """A handler inside an interface stanza; `store` is ospf or ospf6."""

    def handler(reading: Reading, words: Words, negated: bool) -> None:
        values: Values = getattr(reading.interface, store)
        before = values.pop(name, None)
        if not negated:
            values[name] = make(reading, words)
            if name == "area" and store == "ospf" and before not in (None, values[name]):
                raise reading.refuse("the interface is in another area already; remove that first")

    return handler


def _both(pattern: str, name: str, make: Callable[[Reading, Words], object], optional: str = "") -> None:
    """`ip ospf ...` (for one address too, where `optional` says so) and `ipv6 ospf6 ...`."""
    INTERFACE.add(f"ip ospf {pattern}", _interface("ospf", name, make))
    INTERFACE.add(f"ipv6 ospf6 {pattern}", _interface("ospf6", name, make))


def _area_of(reading: Reading, words: Words) -> object:
    instance = reading.ospfs.get((2, reading.interface.vrf or "default"))
    if words[0] == "ip" and instance is not None and instance.networks:
        raise reading.refuse("'ip ospf area' and network statements can not be mixed; remove those of router ospf")
    return area_number(words[3])


def _at(index: int, low: int, high: int) -> Callable[[Reading, Words], object]:
    return lambda reading, words: number(reading, words[index], low, high)


_NETWORKS = {"broadcast", "point-to-point", "point-to-multipoint", "non-broadcast"}


def _network_type(reading: Reading, words: Words) -> object:
    if words[3] not in _NETWORKS:
        raise reading.refuse(f"{words[3]!r} is not a network type; known: {', '.join(sorted(_NETWORKS))}")
    return words[3]


def _true(reading: Reading, words: Words) -> object:
    return True


_both("area *", "area", _area_of)
_both("cost *", "cost", _at(3, 1, 65535))
_both("network *", "network", _network_type)
_both("priority *", "priority", _at(3, 0, 255))
_both("hello-interval *", "hello_s", _at(3, 1, 65535))
_both("dead-interval *", "dead_s", _at(3, 1, 65535))
_both("mtu-ignore", "mtu_ignore", _true)
_both("bfd", "bfd", _true)
INTERFACE.add(
    "ip ospf network point-to-point dmvpn\nip ospf network point-to-multipoint ...",
    _interface("ospf", "network", _network_type),
)
INTERFACE.add("ipv6 ospf6 instance-id *", _interface("ospf6", "instance", _at(3, 0, 255)))


def _passive(store: str) -> Handler:
    """`no ip ospf passive` speaks against `passive-interface default`."""

    def handler(reading: Reading, words: Words, negated: bool) -> None:
        getattr(reading.interface, store)["passive"] = not negated

    return handler


INTERFACE.add("ip ospf passive\nip ospf passive *", _passive("ospf"))
INTERFACE.add("ipv6 ospf6 passive", _passive("ospf6"))


def _digest(words: Words) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]


@INTERFACE.on("ip ospf authentication", "ip ospf authentication null|message-digest", "ip ospf authentication *")
def authentication(reading: Reading, words: Words, negated: bool) -> None:
    """`ip ospf authentication [null|message-digest]`: which kind."""
    values = reading.interface.ospf
    values.pop("authentication", None)
    if not negated:
        values["authentication"] = words[3] if words[3:] in (["null"], ["message-digest"]) else "simple"


@INTERFACE.on("ip ospf authentication-key *", "ip ospf message-digest-key * md5 *", "ip ospf message-digest-key * *")
def key(reading: Reading, words: Words, negated: bool) -> None:
    """The secret: a digest of it and of its number is kept."""
    values = reading.interface.ospf
    values.pop("authentication_digest", None)
    if not negated:
        values["authentication_digest"] = _digest(words[3:])


def _interface_unmodelled(reading: Reading, words: Words, negated: bool) -> None:
    if not negated:
        reading.note(f"{' '.join(words)!r} is not modelled")


INTERFACE.add(
    """
    ip ospf area * *
    ip ospf * area *
    ip ospf * area * *
    ip ospf authentication null|message-digest *
    ip ospf authentication-key * *
    ip ospf message-digest-key * md5 * *
    ip ospf mtu-ignore *
    ip ospf dead-interval minimal hello-multiplier * *
    ip ospf dead-interval minimal hello-multiplier *
    ip ospf cost * *
    ip ospf prefix-suppression ...
    ip ospf authentication key-chain *
    ip ospf capability opaque
    ip ospf graceful-restart ...
    ipv6 ospf6 advertise prefix-list *
    ipv6 ospf6 authentication ...
    ipv6 ospf6 ifmtu *
    ipv6 ospf6 graceful-restart ...
    """,
    _interface_unmodelled,
)
