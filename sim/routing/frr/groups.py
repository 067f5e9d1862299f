"""bgpd's update groups: neighbours that are told the same share one UPDATE, made in the name of one of them.

`as-override` and `remove-private-AS` ask for "the neighbour's AS", and that is the one's in whose name the UPDATE is
made (SUBGRP_PEER): the last that has joined the group. So whose AS is replaced hangs on the order in which sessions
came up (FRR 8.4.4, seen 2026-11-25 with three neighbours of a peer-group).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sim.dataclasses import replace
from sim.routing.frr.live import Live

_INCOMING: Mapping[str, Any] = {
    "imports": (),
    "weight": None,
    "maximum_prefix": None,
    "allowas_in": 0,
    "allowas_in_origin": False,
    "soft_reconfiguration": False,
    "addpath_rx": True,
    "unmodelled": (),
}
"""What a neighbour's settings for what comes in are, for all who are told the same."""


def voice(lives: Iterable[Live], live: Live, family: str, contrary: bool = False) -> Live:
    """The neighbour in whose name another is spoken to; `contrary`: as if the first had come last."""
    if not _names_the_neighbour(live, family):
        return live
    members = sorted(_group(lives, live, family), key=lambda each: each.peering.number)
    return members[0 if contrary else -1]


def is_shared(lives: Iterable[Live]) -> bool:
    """Whether neighbours of different ASes share a group in which the neighbour's AS matters."""
    known = list(lives)
    return any(
        len({each.peering.remote_as for each in _group(known, live, family)}) > 1
        for live in known
        for family in live.channels
        if _names_the_neighbour(live, family)
    )


def _names_the_neighbour(live: Live, family: str) -> bool:
    settings = live.channels[family].settings
    return settings.as_override or settings.remove_private_as is not None


def _group(lives: Iterable[Live], live: Live, family: str) -> Iterator[Live]:
    """Those whose settings on the way out, and longest messages, are the same (updgrp_hash_key_make)."""
    wanted = _outgoing(live, family)
    for each in lives:
        if family in each.channels and _outgoing(each, family) == wanted:
            yield each


def _outgoing(live: Live, family: str) -> tuple[object, ...]:
    settings = replace(live.channels[family].settings, **_INCOMING)
    longest = live.peering.extended_messages
    return live.sort, settings, live.neighbour.local_as, live.neighbour.local_as_replace, longest
