"""The small network of bare namespaces that most tests of probes look at, and a Prober in it."""

from collections.abc import Iterator

import pytest
from probe_network import Network, chain

from harness.probes.prober import Prober


@pytest.fixture
def net() -> Iterator[Network]:
    with chain() as network:
        yield network


@pytest.fixture
def prober(net: Network) -> Iterator[Prober]:
    with Prober(net, net.topology()) as made:
        yield made
