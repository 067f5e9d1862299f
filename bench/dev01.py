"""dev01 by the commands that `make lab-up` runs: deploy, and verify with a report; then destroy."""

import subprocess
import sys
import time
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
_TOPOLOGY = str(_PROJECT / "topologies" / "dev01")


def measure(folder: Path) -> dict[str, float]:
    """Seconds of each command, program start included; the status of verify."""
    deploy_s, status = _command("deploy", _TOPOLOGY)
    if status:
        raise RuntimeError(f"fabriclab deploy ended with {status}")
    verify_s, verified = _command("verify", _TOPOLOGY, "--report", str(folder / "report"))
    destroy_s, _ = _command("destroy", _TOPOLOGY)
    return {
        "dev01_s": deploy_s + verify_s,
        "dev01_deploy_s": deploy_s,
        "dev01_verify_s": verify_s,
        "dev01_destroy_s": destroy_s,
        "dev01_verify_status": verified,
    }


def _command(*words: str) -> tuple[float, int]:
    program = Path(sys.executable).with_name("fabriclab")
    began = time.monotonic()
    done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, check=False)
    return time.monotonic() - began, done.returncode
