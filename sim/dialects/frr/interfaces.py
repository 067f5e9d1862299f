"""`interface` stanzas: addresses, up or down, what OSPF and PBR say there."""

from sim.address import parse_interface
from sim.device.interfaces import InterfaceConfig
from sim.dialects.frr.drafts import InterfaceDraft
from sim.dialects.frr.grammar import Commands, Words
from sim.dialects.frr.reading import CONFIG, Reading, number
from sim.errors import Place

INTERFACE = Commands("interface", CONFIG)


@CONFIG.on("interface *", "interface * vrf *")
def interface(reading: Reading, words: Words, negated: bool) -> None:
    """`interface NAME [vrf VRF]`: a stanza begins, or (`no`) what it said is forgotten."""
    name = words[1]
    if negated:
        reading.interfaces.pop(name, None)
        return
    found = reading.interfaces.get(name)
    if found is None:
        found = reading.interfaces[name] = InterfaceDraft(name, Place(reading.source.origin, reading.line))
    if len(words) == 4 and words[3]:
        found.vrf = words[3]
    reading.interface, reading.table = found, INTERFACE


@INTERFACE.on("ip address *", "ip address * label *", "ipv6 address *", "ipv6 address * eui-64")
def address(reading: Reading, words: Words, negated: bool) -> None:
    """`ip address A/M`, `ipv6 address A/M`."""
    found = parse_interface(words[2])
    if "/" not in words[2] or (found.version == 6) is not (words[0] == "ipv6"):
        raise reading.refuse(f"{words[2]!r} is not an address with its length, as {words[0]} address wants it")
    addresses = reading.interface.addresses
    if not negated:
        if found not in addresses:
            addresses.append(found)
    elif found in addresses:
        addresses.remove(found)


@INTERFACE.on("ip address * peer *", "ip address * peer * label *")
def address_with_peer(reading: Reading, words: Words, negated: bool) -> None:
    """`ip address OURS peer THEIRS/M`: a point-to-point address."""
    pair = (parse_interface(words[2]), parse_interface(words[4]).address)
    if not negated:
        reading.interface.peers.append(pair)
    elif pair in reading.interface.peers:
        reading.interface.peers.remove(pair)


@INTERFACE.on("shutdown")
def shutdown(reading: Reading, words: Words, negated: bool) -> None:
    """`shutdown` puts it down, `no shutdown` up, whatever the cable's own setting."""
    reading.interface.up = negated


@INTERFACE.on("bandwidth *")
def bandwidth(reading: Reading, words: Words, negated: bool) -> None:
    """`bandwidth MBIT`: what OSPF's cost is computed from."""
    reading.interface.bandwidth_mbps = None if negated else number(reading, words[1], 1, 1_000_000)


def interface_config(draft: InterfaceDraft) -> InterfaceConfig:
    """A stanza's InterfaceConfig."""
    return InterfaceConfig(
        draft.name,
        "loopback" if draft.name == "lo" else "physical",
        tuple(draft.addresses),
        tuple(draft.peers),
        draft.up,
        vrf=draft.vrf,
        place=draft.place,
    )
