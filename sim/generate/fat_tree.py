"""A fat-tree of k-port switches as a plan: k pods of k/2 edges and k/2 aggregations, under (k/2)^2 cores.

Aggregation a of every pod is cabled to the k/2 cores of group a (Al-Fares, SIGCOMM 2008). Autonomous systems as in
RFC 7938, 5.2.1: one for the cores, one for the aggregations of a pod, one for each edge.
"""

from collections.abc import Iterator

from sim.errors import InputError
from sim.generate import numbering
from sim.generate.plan import Box, Cable, End, Plan, Tier, interfaces


def fat_tree(ports: int, name: str = "") -> Plan:
    """The fat-tree of switches with so many ports: even, 2 to 48. InputError otherwise."""
    if ports % 2 or not 2 <= ports <= numbering.MOST_PODS:
        raise InputError(f"found {ports}; expected an even number of ports, 2 to {numbering.MOST_PODS}", "K")
    pods, half = range(1, ports + 1), range(1, ports // 2 + 1)
    edges = {(pod, at): _edge(pod, at) for pod in pods for at in half}
    aggregations = {(pod, at): _aggregation(pod, at) for pod in pods for at in half}
    cores = {(group, at): _core(group, at) for group in half for at in half}
    boxes = (*cores.values(), *aggregations.values(), *edges.values())
    cables = (*_in_pods(edges, aggregations, len(half)), *_to_cores(aggregations, cores, len(half)))
    title = f"A fat-tree of {ports}-port switches: {ports} pods, {len(boxes)} routers, {len(cables)} links"
    return Plan(name or f"fat-tree-{ports}", title, boxes, cables, _numbers(ports))


Grid = dict[tuple[int, int], Box]


def _edge(pod: int, at: int) -> Box:
    loopback, subnet = numbering.edge_loopback(pod, at), numbering.subnet(pod, at)
    return Box(f"pod{pod}-edge{at}", Tier.EDGE, numbering.edge_as(pod, at), loopback, subnet)


def _aggregation(pod: int, at: int) -> Box:
    return Box(f"pod{pod}-agg{at}", Tier.AGGREGATION, numbering.pod_as(pod), numbering.aggregation_loopback(pod, at))


def _core(group: int, at: int) -> Box:
    return Box(f"core{group}-{at}", Tier.CORE, numbering.CORES_AS, numbering.core_loopback(group, at))


def _in_pods(edges: Grid, aggregations: Grid, half: int) -> Iterator[Cable]:
    for (pod, edge), lower in edges.items():
        for at in range(1, half + 1):
            below, above = numbering.pod_cable(pod, edge, at)
            yield Cable(End(lower, f"eth{at}", below), End(aggregations[pod, at], f"eth{edge}", above))


def _to_cores(aggregations: Grid, cores: Grid, half: int) -> Iterator[Cable]:
    for (pod, group), lower in aggregations.items():
        for at in range(1, half + 1):
            below, above = numbering.core_cable(pod, group, at)
            yield Cable(End(lower, f"eth{half + at}", below), End(cores[group, at], f"eth{pod}", above))


def _numbers(ports: int) -> tuple[tuple[str, str, str, str], ...]:
    half = ports // 2
    cores = f"core*g*-*c*, *g* and *c* 1 .. {half}"
    aggregations = f"pod*p*-agg*a*, *p* 1 .. {ports}, *a* 1 .. {half}"
    edges = f"pod*p*-edge*e*, *p* 1 .. {ports}, *e* 1 .. {half}"
    down, up = interfaces(1, half), interfaces(half + 1, ports)
    return (
        (cores, "4200000000", "172.18.*g*.*c*", f"{interfaces(1, ports)} to pods 1 .. {ports}"),
        (
            aggregations,
            "4200000000 + 1000 *p*",
            "172.17.*p*.*a*",
            f"{down} to the edges, {up} to the cores of group *a*",
        ),
        (
            edges,
            "4200000000 + 1000 *p* + *e*",
            "172.16.*p*.*e*, servers 10.*p*.*e*.1/24",
            f"{down} to the aggregations",
        ),
    )
