"""Event: something that happened in a lab, in the form of `containerlab events`; and kernels' news read as such.

As text `<timestamp> <type> <action> <node> (<key>=<value>, ...)`; as JSON with containerlab's fields. Types: `node`
(start, stop, die), `interface` and `address` (create, update, delete), `route` (add, update, delete), `session`
(create, update, delete), and `lab` (destroy, overrun: a node's kernel had more news than could be heard).
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from socket import AF_UNSPEC
from typing import Any

from harness import netlink
from harness.observers import netlink as nl
from harness.observers.kernel import TABLES, matters
from sim.dataclasses import dataclass, field

RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE = 16, 17, 20, 21, 24, 25
RTM_NEWNEXTHOP, RTM_DELNEXTHOP = 104, 105
_Key = tuple[int, str, int]  # what makes a route the same: table, prefix, metric


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, on which node, and when this program heard of it."""

    type: str
    action: str
    node: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    at: datetime = field(default_factory=_now)

    @property
    def timestamp(self) -> str:
        """RFC 3339, in UTC."""
        return self.at.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in sorted(self.attributes.items()))
        return f"{self.timestamp} {self.type} {self.action} {self.node}" + (f" ({told})" if told else "")

    def to_json(self) -> dict[str, Any]:
        """containerlab's fields; a node's id is its name, for a lab has one node of a name."""
        return {
            "timestamp": self.timestamp,
            "type": self.type,
            "action": self.action,
            "actor_id": self.node,
            "actor_name": self.attributes.get("name", self.node),
            "actor_full_id": self.node,
            "attributes": dict(sorted(self.attributes.items())),
        }


class Ear:
    """One node's kernel: what it tells in datagrams of rtnetlink becomes events. Knows its interfaces and routes.

    Linux takes IPv4 routes out without a word when their interface or nexthop object goes: `missed` says that such
    news was heard, so that all routes are to be asked for (`now_routed`).
    """

    def __init__(self, node: str, common: Mapping[str, str]) -> None:
        self._node = node
        self._common = {**common, "origin": "netlink"}
        self._links: dict[int, nl.LinkMessage] = {}
        self._routes: dict[_Key, dict[str, str]] = {}
        self._tables = dict(TABLES)
        self.missed = False

    def know(self, links: list[nl.LinkMessage]) -> Iterator[Event]:
        """The interfaces as they are: each as a snapshot."""
        for link in links:
            self._note(link)
            yield self._interface("snapshot", link)

    def now_routed(self, routes: list[nl.RouteMessage], known: bool = False) -> Iterator[Event]:
        """The routes as they are; events for what was not heard, unless the routes are only to be `known`."""
        self.missed = False
        now = {_key(route): self._described(route) for route in routes if matters(route)}
        for key in {**self._routes, **now} if not known else ():
            yield from self._routed(key, now.get(key))
        self._routes = now

    def hear(self, datagram: bytes) -> Iterator[Event]:
        """The events in a datagram."""
        for kind, _, body in netlink.messages(datagram):
            if kind in (RTM_NEWLINK, RTM_DELLINK):
                yield from self._link(kind, body)
            elif kind in (RTM_NEWADDR, RTM_DELADDR):
                index, address = nl.address(body)
                yield self._event("address", _made(kind, RTM_NEWADDR), ifname=self._name(index), address=address)
            elif kind in (RTM_NEWROUTE, RTM_DELROUTE):
                route = nl.route(body)
                if matters(route):
                    yield from self._routed(_key(route), self._described(route) if kind == RTM_NEWROUTE else None)
            self.missed |= kind in (RTM_NEWLINK, RTM_DELLINK, RTM_NEWNEXTHOP, RTM_DELNEXTHOP)

    def _link(self, kind: int, body: bytes) -> Iterator[Event]:
        """What only the kernel's counters or a bridge's port would tell is no event."""
        if struct.unpack_from("=B", body)[0] != AF_UNSPEC:
            return
        link = nl.link(body)
        if kind == RTM_DELLINK:
            self._links.pop(link.index, None)
            yield self._interface("delete", link)
        elif _face(self._links.get(link.index)) != _face(link):
            action = "update" if link.index in self._links else "create"
            self._note(link)
            yield self._interface(action, link)

    def _note(self, link: nl.LinkMessage) -> None:
        self._links[link.index] = link
        if link.table is not None:
            self._tables[link.table] = link.name

    def _interface(self, action: str, link: nl.LinkMessage) -> Event:
        told = {"ifname": link.name, "index": str(link.index), "mtu": str(link.mtu_bytes), "state": _state(link)}
        told |= {"mac": link.mac or "", "type": link.kind, "master": self._name(link.master) if link.master else ""}
        return self._event("interface", action, **told)

    def _routed(self, key: _Key, now: dict[str, str] | None) -> Iterator[Event]:
        """A route that came, went or is another one."""
        before = self._routes.get(key)
        if now is not None:
            self._routes[key] = now
        elif before is not None:
            del self._routes[key]
        if now != before:
            action = "delete" if now is None else "update" if before else "add"
            yield self._event("route", action, **(now or before or {}))

    def _described(self, route: nl.RouteMessage) -> dict[str, str]:
        hops = sorted(f"via {hop.via or 'link'} dev {self._name(hop.index)}" for hop in route.hops if not hop.dead)
        return {
            "prefix": route.prefix,
            "table": self._tables.get(route.table, str(route.table)),
            "protocol": nl.PROTOCOLS.get(route.protocol, str(route.protocol)),
            "next_hops": "; ".join(hops) or nl.ROUTE_TYPES[route.type],
        }

    def _name(self, index: int | None) -> str:
        link = self._links.get(index or 0)
        return link.name if link else f"if{index}"

    def _event(self, kind: str, action: str, **attributes: str) -> Event:
        return Event(
            kind, action, self._node, self._common | {key: value for key, value in attributes.items() if value}
        )


def _made(kind: int, new: int) -> str:
    return "create" if kind == new else "delete"


def _state(link: nl.LinkMessage) -> str:
    """Up is both: switched on, and with carrier."""
    both = nl.IFF_UP | nl.IFF_LOWER_UP
    return "up" if link.flags & both == both else "down"


def _face(link: nl.LinkMessage | None) -> tuple[object, ...]:
    """What of an interface is worth an event."""
    return (link.name, _state(link), link.mtu_bytes, link.mac, link.kind, link.master) if link else ()


def _key(route: nl.RouteMessage) -> _Key:
    return route.table, route.prefix, route.metric
