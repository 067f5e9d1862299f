"""What a lab leaves on disk: found by name, locked, and never mistaken for another's."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab.journal import Journal, process_started, run_folder
from lab.lab import Lab
from sim.errors import HostError, LabError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))
    return tmp_path / "run"


def note_keeper(journal: Journal, pid: int, started: str) -> None:
    journal.create()
    (journal.folder / "keeper.pid").write_text(f"{pid} {started}\n")


def test_a_lab_that_was_never_there_is_nothing_to_destroy() -> None:
    assert Lab.destroy_by_name("ghost") is False
    assert Lab.names() == [] and not run_folder().exists()


def test_a_pid_that_another_process_has_taken_is_not_the_keeper() -> None:
    started = process_started(os.getpid())
    note_keeper(Journal("mine"), os.getpid(), str(started))
    assert Journal("mine").keeper_pid() == os.getpid()
    note_keeper(Journal("mine"), os.getpid(), f"{started}1")
    assert Journal("mine").keeper_pid() is None
    Journal("mine").end_keeper()


def test_a_process_that_is_only_waiting_to_be_reaped_has_ended() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        started = process_started(process.pid)
        note_keeper(Journal("ended"), process.pid, str(started))
        Journal("ended").end_keeper()
        assert Journal("ended").keeper_pid() is None and process_started(process.pid) is None


@pytest.mark.parametrize("content", ["", "12", "x y\n", "1 2 3\n"])
def test_a_pid_file_that_says_nothing_names_no_keeper(content: str) -> None:
    journal = Journal("odd")
    journal.create()
    (journal.folder / "keeper.pid").write_text(content)
    assert journal.keeper_pid() is None
    assert Lab.destroy_by_name("odd") is True and not journal.exists


def test_a_record_or_a_list_cut_off_in_writing_is_passed_over() -> None:
    journal = Journal("cut")
    journal.create()
    (journal.folder / "lab.json").write_text('{"state": "dep')
    (journal.folder / "external").write_text('{"undo": ["true"]}\n{"undo": ["fal')
    assert journal.read() is None
    assert journal.lines("external") == [{"undo": ["true"]}]
    with pytest.raises(LabError, match=r"^cut: this lab's first process has ended; `fabriclab destroy` clears"):
        Lab.find("cut")
    assert Lab.destroy_by_name("cut") is True


def test_what_was_made_outside_is_undone_in_reverse_also_where_an_undoing_is_impossible(tmp_path: Path) -> None:
    journal = Journal("outside")
    journal.create()
    said = tmp_path / "said"
    for words in (["sh", "-c", f"echo first >> {said}"], ["/no/such/program"], ["sh", "-c", f"echo last >> {said}"]):
        journal.append("external", {"undo": words})
    Lab.destroy_by_name("outside")
    assert said.read_text() == "last\nfirst\n"


def test_one_command_at_a_time_works_on_a_lab() -> None:
    said = "busy: another command is at work on this lab"
    with Journal("busy").locked(), pytest.raises(LabError, match=said), Journal("busy").locked(wait=False):
        raise AssertionError("the lock was given twice")


def test_a_lab_that_another_living_command_brings_up_is_not_taken_from_it() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        journal = Journal("young")
        note_keeper(journal, other.pid, str(process_started(other.pid)))
        by = (other.pid, process_started(other.pid))
        (journal.folder / "lab.json").write_text(json.dumps({"state": "deploying", "by": by}))
        assert journal.is_in_the_making() and not Lab.runs("young")
        other.kill()
    assert not journal.is_in_the_making()


def test_a_run_folder_that_can_not_be_made_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "file/run"))
    assert (Journal("a").read(), Journal("a").number(), Journal("a").keeper_pid()) == (None, 0, None)
    with pytest.raises(HostError, match="set FABRICLAB_RUN to a folder of yours"):
        Journal("any").create()
