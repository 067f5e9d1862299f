"""Why: what decided that a route is the one, and what became of the others."""

from typing import NamedTuple


class Loser(NamedTuple):
    """A candidate that was not taken, and the step of the decision that put it out."""

    path: str
    step: str


class Why(NamedTuple):
    """Why a route is what it is. `candidates` are other protocols' routes to the prefix, which had worse distances."""

    route: str
    step: str = ""
    losers: tuple[Loser, ...] = ()
    candidates: tuple[Loser, ...] = ()
