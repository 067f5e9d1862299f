"""Stages: nodes that wait for each other, healthchecks, and commands that fail, in the kernel."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import verbs
from harness.cli import run
from harness.deploy import apply, bring_up
from harness.staging import steps
from lab.lab import Lab
from lab.lab_nodes import Step
from sim.errors import CommandFailed, NodeFailed
from sim.topology.reader import read_topology

TEXT = """\
name: NAME
topology:
  defaults: {kind: linux, network-mode: none, exec: [sh -c "date +%s%N > /tmp/exec"]}
  nodes:
    second:
      stages:
        create:
          wait-for: [{node: first, stage: healthy}]
          exec:
            - {command: touch /tmp/begun, target: container, phase: on-enter}
            - {command: touch /tmp/on-the-host, target: host, phase: on-enter}
            - {command: rm /tmp/begun, target: container, phase: on-exit}
        configure: {exec: {on-enter: [test ! -e /etc/motto], on-exit: [grep -q onward /etc/motto]}}
      binds: ["motto:/etc/motto"]
    third:
      startup-delay: 1
      stages: {configure: {wait-for: [{node: second, stage: exit}]}}
    first:
      exec: [touch /tmp/asked-for]
      healthcheck:
        test: [CMD-SHELL, "test -e /tmp/asked-for && { test -e /tmp/once || { touch /tmp/once; false; }; }"]
        interval: 1
    alone: {}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stages")
    (made / "motto").write_text("onward\n")
    (made / "x.clab.yml").write_text(TEXT.replace("name: NAME", f"name: stages-{os.getpid()}"))
    return made


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Lab]:
    with bring_up(read_topology(folder / "x.clab.yml", environment={})) as made:
        yield made


def when(lab: Lab, node: str) -> int:
    return int(lab.nodes[node].read("/tmp/exec") or b"0")


@pytest.mark.kernel
def test_a_node_boots_when_those_that_it_waits_for_are_healthy(lab: Lab) -> None:
    assert when(lab, "alone") < when(lab, "second") < when(lab, "third")
    assert when(lab, "second") - when(lab, "first") > 1e9  # the test failed once


@pytest.mark.kernel
def test_commands_of_a_stage_run_at_its_beginning_and_its_end(lab: Lab) -> None:
    assert lab.nodes["second"].read("/tmp/begun") is None and lab.nodes["second"].read("/etc/motto") == b"onward\n"
    assert lab.host.read("/tmp/on-the-host") == b"" and not Path("/tmp/on-the-host").exists()


@pytest.mark.kernel
def test_inspect_tells_health(lab: Lab) -> None:
    def health(name: str) -> object:
        return next(node["health"] for node in verbs.inspect(lab).content["nodes"] if node["name"] == name)

    assert (health("first"), health("alone")) == ("healthy", None)
    lab.nodes["first"].run(["rm", "/tmp/asked-for"])
    assert health("first") == "unhealthy: status 1: no reason given"
    lab.nodes["first"].write({"/tmp/asked-for": b""})


@pytest.mark.kernel
def test_a_node_that_joins_later_waits_for_those_that_run(lab: Lab, folder: Path) -> None:
    file = folder / "x.clab.yml"
    joins = (
        "    later: {stages: {configure: {wait-for: [{node: first, stage: healthy}, {node: alone, stage: exit}]}}}\n"
    )
    file.write_text(file.read_text() + joins)
    assert apply(lab, read_topology(file, environment={})).difference.added == ("later",)
    assert when(lab, "later") > when(lab, "third")


@pytest.mark.kernel
def test_an_unhealthy_node_fails_the_deploy_in_the_words_of_its_test(tmp_path: Path) -> None:
    text = """\
    name: unwell-{}
    topology:
      defaults: {{kind: linux, network-mode: none}}
      nodes:
        sick: {{healthcheck: {{test: [CMD, ls, /no/such], interval: 1, retries: 2}}}}
        waits: {{startup-delay: 1, stages: {{create: {{wait-for: [{{node: sick, stage: healthy}}]}}}}}}
    """
    (tmp_path / "x.clab.yml").write_text(text.format(os.getpid()))
    with pytest.raises(NodeFailed, match=r"sick: unhealthy: its healthcheck failed 2 times .*No such file") as caught:
        bring_up(read_topology(tmp_path / "x.clab.yml", environment={}))
    assert caught.value.place == "sick" and f"unwell-{os.getpid()}" not in Lab.names()


FAILING = """\
name: failing-NUMBER
topology:
  defaults: {kind: linux, network-mode: none}
  nodes:
    n1:
      exec: [sh -c "echo no luck >&2; exit 3", no-such-program, touch /tmp/after]
      stages: {STAGES}
"""


@pytest.mark.kernel
@pytest.mark.parametrize("stages", ["", "exit: {exec: {on-enter: [/bin/false]}}"], ids=["at once", "in stages"])
def test_a_command_that_fails_fails_the_deploy_unless_that_is_tolerated(
    tmp_path: Path, stages: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.clab.yml"
    file.write_text(FAILING.replace("NUMBER", str(os.getpid())).replace("STAGES", stages))
    name = f"failing-{os.getpid()}"
    with pytest.raises(CommandFailed, match=r"n1: exec .* ended with 3: no luck"):
        bring_up(read_topology(file))
    assert name not in Lab.names()
    try:
        assert run(["deploy", str(file), "--tolerate-exec", "--json"]) == 0
        warnings = json.loads(capsys.readouterr().out)["warnings"]
        line = 'sh -c "echo no luck >&2; exit 3"'
        assert warnings[0] == {"node": "n1", "command": line, "status": 3, "words": "no luck"}
        assert [each["command"] for each in warnings[1:]] == ["no-such-program", *(["/bin/false"] if stages else [])]
        assert Lab.find(name).nodes["n1"].read("/tmp/after") == b""
    finally:
        Lab.destroy_by_name(name)


def test_steps_of_a_node_follow_each_other_and_what_they_wait_for(folder: Path) -> None:
    topology = read_topology(folder / "x.clab.yml", environment={})
    found = steps(topology, ["second", "third"])
    assert found["second", "create"] == {("first", "healthy")} and found["first", "healthy"] == set()
    assert found["third", "configure"] == {("third", "create-links"), ("second", "exit")}
    assert found["second", "healthy"] == {("second", "exec")}


def test_after_a_failure_no_step_begins_and_those_under_way_are_told() -> None:
    done: list[Step] = []
    needed: dict[Step, set[Step]] = {("a", "1"): set(), ("b", "1"): set(), ("b", "2"): {("b", "1"), ("a", "1")}}

    def work(step: Step, stopped: object) -> None:
        if step == ("a", "1"):
            raise CommandFailed("failed", "a")
        assert stopped.wait(20)  # type: ignore[attr-defined]
        done.append(step)

    with pytest.raises(CommandFailed, match="a: failed"):
        Lab.in_order(SimpleNamespace(), needed, work)  # type: ignore[arg-type]
    assert done == [("b", "1")]
