"""An ordinary user runs the same labs: deploy, push, verify, destroy, and nothing stays behind."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
SITE = next(Path(each) for each in sys.path if each.endswith("site-packages"))
USER = 54321
"""A user that this machine does not know by name: nothing of the machine is changed for the test."""
PROGRAM = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from harness.cli import main; main()"


class Person:
    """Somebody without rights, with the project's files at hand."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.user = os.geteuid() or USER
        for name in ("sim", "lab", "harness", "topologies/vagrant-net", "scenarios/vagrant-net"):
            shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        if (ROOT / ".tools").is_dir():
            without_images = shutil.ignore_patterns("docker")
            shutil.copytree(ROOT / ".tools", home / ".tools", symlinks=True, ignore=without_images)
        self.site = SITE
        self.python = sys.executable
        if os.geteuid() == 0:
            os.chown(home, USER, USER)
            self.python = f"/usr/bin/python3.{sys.version_info.minor}"
            if not Path(self.python).exists():
                self.python = sys.executable
            if self.call(["ls", str(SITE / "pydantic")]).returncode:
                self.site = Path(shutil.copytree(SITE, home / "site", ignore=shutil.ignore_patterns("mypy*")))

    def call(self, argv: list[str], timeout_s: float = 120) -> "subprocess.CompletedProcess[str]":
        who = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "FABRICLAB_RUN": str(self.home / "run")}
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            argv,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            cwd=self.home,
            env=environment,
            **who,
        )

    def fabriclab(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.call([self.python, "-c", PROGRAM, f"{self.home}:{self.site}", *words])

    def processes(self) -> list[str]:
        """What runs of this person's labs."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if str(self.home / "run") in line:
                    found.append(line)
        return found


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    home = Path(tempfile.mkdtemp(prefix="rootless-", dir="/tmp"))
    home.chmod(0o755)
    someone = Person(home)
    yield someone
    someone.fabriclab("destroy", "--all")
    shutil.rmtree(home)


def test_an_ordinary_user_has_what_a_lab_needs(person: Person) -> None:
    done = person.fabriclab("preflight", "--json")
    fatal = [each["what"] for each in json.loads(done.stdout)["findings"] if each["fatal"]]
    assert fatal == [] and done.returncode == 0, done.stderr


def test_an_ordinary_user_deploys_examines_pushes_and_destroys(person: Person) -> None:
    done = person.fabriclab("deploy", "topologies/vagrant-net", "--json")
    assert done.returncode == 0, done.stderr
    names = {each["name"]: each["state"] for each in json.loads(done.stdout)["nodes"]}
    assert set(names.values()) == {"running"} and {"master", "gw"} <= names.keys()
    who = person.fabriclab("exec", "vagrant-net", "master", "--", "sh", "-c", "id -u; ip route")
    assert who.stdout.startswith("0\n") and "dev eth" in who.stdout, who.stderr
    conf = next((person.home / "topologies/vagrant-net/configs").rglob("frr.conf"))
    conf.write_text(conf.read_text() + "\n! a remark\n")
    pushed = person.fabriclab("push", "topologies/vagrant-net")
    assert pushed.returncode == 0 and "frr.conf written" in pushed.stdout, pushed.stdout + pushed.stderr
    again = person.fabriclab("deploy", "topologies/vagrant-net", "--json")
    assert json.loads(again.stdout)["what"] == "unchanged"
    assert person.fabriclab("destroy", "vagrant-net").returncode == 0
    assert person.processes() == [] and not (person.home / "run").exists()


def test_an_ordinary_user_s_scenario_passes_and_leaves_nothing(person: Person) -> None:
    done = person.fabriclab("verify", "scenarios/vagrant-net/basic.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert person.processes() == [] and not (person.home / "run").exists()


def test_an_ordinary_user_s_failed_deploy_leaves_nothing(person: Person) -> None:
    file = person.home / "bad/bad.clab.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("name: bad\ntopology:\n  nodes:\n    a: {kind: linux, exec: [ls /nowhere]}\n")
    done = person.fabriclab("deploy", str(file))
    assert done.returncode == 3 and "a: exec 'ls /nowhere' ended with 2" in done.stderr
    assert person.processes() == [] and not (person.home / "run").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's own run folder is tried by the tests above")
def test_a_run_folder_of_restricted_mount_flags_serves_as_systemd_makes_it(person: Person) -> None:
    file = person.home / "pair/pair.clab.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("name: pair\ntopology:\n  nodes:\n    a: {kind: linux}\n    b: {kind: linux, exec: [ping -c1 a]}\n")
    run = person.home / "run"
    run.mkdir()
    program = f'"$0" -c "{PROGRAM}" {person.home}:{person.site}'
    script = f"mount -t tmpfs -o nosuid,nodev,mode=777 none {run}; export FABRICLAB_RUN={run}; "
    script += f"drop='setpriv --reuid {USER} --regid {USER} --clear-groups'; "
    script += f"$drop {program} deploy {file} && $drop {program} destroy pair"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, person.python],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
        cwd=person.home,
    )
    assert done.returncode == 0 and "pair destroyed" in done.stdout, done.stderr
    run.rmdir()
    assert person.processes() == []
