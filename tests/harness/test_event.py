"""What a kernel tells, as events: what is news and what is not."""

import struct
from datetime import UTC, datetime

from harness.event import RTM_DELLINK, RTM_NEWLINK, RTM_NEWROUTE, Ear, Event
from harness.netlink import attribute, message

UP = 0x1 | 0x10000


def link(flags: int = UP, *, family: int = 0, kind: int = RTM_NEWLINK, mtu: int = 1500) -> bytes:
    body = struct.pack("=BxHiII", family, 1, 7, flags, 0)
    body += attribute(3, b"eth1\0") + attribute(4, struct.pack("=I", mtu))
    return message(kind, 0, 0, body)


def route(gateway: int) -> bytes:
    body = struct.pack("=BBBBBBBBI", 2, 24, 0, 0, 254, 186, 0, 1, 0)
    body += attribute(1, bytes((10, 0, 4, 0))) + attribute(5, bytes((192, 0, 2, gateway)))
    return message(RTM_NEWROUTE, 0, 0, body + attribute(4, struct.pack("=I", 7)))


def told(ear: Ear, *datagrams: bytes) -> list[str]:
    events = [event for datagram in datagrams for event in ear.hear(datagram)]
    return [f"{event.type} {event.action}" for event in events]


def test_an_interface_that_is_told_again_unchanged_is_no_news() -> None:
    ear = Ear("leaf1", {})
    assert told(ear, link(), link()) == ["interface create"]
    assert told(ear, link(0x1), link(0x1)) == ["interface update"]
    assert told(ear, link(UP, mtu=9000)) == ["interface update"]
    assert told(ear, link(kind=RTM_DELLINK)) == ["interface delete"]


def test_a_bridge_s_word_on_its_port_is_not_the_interface_s_end() -> None:
    assert told(Ear("leaf1", {}), link(), link(family=7, kind=RTM_DELLINK)) == ["interface create"]


def test_a_route_is_added_once_then_updated_and_its_silent_end_is_found() -> None:
    ear = Ear("leaf1", {})
    assert told(ear, link(), route(1), route(1), route(2)) == ["interface create", "route add", "route update"]
    assert ear.missed
    [gone] = ear.now_routed([])
    assert (gone.action, gone.attributes["prefix"], gone.attributes["next_hops"]) == (
        "delete",
        "10.0.4.0/24",
        "via 192.0.2.2 dev eth1",
    )
    assert not ear.missed


def test_an_event_reads_as_containerlab_s_do() -> None:
    at = datetime(2026, 11, 25, 9, 30, 1, 250, tzinfo=UTC)
    event = Event("node", "stop", "gw", {"name": "clab-dev01-gw", "lab": "dev01"}, at)
    assert str(event) == "2026-11-25T09:30:01.000250Z node stop gw (lab=dev01, name=clab-dev01-gw)"
    fields = ("timestamp", "type", "action", "actor_id", "actor_name", "actor_full_id", "attributes")
    assert tuple(event.to_json()) == fields and event.to_json()["actor_name"] == "clab-dev01-gw"
