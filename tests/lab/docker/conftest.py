"""The lab's image, drawing and run folder: once for each file of tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_boxes import INTERFACES, OWN_START, ROUTER, TOPOLOGY, containers, docker

from lab.lab import Lab
from sim.topology.model import Topology
from sim.topology.reader import read_topology


@pytest.fixture(scope="module")
def own_frr(debian_12: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image that starts FRR by itself."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "docker-start").write_text(OWN_START)
    (folder / "docker-start").chmod(0o755)
    name = f"fabriclab-test-own-frr:{os.getpid()}"
    made = docker("create", debian_12).strip()
    docker("cp", str(folder / "docker-start"), f"{made}:/usr/lib/frr/docker-start")
    docker("commit", "-c", 'CMD ["tini", "--", "/usr/lib/frr/docker-start"]', made, name)
    docker("rm", made)
    yield name
    docker("rmi", name)


@pytest.fixture(scope="module")
def drawn(debian_12: str, own_frr: str, tmp_path_factory: pytest.TempPathFactory) -> Topology:
    folder = tmp_path_factory.mktemp("boxes")
    (folder / "frr").mkdir()
    for own, peer in ((1, 2), (2, 1)):
        (folder / f"frr/r{own}.conf").write_text(ROUTER.format(own=own, peer=peer))
    (folder / "frr/daemons").write_text("zebra=yes\nbgpd=yes\n")
    (folder / "interfaces").write_text(INTERFACES)
    file = folder / "boxes.clab.yml"
    file.write_text(TOPOLOGY.format(image=debian_12, own_frr=own_frr))
    return read_topology(file)


@pytest.fixture(scope="module", autouse=True)
def run_folder(own_frr: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("run") / "labs"
        patch.setenv("FABRICLAB_RUN", str(folder))
        yield folder
        for name in Lab.names():
            Lab.destroy_by_name(name)
    assert containers() == []
