"""The real iptables as referee: it prints each line as golden, and refuses each that the model refuses."""

import os
import shutil
import subprocess

import pytest
from iptables_lines import PRINTED, REFUSED, Case

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        shutil.which("iptables-restore") is None and "CI" not in os.environ, reason="iptables is not installed"
    ),
]
TOOLS = {4: "iptables", 6: "ip6tables"}


def real(cases: list[Case]) -> list[tuple[bool, list[str]]]:
    """Of each case, whether it was taken, and what was printed; all in one network namespace of their own."""
    lines = []
    for case in cases:
        rules = f"*{case.table}\n:foo - [0:0]\n{case.line}\nCOMMIT\n"
        tool = TOOLS[case.version]
        quoted = rules.replace("'", "'\\''")
        lines += ["nft flush ruleset", f"printf %s '{quoted}' | {tool}-restore 2>/dev/null && echo taken"]
        lines += [f"{tool}-save -t {case.table} | grep -- '^-A'", "echo '## end'"]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    parts = [part.strip().splitlines() for part in done.stdout.split("## end\n")]
    return [("taken" in part, [line for line in part if line != "taken"]) for part in parts[: len(cases)]]


def test_iptables_prints_every_golden_line_as_golden() -> None:
    found = real(PRINTED)
    wrong = [(case.line, told) for case, (_, told) in zip(PRINTED, found, strict=True) if told != case.printed]
    assert not wrong


def test_iptables_refuses_every_line_that_the_model_refuses() -> None:
    found = real(REFUSED)
    assert [case.line for case, (taken, _) in zip(REFUSED, found, strict=True) if taken] == []
