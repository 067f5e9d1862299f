"""Paper against the real daemons: a random network is deployed, solved, and compared until both say the same.

`parted` is what still differs when its time is over; `shrunk` finds a smaller network that differs in the same way.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from network import Network, Router, smaller

from harness import deploy
from harness.lab_witness import play_before, witnessing
from harness.run import own_name
from harness.story import Step
from harness.verdict import Outcome, Verdict, errored, failed, passed
from lab.lab import Lab
from sim.errors import FabricError, NotConverged, Place
from sim.flow import Flow
from sim.paper import Paper
from sim.topology.reader import read_topology
from sim.trace import trace

WITHIN_S = 40.0
"""Time to converge: OSPF's wait and BGP's second try at a connection fit in several times."""

_MANY_CHANGES = 200
"""More than any network of this size makes on its way to rest (that took 30 at most); a wheel turns within 20 s."""

_FEW_CHANGES, _SLOW_S = 4, 90.0
"""Two turns of a wheel that goes through OSPF, and the time they take at most."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A network on which paper and daemons part, and how."""

    network: Network
    verdict: Verdict

    @property
    def kind(self) -> str:
        """The first difference without its names and numbers: what stays the same while a network shrinks."""
        first = self.verdict.evidence.get("table", [self.verdict.text])[0]
        return re.sub(r"[0-9a-f]*[.:][0-9a-f.:/]+|\d+", "#", str(first))


@dataclass(frozen=True, slots=True)
class Judged:
    """A network on paper, and whether the real daemons say the same."""

    paper: Paper
    verdict: Verdict

    @property
    def agrees(self) -> bool:
        """Whether they do."""
        return self.verdict.outcome is Outcome.PASS

    @property
    def told(self) -> str:
        """How they part."""
        return "\n".join([self.verdict.text, *map(str, self.verdict.evidence.get("table", ()))])

    def delivered(self, source: str, destination: str, port: int) -> bool:
        """Whether, on paper, a connection gets there and back."""
        return trace(self.paper, Flow(source, destination, "tcp", None, port)).delivered


def judged(network: Network, within_s: float = WITHIN_S, rewritten: tuple[str, str] = ("", "")) -> Judged:
    """A network deployed, solved, and compared until both say the same or the time is over.

    `rewritten`: a text of the frr.conf files, and what stands there instead.
    """
    with _deployed(network, rewritten) as lab, witnessing(lab) as witness:
        paper = witness.paper()
        paper.uncertain_entries()  # solved before the clock of the lab begins
        play = play_before(witness)
        step = Step("expect", "agrees", {"flows": 30}, Place(str(lab.topology.file)), within_s=within_s)
        verdict = play.step(step).verdict
        if verdict.outcome is not Outcome.PASS:
            verdict = replace(verdict, evidence={**verdict.evidence, "daemons": told_by_daemons(lab, network)})
        return Judged(paper, verdict)


def verdict_on(network: Network) -> Verdict:
    """Whether paper and the daemons agree on a network; what one of them refuses or fails at is an ERROR."""
    try:
        return judged(network).verdict
    except NotConverged as error:
        return _restless(network, error)
    except FabricError as error:
        return errored(str(error))


def parted(network: Network) -> Finding | None:
    """How paper and the daemons differ on a network; None where they agree."""
    verdict = verdict_on(network)
    return None if verdict.outcome is Outcome.PASS else Finding(network, verdict)


def shrunk(finding: Finding, tries: int = 60, judge: Callable[[Network], Finding | None] = parted) -> Finding:
    """A smaller network with a difference of the same kind; at most `tries` labs are brought up."""
    while tries > 0:
        for candidate in smaller(finding.network):
            tries -= 1
            less = judge(candidate)
            if less is not None and less.kind == finding.kind:
                finding = less
                break
            if tries <= 0:
                return finding
        else:
            return finding
    return finding


def _restless(network: Network, error: NotConverged) -> Verdict:
    """Paper finds no rest: whether the lab's routes change for ever, too.

    A wheel of BGP policies turns many times in a second. One that goes through OSPF waits for the least time between
    two LSAs, and takes 20 s a turn; a network that comes to rest has done so when that is looked for.
    """
    with _deployed(network) as lab:
        until = time.monotonic() + WITHIN_S
        while time.monotonic() < until:
            if any(_changes(lab, router.name) > _MANY_CHANGES for router in network.routers if router.daemon == "frr"):
                return passed("routes oscillate for ever on paper and in the lab")
            time.sleep(1)
        before, turned, until = _kernel_routes(lab), 0, time.monotonic() + _SLOW_S
        while time.monotonic() < until and turned < _FEW_CHANGES:
            time.sleep(1)
            now = _kernel_routes(lab)
            before, turned = now, turned + (now != before)
        if turned >= _FEW_CHANGES:
            return passed("routes go round for ever on paper and in the lab")
    return failed(f"paper: {error}; the lab comes to rest")


def _kernel_routes(lab: Lab) -> list[bytes]:
    """Every node's kernel tables."""
    return [lab.nodes[name].run(["ip", "route", "show", "table", "all"]).stdout for name in lab.nodes]


_BGP = ("show bgp vrf all summary", "show bgp ipv4", "show bgp ipv6")
_OSPF = ("show ip ospf neighbor", "show ip ospf route", "show ipv6 ospf6 neighbor", "show ipv6 ospf6 route")
_ASKED = {
    "frr": ("show ip route", "show ipv6 route", *_BGP, *_OSPF),
    "bird": ("show protocols all", "show route all"),
}


def told_by_daemons(lab: Lab, network: Network) -> dict[str, str]:
    """What each router's daemons say for themselves: what a reader of a difference asks first."""
    return {router.name: "\n".join(_told(lab, router)) for router in network.routers}


def _told(lab: Lab, router: Router) -> Iterator[str]:
    node = lab.nodes[router.name]
    yield "\n".join(" ".join(each.argv) for each in node.processes())
    for question in _ASKED[router.daemon]:
        asked = ["vtysh", "-c", question] if router.daemon == "frr" else ["birdc", *question.split()]
        yield f"> {question}\n{node.run(asked, check=False).text}"


def _changes(lab: Lab, node: str) -> int:
    """How often bgpd has changed its IPv4 and IPv6 tables."""
    told = lab.nodes[node].run(["vtysh", "-c", "show bgp summary"], check=False).stdout.decode()
    return sum(map(int, re.findall(r"BGP table version (\d+)", told)))


@contextmanager
def _deployed(network: Network, rewritten: tuple[str, str] = ("", "")) -> Iterator[Lab]:
    with _written(network, rewritten) as file:
        lab = deploy.bring_up(read_topology(file, name=own_name("agree")))
        try:
            yield lab
        finally:
            lab.destroy()


@contextmanager
def _written(network: Network, rewritten: tuple[str, str]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="agree-"))
    try:
        file = network.write(folder)
        for conf in folder.rglob("frr.conf"):
            conf.write_text(conf.read_text().replace(*rewritten))
        yield file
    finally:
        shutil.rmtree(folder)
