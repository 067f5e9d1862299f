"""Which tests can run here, and in which order they begin.

Kernel tests are skipped where labs can not run, docker tests where no Docker answers; in CI what is missing fails them.
"""

import os
import subprocess
from pathlib import Path

import pytest

IMAGES = Path(__file__).resolve().parents[1] / "scripts/images.sh"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a kernel or a Docker that this machine does not give, unless in CI, where nothing is skipped.

    What mostly waits for daemons begins first, then whatever has a lab; tests on paper fill what time is left.
    """
    items.sort(key=_turn)
    needing = [item for item in items if _has_a_lab(item)]
    docker = [item for item in items if item.get_closest_marker("docker")]
    if os.environ.get("CI"):
        return
    if docker and not _docker_answers():
        for item in docker:
            item.add_marker(pytest.mark.skip(reason="no Docker answers; as root, `make test` starts one of its own"))
    if needing:
        from lab.preflight import preflight

        lacking = [finding.what for finding in preflight() if finding.fatal]
        for item in needing if lacking else ():
            item.add_marker(pytest.mark.skip(reason=f"labs can not run here: {'; '.join(lacking)}"))


def _has_a_lab(item: pytest.Item) -> bool:
    return item.get_closest_marker("kernel") is not None or item.path.suffix in (".yml", ".yaml")


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("long") or item.get_closest_marker("docker"):
        return 0
    return 1 if _has_a_lab(item) else 2


def _docker_answers() -> bool:
    try:
        return subprocess.run(["docker", "version"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _image(generation: str) -> str:
    done = subprocess.run([IMAGES, generation], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return f"fabriclab/node:{generation}"


@pytest.fixture(scope="session")
def debian_12() -> str:
    """The image of a node with FRR 8.4, built if it is not there (a minute)."""
    return _image("12")


@pytest.fixture(scope="session")
def debian_13() -> str:
    """The image of a node with FRR 10, built if it is not there (a minute)."""
    return _image("13")
