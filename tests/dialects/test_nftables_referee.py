"""The real nft as referee: it lists each rule as golden, and refuses each that the model refuses."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from nft_lines import PRINTED, REFUSED, Case

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(shutil.which("nft") is None and "CI" not in os.environ, reason="nftables is not installed"),
]


def real(cases: list[Case], folder: Path) -> list[list[str]]:
    """What nft lists of each case's ruleset, line by line; nothing where it refuses it."""
    commands = []
    for number, case in enumerate(cases):
        file = folder / f"{number}.nft"
        file.write_text(case.text)
        commands.append(f"nft flush ruleset; nft -f {file} 2>/dev/null && nft -s list ruleset; echo '## end'")
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", "\n".join(commands)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    parts = done.stdout.split("## end\n")
    return [[line.strip() for line in part.splitlines() if line.strip()] for part in parts[: len(cases)]]


def test_nft_lists_every_golden_rule_as_golden(tmp_path: Path) -> None:
    found = real(PRINTED, tmp_path)
    assert [case.rule for case, told in zip(PRINTED, found, strict=True) if case.printed not in told] == []


def test_nft_refuses_every_rule_that_the_model_refuses(tmp_path: Path) -> None:
    found = real(REFUSED, tmp_path)
    assert [case.rule for case, told in zip(REFUSED, found, strict=True) if told] == []
