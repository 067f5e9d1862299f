"""What FRR's daemons say: neighbours of BGP, OSPF and BFD, router ids, and the prefixes in BGP tables.

Which daemons should run is what the node's `/etc/frr/daemons` says. One that should and does not answer is told as a
note and as a session with state "daemon down". Parsing is pure: a daemon's JSON in, values out.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from harness.inet import is_address
from harness.observers.routing import DAEMON_DOWN, EVERY_PEER, Adjacency, Routing
from harness.observers.vty import Vty
from lab.node import RunningNode
from sim.errors import ProbeError
from sim.snapshot import Session

_SWITCH = re.compile(r"^(\w+)=[\"']?yes[\"']?\s*(?:#.*)?$", re.MULTILINE)
Observer = Callable[[Vty], Routing]
_PROTOCOLS: Mapping[str, Any] = {"bgpd": "bgp", "ospfd": "ospf", "ospf6d": "ospf6", "bfdd": "bfd"}


def observe_frr(node: RunningNode) -> Routing:
    """Ask each daemon that should run. ProbeError where an answer makes no sense."""
    return _ask(node, _OBSERVERS)


def frr_sessions(node: RunningNode) -> Routing:
    """The same without BGP's tables, which may be large."""
    return _ask(node, _OBSERVERS | {"bgpd": _bgpd_sessions})


def _ask(node: RunningNode, observers: Mapping[str, Observer]) -> Routing:
    file = node.read("/etc/frr/daemons")
    found = Routing()
    for daemon in enabled(file.decode(errors="replace")) if file else ():
        if daemon in observers:
            found |= _observe(node, daemon, observers[daemon])
    return found


def enabled(daemons: str) -> list[str]:
    """The daemons that a `/etc/frr/daemons` switches on."""
    return _SWITCH.findall(daemons)


def _observe(node: RunningNode, daemon: str, observer: Observer) -> Routing:
    try:
        with Vty(node, daemon) as vty:
            return observer(vty)
    except ConnectionError:
        session = Session(_PROTOCOLS[daemon], EVERY_PEER, DAEMON_DOWN, up=False, daemon="frr")
        return Routing(sessions=(session,), notes=(f"{daemon} does not answer; /etc/frr/daemons starts it",))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProbeError(
            f"{daemon}: an answer that this observer does not understand ({error!r})", node.name
        ) from error


def _bgpd_sessions(vty: Vty) -> Routing:
    return Routing(sessions=tuple(bgp_sessions(vty.ask_json("show bgp vrf all neighbors json"))))


def _bgpd(vty: Vty) -> Routing:
    sessions = _bgpd_sessions(vty)
    tables = [vty.ask_json(f"show bgp vrf all {family} unicast json") for family in ("ipv4", "ipv6")]
    return sessions | Routing(
        router_ids=dict(each for table in tables for each in bgp_router_ids(table)),
        bgp_prefixes=frozenset(prefix for table in tables for prefix in bgp_prefixes(table)),
    )


def bgp_sessions(neighbors: Mapping[str, Any]) -> Iterator[Session]:
    """`show bgp vrf all neighbors json`: a neighbour that is shut down on purpose is not asked for."""
    for vrf, table in neighbors.items():
        for peer, told in table.items():
            if isinstance(told, dict) and "bgpState" in told and not told.get("adminShutDown"):
                yield _bgp_session(peer, told, vrf)


def _bgp_session(peer: str, told: Mapping[str, Any], vrf: str) -> Session:
    families = told.get("addressFamilyInfo", {}).values()
    local = told.get("hostLocal") or told.get("updateSource")
    return Session(
        protocol="bgp",
        peer=peer,
        state=told["bgpState"],
        up=told["bgpState"] == "Established",
        remote_as=told.get("remoteAs"),
        local=local if local != "Unknown" else None,
        interface=None if is_address(peer) else peer,
        vrf=vrf,
        daemon="frr",
        prefixes_received=sum(family.get("acceptedPrefixCounter", 0) for family in families),
    )


def bgp_router_ids(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`show bgp vrf all ... json`: the router id of each instance, `bgpd` or `bgpd:vrf`."""
    for vrf, told in table.items():
        if "routerId" in told:
            yield _instance("bgpd", vrf), told["routerId"]


def bgp_prefixes(table: Mapping[str, Any]) -> Iterator[str]:
    """`show bgp vrf all ... json`: every prefix, own or received, best or not."""
    for told in table.values():
        yield from told.get("routes", {})


def _ospfd(vty: Vty) -> Routing:
    instances = vty.ask_json("show ip ospf vrf all json")
    faces = vty.ask_json("show ip ospf vrf all interface json")
    neighbors = vty.ask_json("show ip ospf vrf all neighbor detail json")
    return Routing(
        adjacencies=tuple(ospf_adjacencies(faces, neighbors)),
        router_ids={_instance("ospfd", vrf): told["routerId"] for vrf, told in instances.items() if "routerId" in told},
    )


def ospf_adjacencies(faces: Mapping[str, Any], neighbors: Mapping[str, Any]) -> Iterator[Adjacency]:
    """`show ip ospf vrf all interface json` and `... neighbor detail json`."""
    for vrf, told in faces.items():
        entries = [each for listed in neighbors.get(vrf, {}).get("neighbors", {}).values() for each in listed]
        for name, face in told.get("interfaces", {}).items():
            if face.get("ospfEnabled") and not _is_silent(face):
                seen = (each for each in entries if each["ifaceName"] == name)
                yield Adjacency(name, tuple(_ospf_session(each, face, vrf) for each in seen), "frr")


def _is_silent(face: Mapping[str, Any]) -> bool:
    return (
        bool(face.get("timerPassiveIface")) or face.get("networkType") == "LOOPBACK" or face.get("state") == "Loopback"
    )


def _ospf_session(told: Mapping[str, Any], face: Mapping[str, Any], vrf: str) -> Session:
    return Session(
        protocol="ospf",
        peer=told["ifaceAddress"],
        state=told["nbrState"],
        up=adjacent(told["nbrState"], face.get("state", "")),
        local=face.get("ipAddress"),
        interface=told["ifaceName"],
        vrf=vrf,
        daemon="frr",
    )


def adjacent(state: str, own: str) -> bool:
    """Whether an OSPF neighbour is where it should be: Full, or 2-Way while neither side is a designated router
    (RFC 2328 10.4). `own` is the state of our interface."""
    neighbour, _, role = state.partition("/")
    return neighbour == "Full" or (neighbour == "2-Way" and own == role == "DROther")


def _ospf6d(vty: Vty) -> Routing:
    faces = vty.ask_json("show ipv6 ospf6 interface json")
    neighbors = vty.ask_json("show ipv6 ospf6 neighbor json")
    router_id = vty.ask_json("show ipv6 ospf6 json").get("routerId")
    passive = ospf6_passive(vty.ask("show running-config"))
    return Routing(
        adjacencies=tuple(ospf6_adjacencies(faces, neighbors, passive)),
        router_ids={"ospf6d": router_id} if router_id else {},
    )


def ospf6_passive(config: str) -> set[str]:
    """The passive interfaces of a running configuration: FRR 8.4 tells them nowhere else."""
    passive, name = set(), ""
    for line in config.splitlines():
        if line.startswith("interface "):
            name = line.split()[1]
        elif line.strip() == "ipv6 ospf6 passive":
            passive.add(name)
    return passive


def ospf6_adjacencies(
    faces: Mapping[str, Any], neighbors: Mapping[str, Any], passive: Collection[str]
) -> Iterator[Adjacency]:
    """`show ipv6 ospf6 interface json` and `show ipv6 ospf6 neighbor json`; a neighbour is known by its router id."""
    for name, face in faces.items():
        if face.get("attachedToArea") and face.get("type") != "LOOPBACK" and name not in passive:
            seen = [each for each in neighbors.get("neighbors", []) if each["interfaceName"] == name]
            yield Adjacency(name, tuple(_ospf6_session(each) for each in seen), "frr", "ospf6")


def _ospf6_session(told: Mapping[str, Any]) -> Session:
    state = told["state"].replace("Twoway", "2-Way")
    return Session(
        protocol="ospf6",
        peer=told["neighborId"],
        state=state,
        up=adjacent(f"{state}/{told.get('ifState', '')}", told.get("interfaceState", "")),
        interface=told["interfaceName"],
        daemon="frr",
    )


def _bfdd(vty: Vty) -> Routing:
    return Routing(sessions=tuple(bfd_sessions(vty.ask_json("show bfd peers json") or [])))


def bfd_sessions(peers: list[Mapping[str, Any]]) -> Iterator[Session]:
    """`show bfd peers json`; a session that is shut down on purpose is not asked for."""
    for told in peers:
        if told["status"] != "shutdown":
            yield Session(
                protocol="bfd",
                peer=told["peer"],
                state=told["status"].capitalize(),
                up=told["status"] == "up",
                local=told.get("local"),
                interface=told.get("interface"),
                vrf=told.get("vrf", "default"),
                daemon="frr",
            )


def _instance(daemon: str, vrf: str) -> str:
    return daemon if vrf == "default" else f"{daemon}:{vrf}"


_OBSERVERS: dict[str, Observer] = {"bgpd": _bgpd, "ospfd": _ospfd, "ospf6d": _ospf6d, "bfdd": _bfdd}
