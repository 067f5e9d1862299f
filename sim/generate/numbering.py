"""Numbers of a generated fabric, so that an address tells where it stands. Pods, switches and ports count from 1.

| what | number |
|---|---|
| servers of edge e in pod p | 10.p.e.0/24 |
| cable from edge e to aggregation a in pod p | 10.(100+p).e.2(a-1)/31, the upper end even |
| cable from aggregation a of pod p to core c of its group | 10.(200+p).a.2(c-1)/31 |
| loopbacks of edges, aggregations, cores | 172.16.p.e, 172.17.p.a, 172.18.a.c |
| AS of the cores, of pod p's aggregations, of edge e in pod p | 4200000000, + 1000 p, + 1000 p + e (RFC 6996) |
"""

SERVERS = "10.0.0.0/10"
"""Holds the servers of every pod, and no cable."""
LOOPBACKS = "172.16.0.0/14"
CORES_AS = 4_200_000_000
MOST_PODS = 48  # pods, cables and cables to the cores share the second octet


def subnet(pod: int, edge: int) -> str:
    """The servers' subnet of an edge."""
    return f"10.{pod}.{edge}.0/24"


def pod_cable(pod: int, edge: int, aggregation: int) -> tuple[str, str]:
    """The addresses of the edge's end and of the aggregation's end."""
    return _pair(f"10.{100 + pod}.{edge}", aggregation)


def core_cable(pod: int, aggregation: int, core: int) -> tuple[str, str]:
    """The addresses of the aggregation's end and of the core's end."""
    return _pair(f"10.{200 + pod}.{aggregation}", core)


def server_cable(pod: int, edge: int, server: int) -> tuple[str, str]:
    """The addresses of the server's end and of the edge's end, out of the edge's subnet; its first /31 is left free."""
    return _pair(f"10.{pod}.{edge}", server + 1)


def _pair(network: str, upper: int) -> tuple[str, str]:
    even = 2 * (upper - 1)
    return f"{network}.{even + 1}", f"{network}.{even}"


def edge_loopback(pod: int, edge: int) -> str:
    """An edge's address on lo."""
    return f"172.16.{pod}.{edge}"


def aggregation_loopback(pod: int, aggregation: int) -> str:
    """An aggregation's address on lo."""
    return f"172.17.{pod}.{aggregation}"


def core_loopback(group: int, core: int) -> str:
    """A core's address on lo; its group are the cores above aggregation `group` of every pod."""
    return f"172.18.{group}.{core}"


def pod_as(pod: int) -> int:
    """The AS that a pod's aggregations share."""
    return CORES_AS + 1000 * pod


def edge_as(pod: int, edge: int) -> int:
    """An edge's own AS."""
    return pod_as(pod) + edge
