"""Which address a node sends from: the route's own choice, else Linux' selection (inet_select_addr; RFC 6724 for IPv6).

RFC 6724's rules that Linux has and a lab can show are here: same address, scope, outgoing interface, label, longest
prefix. Addresses on paper are never deprecated, temporary or a mobile node's home.
"""

from sim.address import Address, InterfaceAddress, parse_address, parse_prefix
from sim.snapshot import NextHop, Route
from sim.trace.ground import Site

HOST, LINK, GLOBAL = 1, 2, 14  # IPv6 scopes as RFC 4291 2.7 numbers them


def source_for(site: Site, destination: Address, route: Route | None, hop: NextHop | None) -> Address | None:
    """The source address of a packet that leaves by that next hop; None where the node has no address to send from."""
    if route is not None and route.source:
        return parse_address(route.source)
    if hop is None:
        return destination  # to itself
    gateway = parse_address(hop.via) if hop.via else destination
    if destination.version == 6:
        return select6(site, destination, hop.interface or "")
    return select4(site, gateway, hop.interface or "")


def select4(site: Site, gateway: Address, interface: str) -> Address | None:
    """The interface's primary address of the next hop's network, else its first, else the first of any interface."""
    own = site.primary.get(interface, ())
    for each in own:
        if gateway.version == 4 and each.network.holds(gateway):
            return each.address
    if own:
        return own[0].address
    vrf = site.vrf(interface)
    for name in site.state.interfaces:
        if name not in site.off and site.vrf(name) == vrf and (found := site.primary.get(name)):
            return found[0].address
    return None


_LABELS = [  # RFC 6724 2.1, with Linux' further rows (net/ipv6/addrlabel.c)
    (parse_prefix("::1/128"), 0),
    (parse_prefix("::ffff:0:0/96"), 4),
    (parse_prefix("2002::/16"), 2),
    (parse_prefix("2001::/32"), 6),
    (parse_prefix("2001:10::/28"), 7),
    (parse_prefix("fc00::/7"), 5),
    (parse_prefix("::/96"), 3),
    (parse_prefix("::/0"), 1),
]


def select6(site: Site, destination: Address, interface: str) -> Address | None:
    """RFC 6724 section 5; the first of equals is kept, in the kernel's order of interfaces."""
    scope = _scope(destination)
    vrf = site.vrf(interface)
    candidates = [
        (name, each)
        for name, each in site.addresses
        if each.version == 6
        and each.value != 1
        and site.vrf(name) == vrf
        and (name == interface or (scope != LINK and not each.address.is_link_local))
    ]
    best: tuple[str, InterfaceAddress] | None = None
    for candidate in candidates:
        if best is None or _better(candidate, best, destination, interface):
            best = candidate
    return best[1].address if best else None


def _better(
    one: tuple[str, InterfaceAddress], two: tuple[str, InterfaceAddress], destination: Address, interface: str
) -> bool:
    """Whether the first is preferred; by the first rule that tells them apart."""
    if destination in (one[1].address, two[1].address):
        return one[1].address == destination
    scopes = _scope(one[1].address), _scope(two[1].address)
    if scopes[0] != scopes[1]:
        wanted = _scope(destination)
        return scopes[1] < wanted if scopes[0] > scopes[1] else scopes[0] >= wanted
    for ranks in (
        [each[0] == interface for each in (one, two)],
        [_label(each[1].address) == _label(destination) for each in (one, two)],
        [_common(each[1], destination) for each in (one, two)],
    ):
        if ranks[0] != ranks[1]:
            return ranks[0] > ranks[1]
    return False


def _scope(address: Address) -> int:
    if address.value == 1:
        return HOST
    return LINK if address.is_link_local else GLOBAL


def _label(address: Address) -> int:
    return next(label for prefix, label in _LABELS if prefix.holds(address))


def _common(own: InterfaceAddress, destination: Address) -> int:
    """Leading bits in common, at most the prefix's own length (rule 8)."""
    return min(128 - (own.value ^ destination.value).bit_length(), own.length)
