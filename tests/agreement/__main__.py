"""`make agree N=500`: random networks on paper and on real daemons; a reproducing case for each difference, shrunk.

The networks of a run have the seeds `<run>-0`, `<run>-1`, ... Ctrl-C ends it with what is known so far; begun again
under its name, it judges those that have not yet agreed at the present commit.
"""

import argparse
import signal
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ledger import Ledger
from random_network import PLANS
from side_by_side import Answer, answers, default_jobs

from harness.verdict import Verdict

_TOLD_EVERY = 10
"""Where no terminal shows the count as it grows, it is written after so many networks."""


def main() -> int:
    """The exit status: 0 where every network agrees, 1 where one does not, 130 where the run was stopped."""
    parser = argparse.ArgumentParser(prog="make agree", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=50, help="how many networks")
    parser.add_argument("--run", default=uuid.uuid4().hex[:8], help="the run's name, which its seeds begin with")
    parser.add_argument("--only", help="one network, by its whole seed")
    parser.add_argument("--plans", choices=PLANS, default="settled", help="what is drawn from (%(default)s)")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="labs side by side (%(default)s here)")
    parser.add_argument("--keep", type=Path, default=Path("reports/agree"), help="where reproducing cases are written")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    seeds = [options.only] if options.only else [f"{options.run}-{number}" for number in range(options.count)]
    ledger = Ledger(options.keep / f"{options.only or options.run}-{options.plans}.tsv")
    known = {} if options.only else ledger.agreed()
    run = Run(seeds, [text for seed, text in known.items() if seed in seeds], options.keep)
    stopped = False
    try:
        for answer in answers([seed for seed in seeds if seed not in known], options.plans, options.jobs):
            if not answer.shrunk:
                ledger.note(answer)
            run.hear(answer)
    except KeyboardInterrupt:
        stopped = True
    print(f"\n{run.told()} at {ledger.version} ({seeds[0]} to {seeds[-1]})")
    if stopped:
        print(f"stopped; to go on: make agree N={options.count} RUN={options.run} PLANS={options.plans}")
        return 130
    return 1 if run.differing else 0


class Run:
    """The count of a run, told as it grows, and its differences, written down as they come."""

    def __init__(self, seeds: list[str], agreed: list[str], keep: Path) -> None:
        self._due, self._keep = len(seeds), keep
        self._passed = agreed
        self._began, self._known = time.monotonic(), len(agreed)
        self.differing: dict[str, Answer] = {}

    def hear(self, answer: Answer) -> None:
        """One more answer."""
        if answer.finding:
            self.differing[answer.seed] = answer
            folder = self._keep / answer.seed
            answer.finding.network.write(folder)
            _write_evidence(answer.verdict, folder)
            what = f"shrunk to {len(answer.finding.network.routers)} routers" if answer.shrunk else "differs"
            print(f"\nseed {answer.seed} {what}, in {folder}: {answer.verdict.text}", flush=True)
        else:
            self._passed.append(answer.verdict.text)
        if not answer.shrunk:
            self._tell_progress()

    def told(self) -> str:
        """The count in words."""
        unsettled = sum("not judged" in text for text in self._passed)
        done = len(self._passed) + len(self.differing)
        return (
            f"{done} of {self._due} networks, {len(self.differing)} differ, {unsettled} agree but for what is unsettled"
        )

    def _tell_progress(self) -> None:
        done = len(self._passed) + len(self.differing)
        minutes = (time.monotonic() - self._began) / 60
        rate = (done - self._known) / max(minutes, 1e-9)
        line = f"{self.told()}; {rate:.1f} a minute, {(self._due - done) / rate:.0f} minutes left"
        if sys.stderr.isatty():
            print(f"\r{line}\033[K", file=sys.stderr, end="")
        elif done % _TOLD_EVERY == 0 or done == self._due:
            print(line, file=sys.stderr, flush=True)


def _write_evidence(verdict: Verdict, folder: Path) -> None:
    """All that differs, and what the daemons say, beside the network."""
    (folder / "differences.txt").write_text("\n".join([verdict.text, *map(str, verdict.evidence.get("table", ()))]))
    for node, text in verdict.evidence.get("daemons", {}).items():
        (folder / f"{node}.txt").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
