"""`make agree N=500`: random networks on paper and on real daemons; a reproducing case for each difference, shrunk."""

import argparse
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from random_network import random_network
from referee import Finding, parted, shrunk


def main() -> int:
    """The exit status: 0 where every network agrees, 1 where one does not."""
    parser = argparse.ArgumentParser(prog="make agree", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=50, help="how many networks")
    parser.add_argument("--seed", default=uuid.uuid4().hex[:8], help="what their seeds begin with")
    parser.add_argument("--only", help="one network, by its whole seed")
    parser.add_argument("--wide", action="store_true", help="also from plans on which some networks still differ")
    parser.add_argument("--jobs", type=int, default=4, help="labs side by side")
    parser.add_argument("--keep", type=Path, default=Path("reports/agree"), help="where reproducing cases are written")
    options = parser.parse_args()
    seeds = [options.only] if options.only else [f"{options.seed}-{number}" for number in range(options.count)]
    began, findings = time.monotonic(), []
    with ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(parted, random_network(seed, options.wide)): seed for seed in seeds}
        for done, future in enumerate(as_completed(running), 1):
            found = future.result()
            findings += [found] if found else []
            told = f"{done} of {len(seeds)} networks, {len(findings)} differ, {time.monotonic() - began:.0f} s"
            print(
                f"\r{told}" if sys.stderr.isatty() else told, file=sys.stderr, end="" if sys.stderr.isatty() else "\n"
            )
    for finding in findings:
        _tell(finding, options.keep)
    print(f"{len(seeds)} networks, {len(findings)} differ (seeds {seeds[0]} to {seeds[-1]})")
    return 1 if findings else 0


def _tell(finding: Finding, keep: Path) -> None:
    """Shrink a difference, write the network down, and say how it parts."""
    least = shrunk(finding)
    folder = keep / finding.network.seed
    least.network.write(folder)
    print(f"\nseed {finding.network.seed}: {finding.verdict.text}")
    print(f"  shrunk to {len(least.network.routers)} routers in {folder}: {least.verdict.text}")


if __name__ == "__main__":
    sys.exit(main())
