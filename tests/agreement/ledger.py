"""What came of each network of a run, kept on disk line by line: a run that was stopped goes on where it was."""

import subprocess
from pathlib import Path

from side_by_side import Answer

from harness.verdict import Outcome

_ROOT = Path(__file__).parents[2]


def version() -> str:
    """The commit that is under test, `-dirty` where files differ from it; `unknown` outside of a repository."""
    asked = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


class Ledger:
    """Lines of `seed version outcome text`, separated by tabs. Known is only what agreed at this very version."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.version = version()
        file.parent.mkdir(parents=True, exist_ok=True)

    def agreed(self) -> dict[str, str]:
        """The seeds known to agree, and in which words."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        rows = [line.split("\t", 3) for line in lines]
        return {seed: text for seed, of, outcome, text in rows if of == self.version and outcome == Outcome.PASS}

    def note(self, answer: Answer) -> None:
        """One more line."""
        text = " ".join(answer.verdict.text.split())
        with self.file.open("a") as file:
            file.write(f"{answer.seed}\t{self.version}\t{answer.verdict.outcome}\t{text}\n")
