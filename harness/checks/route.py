"""What a node's kernel does with a prefix: its FIB entry, with exact next hops."""

from collections.abc import Sequence
from typing import Literal

from harness.addresses import Neighbours
from harness.parameters import NodeName, Prefix, Target
from harness.verdict import Verdict, errored, failed, passed
from harness.witness import Witness
from sim.snapshot import NextHop, NodeState, Route, RouteType

Type = Literal["unicast", "blackhole", "unreachable", "prohibit"]


def route(
    witness: Witness,
    node: NodeName,
    prefix: Prefix,
    next_hops: list[Target] | None = None,
    avoid: list[Target] | None = None,
    type: Type | None = None,  # the kernel's own word
    protocol: str | None = None,
    source: str | None = None,
    table: str = "main",
    absent: bool = False,
) -> Verdict:
    """The kernel of `node` has a route for exactly this prefix, with exactly these next hops.

    A next hop is written as the node it leads to (`spine2`), that node's interface (`spine2:eth1`), the node's own
    interface (`leaf1:swp1`), or the gateway's address. `avoid` names next hops that must not be among them. `type` is
    what the route does (unicast, blackhole, unreachable, prohibit; without next_hops any will do), `protocol` who put
    it there, `source` the address it prefers, `table` a routing table. `absent: true` wants no such route.
    """
    snapshot = witness.snapshot()
    state = snapshot.nodes.get(node)
    if state is None or not state.running:
        return errored(f"{node} is not running")
    found = _table(state, table).get(prefix)
    where = f"{node} {prefix}" + (f" in table {table}" if table != "main" else "")
    neighbours = Neighbours(witness.topology, snapshot)
    if found is None:
        return passed(f"{where}: no route") if absent else failed(f"{where}: no route", prefixes=_near(state, table))
    said = _said(node, found, neighbours)
    evidence = [said]
    if absent:
        return failed(f"{where}: {said}; expected no route", table=evidence)
    wrong = _wrong_facts(found, type if type or next_hops is None else "unicast", protocol, source)
    wrong += _wrong_hops(node, found.next_hops, next_hops, avoid or [], neighbours)
    if wrong:
        return failed(f"{where}: {said}; expected {'; '.join(wrong)}", table=evidence)
    return passed(f"{where}: {said}", table=evidence)


def _table(state: NodeState, table: str) -> dict[str, Route]:
    return dict(state.fib if table == "main" else state.tables.get(table, {}))


def _near(state: NodeState, table: str) -> list[str]:
    return sorted(_table(state, table))[:50]


def _wrong_facts(found: Route, type: str | None, protocol: str | None, source: str | None) -> list[str]:
    wanted = [("type", type, str(found.type)), ("protocol", protocol, found.protocol), ("source", source, found.source)]
    return [f"{name} {want}" for name, want, have in wanted if want is not None and want != have]


def _wrong_hops(
    node: str, found: Sequence[NextHop], wanted: list[str] | None, avoid: list[str], neighbours: Neighbours
) -> list[str]:
    names = [neighbours.names(node, hop) for hop in found]
    wrong = [f"not by {name}" for name in avoid if any(name in each for each in names)]
    if wanted is not None:
        missing = any(not any(name in each for each in names) for name in wanted)
        extra = any(not each & set(wanted) for each in names)
        wrong += [f"next hops {{{', '.join(wanted)}}}"] if missing or extra else []
    return wrong


def _said(node: str, found: Route, neighbours: Neighbours) -> str:
    if found.type is not RouteType.UNICAST:
        return f"{found.type} ({found.protocol})"
    hops = ", ".join(neighbours.call(node, hop) for hop in found.next_hops)
    return f"next hops {{{hops}}} ({found.protocol}" + (f", src {found.source})" if found.source else ")")
