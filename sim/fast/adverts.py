"""What neighbours tell each other in a solved network, route by route: the paths behind the bits.

Of a node's equal paths one is told on; where several are equal, the neighbour with the lowest address is taken for the
one that came first.
"""

from collections.abc import Iterator, Mapping

from sim.address import Address, Prefix
from sim.device import Device
from sim.fast.bgp import FastBgp
from sim.fast.bits import column, has, members
from sim.fast.sessions import Told, Wiring
from sim.policy import Context
from sim.route import PathAttributes
from sim.routing import Advert
from sim.routing.chain import Chain


class Adverts:
    """The UPDATEs of one family. Nothing is kept but what several of them share."""

    def __init__(self, bgp: FastBgp, devices: Mapping[str, Device], wiring: Wiring) -> None:
        self._bgp, self._devices, self._wiring = bgp, devices, wiring
        self._chains: dict[tuple[int, str], Chain] = {}
        self._known: dict[tuple[int, Prefix], PathAttributes] = {}

    def over(self, edge: int) -> Iterator[tuple[Prefix, Advert]]:
        """Everything that the sender of an edge tells its receiver."""
        fabric, told = self._bgp.plain.fabric, self._bgp.plain.told[edge]
        sender = int(fabric.sender[edge])
        link_local = self._link_local(told)
        if self._closed(told):
            return
        for number in members(self._bgp.state.reached[sender]).tolist():
            for prefix in self._bgp.classes[number].prefixes:
                sent = self._sent(edge, number, prefix)
                if sent is not None and told.via is not None:
                    yield prefix, Advert(sent, told.via, link_local)

    def _closed(self, told: Told) -> bool:
        """RFC 8212, on the sender's side; the receiver's suite sees to its own."""
        family = told.sending.families[self._bgp.plain.family]
        return self._devices[told.sender].bgp[0].ebgp_requires_policy and not family.exports

    def _link_local(self, told: Told) -> Address | None:
        """The second next hop of RFC 2545."""
        if told.via is None or told.via.version == 4 or told.via.is_link_local:
            return None
        return self._wiring.faces[self._wiring.across[told.end]].link_local

    def _sent(self, edge: int, number: int, prefix: Prefix) -> PathAttributes | None:
        """A route as it leaves the sender: policy first, then what every router does."""
        told = self._bgp.plain.told[edge]
        found = self._chain(edge, "out").apply(
            prefix, self._held(int(self._bgp.plain.fabric.sender[edge]), number, prefix)
        )
        if found is None:
            return None
        kinds = told.sending.families[self._bgp.plain.family].send_communities
        return found.having(
            as_path=(self._devices[told.sender].bgp[0].asn, *found.as_path),
            weight=0,
            tag=0,
            metric=0,
            communities=found.communities if "standard" in kinds else frozenset(),
            large_communities=found.large_communities if "large" in kinds else frozenset(),
        )

    def _held(self, node: int, number: int, prefix: Prefix) -> PathAttributes:
        """A node's best path as it stands in its table, another AS's MED left out (it does not leave)."""
        key = node, prefix
        if key not in self._known:
            self._known[key] = self._path(node, number, prefix)
        return self._known[key]

    def _path(self, node: int, number: int, prefix: Prefix) -> PathAttributes:
        bgp = self._bgp
        for origin, attributes in bgp.plain.origins[prefix]:
            if origin == node:
                return attributes
        run = bgp.plain.fabric.heard(node)
        edges = [run.start + int(i) for i in column(bgp.state.members[run.start : run.stop], number)]
        best = min(edges, key=lambda edge: bgp.plain.told[edge].via or Address(0))
        sent = self._sent(best, number, prefix)
        assert sent is not None and has(bgp.state.reached, node, number)
        got = self._chain(best, "in").apply(prefix, sent)
        assert got is not None
        return got.having(med=None)

    def _chain(self, edge: int, direction: str) -> Chain:
        key = edge, direction
        if key not in self._chains:
            told, family = self._bgp.plain.told[edge], self._bgp.plain.family
            node, other = (told.sender, told.receiver) if direction == "out" else (told.receiver, told.sender)
            neighbour = told.sending if direction == "out" else told.receiving
            settings = neighbour.families[family]
            context = Context(
                node=node,
                peer=neighbour.address,
                peer_as=self._devices[other].bgp[0].asn,
                local_as=self._devices[node].bgp[0].asn,
                interface=neighbour.interface,
                direction=direction,
            )
            self._chains[key] = Chain(settings.exports if direction == "out" else settings.imports, context)
        return self._chains[key]
