"""The command line: its words, its exit statuses, one line per error, one document per --json."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import cli, completion, labs
from lab.lab import Lab
from sim.errors import TopologyError

ROOT = Path(__file__).resolve().parents[1]
VERBS = [
    "deploy",
    "push",
    "destroy",
    "inspect",
    "exec",
    "shell",
    "capture",
    "stop",
    "start",
    "restart",
    "save",
    "events",
    "inventory",
    "ssh",
    "connect",
    "observe",
    "solve",
    "diff",
    "sweep",
    "trace",
    "verify",
    "generate",
    "graph",
    "report",
    "schema",
    "preflight",
]
TAKE_JSON = [
    "deploy",
    "push",
    "destroy",
    "inspect",
    "exec",
    "stop",
    "start",
    "restart",
    "save",
    "events",
    "observe",
    "solve",
    "diff",
    "sweep",
    "trace",
    "verify",
    "preflight",
]


@pytest.fixture(autouse=True)
def no_labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lab runs for these tests, and none that does is touched."""
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))
    monkeypatch.chdir(ROOT)


def test_every_verb_explains_itself_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        assert cli.run([verb, "--help"]) == 0
        said = capsys.readouterr().out
        assert f"  fabriclab {verb}" in said, verb
        assert ("--json" in said) == (verb in TAKE_JSON), verb


def test_help_lists_every_verb_in_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {verb} " in said for verb in VERBS)
    assert "..." not in said.split("Commands:")[1], "a summary is too long for its line"


def test_no_error_shows_a_password(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "frr.conf").write_text("router bgp 1\n neighbor 192.0.2.1 remote-as 2 password hunter2\n")
    nodes = '{r1: {kind: linux, binds: ["frr.conf:/etc/frr/frr.conf"]}}'
    (tmp_path / "one.clab.yml").write_text(f"name: one\ntopology: {{nodes: {nodes}}}\n")
    assert cli.run(["solve", str(tmp_path), "--json"]) == 2
    said = capfd.readouterr()
    assert "frr.conf:2: " in said.err
    assert "***" in said.err
    assert "hunter2" not in said.err + said.out


def test_an_answer_is_given_also_where_its_report_can_not_be_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.clab.yml").write_text("name: one\ntopology: {nodes: {r1: {kind: linux}}}\n")
    (tmp_path / "story.yml").write_text("name: s\ntopology: .\nsteps: [{expect: unique}]\n")
    (tmp_path / "taken").write_text("a file")
    words = ["verify", str(tmp_path / "story.yml"), "--on", "paper", "--json", "--report", str(tmp_path / "taken")]
    assert cli.run(words) == 3
    said = capfd.readouterr()
    assert json.loads(said.out)["outcome"] == "pass"
    assert said.err.count("\n") == 1 and "cannot write the report" in said.err


def test_a_flow_to_nowhere_is_the_askers_mistake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.clab.yml").write_text("name: one\ntopology: {nodes: {r1: {kind: linux}}}\n")
    assert cli.run(["trace", str(tmp_path), "--from", "r1", "--to", "r7", "--on", "paper"]) == 2
    assert "no node named 'r7'" in capfd.readouterr().err


def test_no_word_at_all_is_a_call_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    assert "Usage: fabriclab" in capsys.readouterr().out


BAD = [
    (["dploy"], 2, "fabriclab: No such command 'dploy'"),
    (["deploy"], 2, "fabriclab deploy: Missing argument 'TOPOLOGY'"),
    (["deploy", "nowhere"], 2, "nowhere: "),
    (["deploy", "topologies/dev01", "--runtime", "vmware"], 2, "--runtime: no runtime named 'vmware'"),
    (["deploy", "topologies/dev01", "--frob"], 2, "fabriclab deploy: No such option: --frob"),
    (["destroy"], 2, "fabriclab destroy: say which lab, or --all"),
    (["destroy", "x", "--all"], 2, "fabriclab destroy: say which lab, or --all"),
    (["inspect", "ghost"], 3, "ghost: this lab is not running"),
    (["exec", "ghost", "n", "--", "ls"], 3, "ghost: this lab is not running"),
    (["shell", "ghost", "n"], 3, "ghost: this lab is not running"),
    (["capture", "ghost", "n:eth0"], 3, "ghost: this lab is not running"),
    (["stop", "ghost", "n"], 3, "ghost: this lab is not running"),
    (["restart", "topologies/dev01"], 3, "dev01: this lab is not running"),
    (["save", "ghost"], 3, "ghost: this lab is not running"),
    (["inventory", "ghost"], 3, "ghost: this lab is not running"),
    (["ssh", "ghost", "n"], 3, "ghost: this lab is not running"),
    (["connect", "ghost", "n:22"], 3, "ghost: this lab is not running"),
    (["events", "ghost"], 3, "ghost: this lab is not running"),
    (["observe", "ghost"], 3, "ghost: this lab is not running"),
    (["push", "topologies/dev01"], 3, "dev01: this lab is not running"),
    (["trace", "ghost", "--from", "a"], 2, "fabriclab trace: Missing option '--to'"),
    (["trace", "ghost", "--from", "a", "--to", "b", "--proto", "sctp"], 2, "--proto: unknown 'sctp'"),
    (["trace", "ghost", "--from", "a", "--to", "b", "--proto", "udp"], 2, "--dport: udp needs a port"),
    (
        ["trace", "ghost", "--from", "a", "--to", "b", "--proto", "icmp", "--dport", "5"],
        2,
        "--proto: icmp has no ports",
    ),
    (["trace", "ghost", "--from", "a", "--to", "b", "--dport", "0"], 2, "fabriclab trace: Invalid value for '--dport'"),
    (["trace", "ghost", "--from", "a", "--to", "b", "--on", "moon"], 2, "--on: unknown 'moon'; known: lab"),
    (["verify", "nowhere/x.yml"], 2, "nowhere/x.yml: there is no such file"),
    (["verify", "harness"], 2, "harness: no scenario in this folder"),
    (["verify", "pyproject.toml"], 2, "pyproject.toml"),
    (["verify", "ghost"], 3, "ghost: this lab is not running"),
    (["graph", "topologies/dev01", "-f", "png"], 2, "fabriclab graph: no drawing as 'png'"),
    (["graph", "topologies/dev01", "-o", "/nowhere/x.svg"], 3, "[Errno 2]"),
    (["report", "nowhere"], 2, "nowhere/report.json: there is no report here"),
    (["generate"], 2, "fabriclab generate: Missing command"),
    (["generate", "ring"], 2, "fabriclab generate: No such command 'ring'"),
    (["generate", "fat-tree", "5"], 2, "K: found 5; expected an even number of ports, 2 to 48"),
    (["generate", "fat-tree", "4", "--protocol", "rip"], 2, "--protocol: unknown 'rip'; known: bgp, ospf"),
    (["generate", "fat-tree", "4", "--name", "../x"], 2, "--name: found '../x'"),
    (["generate", "fat-tree", "4", "--output", "topologies"], 2, "topologies: the folder is not empty"),
    (["generate", "fat-tree", "4", "--output", "README.md"], 2, "README.md: is a file"),
    (["generate", "clos", "--spines", "0", "--leafs", "1"], 2, "--spines: found 0; expected 1 to 64"),
    (["schema", "poem"], 2, "fabriclab schema: unknown 'poem'"),
]


@pytest.mark.parametrize(
    ("words", "status", "line"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_what_is_wrong_is_one_line_and_a_status(
    words: list[str], status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(line) and err.count("\n") == 1, err


@pytest.mark.parametrize(
    "words", [["inspect", "ghost", "--json"], ["push", "--json"], ["verify", "nowhere/", "--json"]]
)
def test_json_is_one_document_also_when_it_goes_wrong(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) in (2, 3)
    assert set(json.loads(capsys.readouterr().out)["error"]) == {"kind", "text", "place"}


def test_json_behind_the_dashes_belongs_to_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["exec", "ghost", "n", "--", "ip", "--json", "route"]) == 3
    assert capsys.readouterr().out == ""


def test_with_no_lab_inspect_and_destroy_have_nothing_to_say_and_no_complaint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["inspect", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"labs": []}
    assert cli.run(["destroy", "--all"]) == 0
    assert capsys.readouterr().out == "no lab is running\n"
    assert cli.run(["destroy", "ghost", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"destroyed": [], "not_running": ["ghost"]}


@pytest.mark.parametrize("of", ["topology", "scenario"])
def test_schemas_are_json_schemas(of: str, capsys: pytest.CaptureFixture[str]) -> None:
    from jsonschema import Draft202012Validator

    assert cli.run(["schema", of]) == 0
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.verbs.list_labs", interrupted)
    assert cli.run(["inspect"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_colour_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["inspect", "ghost"])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err


def fabriclab(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from harness.cli import main; sys.argv[0] = 'fabriclab'; main()"
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_loads_no_library_that_it_does_not_need() -> None:
    program = "import sys; from harness import cli; cli.run(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert not any(
        f"'{name}'" in loaded for name in ("rich", "pydantic", "scapy", "networkx", "ruamel", "jinja2", "scipy")
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = f"{sys.executable} -c 'from harness.cli import main; main()' schema | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == "" and done.stdout == "{\n"


def test_a_folder_without_a_topology_does_not_hide_the_lab_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fabric").mkdir()
    with pytest.raises(TopologyError):
        labs.name_of("fabric")
    monkeypatch.setattr(Lab, "names", lambda: ["fabric"])
    assert labs.name_of("fabric") == "fabric"
    (tmp_path / "fabric/own.clab.yml").write_text("name: own\ntopology: {nodes: {r1: {kind: linux}}}\n")
    assert labs.name_of("fabric") == "own"


class Line:
    """The part of a command line that stands before the Tab."""

    def __init__(self, **params: str) -> None:
        self.params = params


def test_tab_offers_topologies_nodes_and_endpoints() -> None:
    assert "topologies/dev01/" in completion.topologies("topologies/d")
    assert completion.topologies("topologies/dev01/dev01")[:1] == ["topologies/dev01/dev01.clab.yml"]
    assert completion.nodes(Line(topology="topologies/dev01"), "compute-0")[:2] == ["compute-01", "compute-02"]
    assert completion.endpoints(Line(topology="topologies/dev01"), "gw:") == ["gw:swp2", "gw:swp1"]
    assert completion.nodes(Line(topology="nowhere"), "") == []


def test_the_shell_can_install_completion() -> None:
    done = fabriclab(_FABRICLAB_COMPLETE="complete_bash", COMP_WORDS="fabriclab insp", COMP_CWORD="1")
    assert done.stdout.strip() == "inspect"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("fabriclab|trace|topologies/dev01|--from|maste", "master"),
        ("fabriclab|capture|topologies/dev01|gw|:|swp2", "swp2"),
        ("fabriclab|capture|topologies/dev01|gw|:", "swp2 swp1"),
    ],
)
def test_the_tab_of_bash_offers_what_follows_an_option_or_a_colon(line: str, offered: str) -> None:
    words = line.split("|")
    done = fabriclab(_FABRICLAB_COMPLETE="complete_bash", COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1))
    assert done.stdout.split() == offered.split()
