"""Which next hops a packet may take at a node: all of a route's, or, where Linux' choice is known, the one it takes.

Known it is where the namespace's hash seed and policy are, and the kernel's order of the next hops: zebra and BIRD both
install them by gateway, so next hops that share one (an unnumbered link's stand-in) or have link-local ones are not.
"""

from sim.address import Address, parse_address
from sim.filters.packet import ICMP, ICMP6, Packet
from sim.snapshot import NextHop
from sim.trace.fib import Choice
from sim.trace.ground import Site
from sim.trace.multipath import Keys, choose, keys_of, multipath_hash
from sim.trace.source import source_for

_SEED = "net.ipv4.fib_multipath_hash_seed"


def taken(site: Site, choice: Choice, packet: Packet) -> tuple[NextHop, ...]:
    """The next hops that a forwarded packet may take: one where the choice is known."""
    hops = _ordered(choice.hops)
    seed = _seed(site)
    keys = _keys(site, packet) if hops and seed else None
    if not hops or keys is None or not seed:
        return choice.hops
    return (choose(hops, multipath_hash(keys, seed)),)


def taken_first(site: Site, choice: Choice, packet: Packet) -> tuple[NextHop, ...]:
    """The same for a packet that the node itself sends, whose source address is not chosen yet (IPv4: 0 is hashed)."""
    if packet.version == 6 or packet.protocol in (ICMP, ICMP6):
        return choice.hops
    return taken(site, choice, packet._replace(source=0))


def taken_from(site: Site, choice: Choice, packet: Packet) -> tuple[NextHop, ...]:
    """The same once it has a source: of next hops that would choose that very source, one is preferred (Linux 6.15)."""
    if packet.version == 6 or packet.protocol in (ICMP, ICMP6):
        return choice.hops
    to, own = Address(packet.destination), Address(packet.source)
    fitting = tuple(hop for hop in choice.hops if source_for(site, to, None, hop) == own)
    if len(fitting) == 1:
        return fitting
    return choice.hops if fitting else taken(site, choice, packet)


def _seed(site: Site) -> int:
    said = site.state.sysctls.get(_SEED, "")
    return int(said) if said.isdecimal() else 0


def _keys(site: Site, packet: Packet) -> Keys | None:
    said = site.state.sysctls.get(f"net.ipv{packet.version}.fib_multipath_hash_policy", "0")
    ports = (packet.sport or 0, packet.dport or 0)
    policy = int(said) if said.isdecimal() else -1
    return keys_of(packet.source, packet.destination, packet.version, packet.protocol, ports, policy)


def _ordered(hops: tuple[NextHop, ...]) -> tuple[NextHop, ...]:
    """By gateway; nothing where that is no order."""
    gateways = [parse_address(hop.via) for hop in hops if hop.via]
    plain = len(set(gateways)) == len(hops) and not any(gateway.is_link_local for gateway in gateways)
    return tuple(sorted(hops, key=lambda hop: parse_address(hop.via or ""))) if plain else ()
