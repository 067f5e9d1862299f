"""One command: which of iproute2's objects it is about, and what the model does not know."""

from collections.abc import Sequence

from sim.dataclasses import replace
from sim.device import Device
from sim.errors import Place
from sim.iproute.addresses import address, link, rule
from sim.iproute.routes import route
from sim.iproute.words import NotModelled, Words, abbreviated
from sim.snapshot import Note

_OBJECTS = {"address": address, "route": route, "rule": rule, "link": link}
_FAMILIES = {"-4": 4, "-6": 6, "inet": 4, "inet6": 6}
_SILENT_OPTIONS = ("-force", "-o", "-oneline", "-s", "-d", "-br", "-c", "-color=never")


def carried_out(device: Device, command: Sequence[str], place: Place) -> Device:
    """The device after a command (`ip ...`) at a place. ConfigError where `ip` refuses; else a Note if not known."""
    words = Words(list(command), place)
    words.take("ip", "/sbin/ip", "/usr/sbin/ip", "/bin/ip")
    version = None
    while words.peek().startswith("-"):
        option = words.next()
        if option in ("-f", "-family"):
            version = _FAMILIES.get(words.next())
        elif option in _FAMILIES:
            version = _FAMILIES[option]
        elif option not in _SILENT_OPTIONS:
            return noted(device, command, place)
    kind = abbreviated(words.next(), "address", "route", "rule", "link")
    if kind not in _OBJECTS:
        return noted(device, command, place)
    try:
        return _OBJECTS[kind](device, words, version)
    except NotModelled:
        return noted(device, command, place)


def noted(device: Device, command: Sequence[str], place: Place) -> Device:
    """The device, with a note that a command of its is not modelled."""
    note = Note(place, f"`{' '.join(command)}` is not modelled", device.node, policy=True)
    return replace(device, notes=(*device.notes, note))
