"""Every configuration of BIRD that is shipped, those of known-bad twins included, is read to the last line."""

from pathlib import Path

import pytest

from sim.device.bird import BgpProtocol
from sim.devices import parse_files
from sim.topology.model import Node

ROOT = Path(__file__).resolve().parents[2]
HOMES = sorted(ROOT.glob("topologies/*/configs/*/etc/bird")) + sorted(ROOT.glob("scenarios/**/etc/bird"))


def files(home: Path) -> dict[str, str]:
    """The files below a node's /etc/bird; an overlay lies over those of its topology."""
    node, name = home.parents[1].name, home.relative_to(ROOT).parts[1]
    found: dict[str, str] = {}
    for base in (ROOT / "topologies" / name / "configs" / node / "etc/bird", home):
        found |= {f"/etc/bird/{path.relative_to(base)}": path.read_text() for path in base.rglob("*.conf")}
    return found


@pytest.mark.parametrize("home", HOMES, ids=lambda home: str(home.relative_to(ROOT).parent.parent))
def test_a_shipped_configuration_is_understood_to_the_last_line(home: Path) -> None:
    device = parse_files(Node("n1", "linux"), files(home))
    assert device.bird is not None
    assert device.notes == ()
    assert device.findings == () or home.is_relative_to(ROOT / "scenarios")  # what leaks there has a filter idle
    assert set(device.understood) == set(files(home))
    assert all(each.known == each.lines for each in device.understood.values())
    assert any(isinstance(each, BgpProtocol) for each in device.bird.protocols)


def test_there_are_such_configurations() -> None:
    assert len(HOMES) > 20
