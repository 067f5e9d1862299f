"""The verbs of the paper network on the command line: no lab, no root, one document per --json, one line per error."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import cli

ROOT = Path(__file__).resolve().parents[1]
DEV01 = str(ROOT / "topologies/dev01")
CLOS = str(ROOT / "topologies/clos-2x4")


@pytest.fixture(autouse=True)
def no_labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lab runs for these tests, and none that does is touched."""
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    status = cli.run([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_solve_counts_what_the_files_make_of_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["solve", CLOS]) == 0
    said = capsys.readouterr().out
    assert "14 nodes, 24 links" in said
    assert "sessions up" in said


def test_solving_a_small_network_loads_nothing_of_the_lab_and_no_large_library() -> None:
    program = f"import sys; from harness import cli; cli.run(['solve', {DEV01!r}]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "sim.solve" in loaded
    assert not loaded & {"lab", "ruamel.yaml", "numpy", "scipy", "networkx", "scapy", "sim.trace"}


def test_solve_gives_the_document_that_observe_gives(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = answer(capsys, "solve", CLOS, "leaf01")
    assert (status, document["source"], list(document["nodes"])) == (0, "solved", ["leaf01"])  # type: ignore[call-overload]
    leaf = document["nodes"]["leaf01"]  # type: ignore[index]
    assert leaf["interfaces"]["lo"]["addresses"] == ["127.0.0.1/8", "10.10.0.11/32", "::1/128"]
    assert {hop["interface"] for hop in leaf["fib"]["192.0.2.5/32"]["next_hops"]} == {"swp51", "swp52"}
    assert all(session["up"] for session in leaf["sessions"])


def test_solve_tells_why_a_route_won_and_what_lost(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = answer(capsys, "solve", CLOS, "--why", "spine01:192.0.2.53/32")
    assert status == 0
    assert document["step"]
    assert document["route"]


def test_solve_tells_who_reaches_which_service_and_how(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = answer(capsys, "solve", DEV01, "--reach")
    by_target = {each["target"]: each for each in document["targets"]}  # type: ignore[attr-defined]
    database, dashboard = by_target["192.168.10.20 tcp/3306"], by_target["129.177.31.126 tcp/443"]
    assert status == 0
    assert "foreman" in database["reached_by"] and "iptables:" in database["closed_to"]["stranger"]
    assert dashboard["reached_by"]["tester"] == [["tester", "campus-core", "campus", "gw", "master"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["solve", CLOS, "--why", "leaf01:192.0.2.99/32"], "no route to exactly 192.0.2.99/32"),
        (["solve", CLOS, "--why", "leaf01:everything"], "'everything' is not an IP address"),
        (["solve", CLOS, "--why", "leaf09:192.0.2.53/32"], "no node named 'leaf09'"),
        (["solve", CLOS, "leaf09"], "no node named 'leaf09'"),
        (["solve", "/nowhere/at-all.clab.yml"], "at-all.clab.yml"),
        (["diff", DEV01, "/nowhere/at-all.clab.yml"], "at-all.clab.yml"),
        (["diff", DEV01, DEV01, "--name", "other"], "--name means a running lab"),
        (["verify", DEV01, "--on", "cardboard"], "unknown 'cardboard'; known: lab, paper"),
        (["trace", DEV01, "--from", "nobody", "--to", "master", "--on", "paper"], "nobody"),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) in (2, 3)
    lines = [line for line in capsys.readouterr().err.splitlines() if ": files of " not in line]
    assert said in lines[-1]


def test_trace_on_paper_names_the_line_that_stops_a_flow(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["trace", DEV01, "--from", "stranger", "--to", "192.168.10.20", "--dport", "3306", "--on", "paper"]
    status, document = answer(capsys, *words)
    assert (status, document["disposition"], document["where"]) == (1, "denied_in", "master")
    assert "configs/master/etc/sysconfig/iptables:" in str(document["why"])


def test_trace_on_paper_shows_every_path(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "trace",
        CLOS,
        "--from",
        "server01",
        "--to",
        "server05",
        "--dport",
        "80",
        "--proto",
        "tcp",
        "--on",
        "paper",
    ]
    status, document = answer(capsys, *words)
    assert (status, document["disposition"]) == (0, "delivered")
    middles = {path[2]["node"] for path in document["paths"]}  # type: ignore[attr-defined]
    assert middles == {"spine01", "spine02"}


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """dev01 whose database asks nobody where he comes from."""
    folder = tmp_path / "dev01"
    shutil.copytree(DEV01, folder)
    rules = folder / "configs/master/etc/sysconfig/iptables"
    old = next(line for line in rules.read_text().splitlines() if "--dports 3306" in line)
    rules.write_text(rules.read_text().replace(old, "-A INPUT -p tcp -m tcp --dport 3306 -j ACCEPT"))
    return folder


def test_diff_of_two_folders_names_what_a_change_opens(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = answer(capsys, "diff", DEV01, str(changed))
    assert (status, document["differences"]) == (1, [])
    opened = [each for each in document["flows"] if each["kind"] == "opened"]  # type: ignore[attr-defined]
    assert opened and all("3306" in each["flow"] and "iptables:" in each["before"] for each in opened)


def test_diff_of_a_folder_with_itself_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = answer(capsys, "diff", CLOS, CLOS)
    assert (status, document["differences"], document["flows"]) == (0, [], [])


def test_diff_tells_of_routes_and_sessions_that_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(CLOS, tmp_path / "clos")
    conf = tmp_path / "clos/configs/leaf01/etc/frr/frr.conf"
    conf.write_text(conf.read_text().replace(" neighbor swp52 interface peer-group spines\n", ""))
    status, document = answer(capsys, "diff", CLOS, str(tmp_path / "clos"), "--flows", "0")
    kinds = {(each["node"], each["what"]) for each in document["differences"]}  # type: ignore[attr-defined]
    assert status == 1
    assert {("leaf01", "session"), ("spine02", "session"), ("leaf01", "route")} <= kinds


def test_verify_on_paper_needs_no_lab(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report"
    words = ["verify", str(ROOT / "scenarios/vagrant-net"), "--on", "paper", "--report", str(report)]
    assert cli.run(words) == 0
    assert "PASS" in capsys.readouterr().out
    assert json.loads((report / "report.json").read_text())["counts"]["pass"] >= 5


def test_verify_of_a_topology_on_paper_plays_its_standing_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", str(ROOT / "topologies/vagrant-net"), "--on", "paper"]) == 0
    assert "the four boxes converge" in capsys.readouterr().out


def test_verify_follows_binds_out_of_the_folder_when_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "hosts.conf").write_text("net.ipv4.ip_forward = 1\n")
    topology = ["name: t", "topology:", "  nodes:", "    a: {kind: linux, network-mode: none, binds: [BIND]}"]
    bind = f'"{tmp_path}/hosts.conf:/etc/sysctl.d/90-hosts.conf"'
    (tmp_path / "lab/t.clab.yml").write_text("\n".join(topology).replace("BIND", bind) + "\n")
    story = tmp_path / "story.yml"
    story.write_text("name: nothing goes round\ntopology: lab/t.clab.yml\nsteps:\n  - {expect: loop_free}\n")
    assert cli.run(["verify", str(story), "--on", "paper"]) != 0
    capsys.readouterr()
    assert cli.run(["verify", str(story), "--on", "paper", "--allow-outside-binds"]) == 0, capsys.readouterr().out
