"""macvlan and vxlan links: what they stand on, and tunnels whose two ends are both drawn.

The machine is the lab's own host side. A macvlan's MTU is, unless it is given, that of the interface it stands on; a
tunnel's leaves room for its headers (RFC 7348 4.3).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address

from sim.dataclasses import replace
from sim.errors import TopologyError
from sim.topology.clab_links import BriefLink, LinkSection, MacvlanLink, VxlanLink
from sim.topology.model import Link, LinkType, Management, Underlay

MACVLAN = "macvlan"
_DEFAULT_MTU_BYTES = 1500
_HEADERS_BYTES = {4: 50, 6: 70}


def underlay(section: LinkSection) -> Underlay | None:
    """What a link stands on; ValueError for a remote end that is no address."""
    if isinstance(section, MacvlanLink):
        return Underlay(section.host_interface, section.mode)
    if isinstance(section, VxlanLink):
        port = section.dst_port or section.udp_port or Underlay().port
        remote = str(ip_address(section.remote))
        parent = section.parent_interface
        return Underlay(parent, remote=remote, vni=section.vni, port=port, source_port=section.src_port)
    if isinstance(section, BriefLink):
        parents = [text.partition(":")[2] for text in section.endpoints if text.partition(":")[0] == MACVLAN]
        return Underlay(parents[0]) if parents else None
    return None


def finished(links: Sequence[Link], given_mtu: Sequence[bool], management: Management) -> Iterator[Link]:
    """Links with the MTU of what they stand on, and each two ends of one tunnel as one link.

    `given_mtu` says which links' files give their MTU. TopologyError where more than two links are one tunnel, where a
    macvlan's MTU is more than its interface has, and where that is a bridge's port.
    """
    mtu: dict[str | None, int] = {link.far_interface: link.mtu_bytes for link in links if link.far_interface}
    mtu |= {
        str(end).partition(":")[2]: link.mtu_bytes for link in links for end in link.endpoints if end.node == "host"
    }
    mtu[management.bridge] = management.mtu_bytes
    sized = [_sized(link, given, mtu) for link, given in zip(links, given_mtu, strict=True)]
    _check_ports(links, management)
    tunnels = _tunnels(sized)
    for link in sized:
        ends = tunnels.get(_key(link), [link])
        if ends[0] is link:
            yield _joined(ends) if len(ends) == 2 else link


def _check_ports(links: Sequence[Link], management: Management) -> None:
    """TopologyError at a macvlan of a bridge's port, which Linux refuses."""
    ports = {link.far_interface for link in links if link.type is LinkType.MGMT_NET}
    for link in links:
        if link.underlay and link.underlay.parent in ports:
            text = f"{link}: {link.underlay.parent} is a port of {management.bridge}, and carries no macvlan"
            raise TopologyError(f"{text}; expected {management.bridge}, or another interface", link.place)


def _sized(link: Link, given: bool, mtu: Mapping[str | None, int]) -> Link:
    on = link.underlay
    if on is None:
        return link
    if on.remote:
        room = _DEFAULT_MTU_BYTES - _HEADERS_BYTES[ip_address(on.remote).version]
        return link if given else replace(link, mtu_bytes=room)
    most = mtu.get(on.parent, _DEFAULT_MTU_BYTES)
    if given and link.mtu_bytes > most:
        text = f"{link}: mtu {link.mtu_bytes} is more than the {most} of {on.parent}, which it stands on; lower it"
        raise TopologyError(text, link.place)
    return link if given else replace(link, mtu_bytes=most)


def _key(link: Link) -> tuple[int, int] | None:
    return (link.underlay.vni, link.underlay.port) if link.underlay and link.underlay.remote else None


def _tunnels(links: Iterable[Link]) -> dict[tuple[int, int] | None, list[Link]]:
    found: dict[tuple[int, int] | None, list[Link]] = {}
    for link in links:
        if (key := _key(link)) is not None:
            ends = found.setdefault(key, [])
            ends.append(link)
            if len(ends) > 2:
                text = f"{link}: vni {key[0]} on port {key[1]} has two ends already, {ends[0]} and {ends[1]}"
                raise TopologyError(f"{text}; expected another vni or dst-port", link.place)
    return found


def _joined(ends: Sequence[Link]) -> Link:
    """Both ends of a tunnel as one link: what one of them sends, the other hears."""
    one, other = ends
    mtu = min(one.mtu_bytes, other.mtu_bytes)
    return replace(one, type=LinkType.VXLAN, endpoints=(*one.endpoints, *other.endpoints), mtu_bytes=mtu)
