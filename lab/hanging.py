"""Links that stand on the lab's host side: macvlan, vxlan, and a vxlan stitched to a cable.

The machine of containerlab is the lab's own host side here, so a tunnel leads no further than that side's routes do.
"""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from lab.node import RunningNode
from lab.preflight import lacking_devices
from lab.runtimes import StandIn
from sim.errors import HostError
from sim.topology.interfaces import stitch_names
from sim.topology.model import Link, LinkType


def is_cable(link: Link) -> bool:
    """Whether a link is a veth: all but dummies and devices that stand on the host side; both ends of a tunnel are."""
    return link.type is not LinkType.DUMMY and (not link.type.hangs or len(link.endpoints) == 2)


def is_stitched(link: Link) -> bool:
    """Whether a link is a cable to the host side, joined there with a tunnel."""
    return link.type is LinkType.VXLAN_STITCH and len(link.endpoints) == 1


def refuse_lacking(links: Iterable[Link]) -> None:
    """HostError, with all links that are concerned, where this machine's kernel has not the devices that they are."""
    wanted: dict[str, list[str]] = {}
    for link in links:
        if link.type.hangs and len(link.endpoints) == 1:
            kind = "macvlan" if link.type is LinkType.MACVLAN else "vxlan"
            wanted.setdefault(kind, []).append(str(link.endpoints[0]))
    if lacking := lacking_devices(wanted) if wanted else ():
        kinds = [kind for kind in wanted if kind in lacking]
        said = "; ".join(f"{', '.join(wanted[kind])}: this kernel has no {kind} device" for kind in kinds)
        raise HostError(f"{said}; load what it lacks (`modprobe {' '.join(kinds)}`), or draw a veth instead")


def standing(link: Link) -> Mapping[str, Any]:
    """What the keeper is told of a device's underlay."""
    on = link.underlay
    assert on is not None
    remote = list(ip_address(on.remote).packed) if on.remote else None
    tunnel = {"vni": on.vni, "remote": remote, "port": on.port, "source_port": on.source_port}
    return {"parent": on.parent, "mode": on.mode, **tunnel}


def stitch(host: RunningNode, link: Link) -> None:
    """Pass every frame of a link's cable to its tunnel and back, unread: a bridge would keep some to itself."""
    cable, tunnel = stitch_names(link)
    lines = []
    for one, other in ((cable, tunnel), (tunnel, cable)):
        redirect = f"action mirred egress redirect dev {other}"
        lines += [f"qdisc add dev {one} clsact"]
        lines += [f"filter add dev {one} ingress protocol all u32 match u32 0 0 {redirect}"]
    done = host.run(["tc", "-batch", "-"], stdin="".join(f"{line}\n" for line in lines).encode(), check=False)
    if done.status:
        words, needed = " ".join(done.words.split()), "sch_ingress, cls_u32 and act_mirred"
        raise HostError(f"tc joins no tunnel to the cable: {words}; the kernel must have {needed}", str(link))


def told(link: Link, absent: Collection[str], host: RunningNode) -> StandIn | None:
    """What the reader must know of a link that stands on the host side; None where all is as the file says."""
    on, end = link.underlay, link.endpoints[0]
    assert on is not None
    name = end.alias or end.interface
    if len(link.endpoints) == 2:
        return StandIn(end.node, f"{name} (vxlan {on.vni})", f"a cable to {link.endpoints[1]}: both ends are here")
    if on.remote is None:
        given = f"an empty bridge {on.parent} on the lab's own host side"
        return StandIn(end.node, f"{name} (macvlan of {on.parent})", given) if on.parent in absent else None
    if on.parent in absent:
        return StandIn(end.node, f"{name} (vxlan by {on.parent})", "by any interface of the lab's own host side")
    if host.run(["ip", "route", "get", on.remote], check=False).status:
        return StandIn(end.node, f"{name} (vxlan to {on.remote})", "a tunnel to where the lab's host side has no route")
    return None
