"""Scenario files: what they say, and one line with its place for everything that is wrong with them."""

import string
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.scenario import find_scenarios, is_scenario, read_scenario, scenario_schema
from sim.errors import FabricError, InputError, ScenarioError
from sim.flow import Flow

TOPOLOGY = """\
name: two
topology:
  nodes:
    leaf1: {kind: linux}
    spine1: {kind: linux, group: spines}
  links:
    - endpoints: [leaf1:eth1, spine1:eth1]
"""
GOOD = """\
name: leaf1 reaches spine1
topology: two.clab.yml
steps:
  - {expect: sessions, within: 30s}
  - {do: link.down, link: leaf1:eth1}
  - {expect: route, node: leaf1, prefix: 10.0.4.0/24, next_hops: [spine1], within: 500ms}
  - {expect: delivered, flow: {from: leaf1, to: spine1, proto: udp, dport: 4789}, for: 2m}
  - {expect: delivered, not: true, flow: {from: leaf1, to: 10.0.0.1, proto: tcp, dport: 22}}
  - expect: separation
    sources: [leaf1]
    destinations: [spine1, 192.0.2.1]
    ports: [22, udp/53, icmp]
    allowed: [{from: [leaf1], to: [spine1], ports: [22]}]
"""


def written(folder: Path, text: str, name: str = "story.yml") -> Path:
    (folder / "two.clab.yml").write_text(TOPOLOGY)
    (folder / name).write_text(text)
    return folder / name


def test_a_scenario_is_what_its_file_says(tmp_path):
    story = read_scenario(written(tmp_path, GOOD))
    assert story.name == "leaf1 reaches spine1"
    assert story.changes
    assert [step.verb for step in story.steps] == ["expect", "do", "expect", "expect", "expect", "expect"]
    assert [step.within_s for step in story.steps] == [30, None, 0.5, None, None, None]
    assert story.steps[3].for_s == 120
    assert story.steps[3].arguments == {"flow": Flow("leaf1", "spine1", "udp", dport=4789)}
    assert story.steps[4].negated
    assert story.steps[4].place.line == 8
    assert story.steps[5].arguments["ports"] == ["tcp/22", "udp/53", "icmp"]


def test_a_step_reads_as_a_sentence(tmp_path):
    story = read_scenario(written(tmp_path, GOOD))
    assert [str(step) for step in story.steps[1:5]] == [
        "do link.down leaf1:eth1",
        "route leaf1 10.0.4.0/24 next_hops [spine1] within 0.5s",
        "delivered flow {from: leaf1, to: spine1, proto: udp, dport: 4789} for 120s",
        "not delivered flow {from: leaf1, to: 10.0.0.1, proto: tcp, dport: 22}",
    ]


WORKLOAD = "{name: guest, tap: tap0, address: 10.17.0.5}"


def test_a_step_knows_what_the_pushes_before_it_brought(tmp_path):
    push = f"{{do: config.push, vars: {{leaf1: {{workloads: [{WORKLOAD}]}}}}}}"
    ping = "{expect: delivered, flow: {from: spine1, to: guest}}"
    assert read_scenario(written(tmp_path, steps(push, ping))).steps[1].arguments["flow"].destination == "guest"
    with pytest.raises(ScenarioError, match="no node named 'guest'"):
        read_scenario(written(tmp_path, steps(ping, push)))


def test_the_schema_accepts_what_the_reader_accepts_and_refuses_a_wrong_name():
    from ruamel.yaml import YAML

    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(YAML(typ="safe").load(GOOD), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(GOOD.replace("expect: route", "expect: rout")), schema)


HEAD = "name: x\ntopology: two.clab.yml\nsteps:\n"


def steps(*lines: str) -> str:
    return HEAD + "".join(f"  - {line}\n" for line in lines)


MALFORMED = [
    ("", "story.yml: the file is empty; expected name, topology and steps"),
    ("- a\n", "story.yml:1: found a list; expected name, topology and steps"),
    ("name: x\nsteps: [\n", "story.yml:3: not YAML"),
    ("topology: two.clab.yml\nsteps:\n  - {expect: sessions}\n", "story.yml:1: key 'name' is missing"),
    ("name: x\nsteps:\n  - {expect: sessions}\n", "story.yml:1: key 'topology' is missing"),
    ("name: x\ntopology: two.clab.yml\n", "story.yml:1: key 'steps' is missing"),
    (
        "name: x\ntopology: three.clab.yml\nsteps: [{expect: sessions}]\n",
        "story.yml:2: topology: there is no file or folder",
    ),
    ("name: 7\ntopology: two.clab.yml\nsteps: []\n", "story.yml:1: name: found '7'; expected text"),
    (HEAD + "  []\n", "story.yml:3: steps: found a list; expected a list of steps"),
    (HEAD.replace("steps:", "stepz:"), "story.yml:3: a scenario has no 'stepz'; did you mean 'steps'?"),
    (GOOD + "name: again\n", "story.yml:14: key 'name' stands twice"),
    (steps("sessions"), "story.yml:4: steps[0]: found 'sessions'; expected do or expect"),
    (steps("{within: 5s}"), "story.yml:4: steps[0]: found neither; expected do or expect"),
    (steps("{do: link.up, expect: sessions}"), "story.yml:4: steps[0]: found both; expected do or expect"),
    (steps("{expect: rout}"), "story.yml:4: no check named 'rout'; did you mean 'route'? known: "),
    (steps("{expect: 5}"), "story.yml:4: expect: found '5'; expected the name of a check"),
    (steps("{do: link.dwn, link: leaf1:eth1}"), "story.yml:4: no action named 'link.dwn'; did you mean 'link.down'?"),
    (
        steps("{expect: sessions}", "{expect: route, nod: leaf1}"),
        "story.yml:5: route has no 'nod'; did you mean 'node'? known:",
    ),
    (steps("{expect: route, node: leaf1}"), "story.yml:4: route: key 'prefix' is missing; add it"),
    (steps("{expect: route, node: leaf9, prefix: 10.0.0.0/8}"), "no node named 'leaf9'; did you mean 'leaf1'?"),
    (steps("{expect: route, node: leaf1, prefix: 10.0.0.0/8, next_hops: [nobody]}"), "no node named 'nobody'"),
    (steps("{expect: route, node: leaf1, prefix: 10.0.0.0/8, avoid: [nobody]}"), "no node named 'nobody'"),
    (steps("{expect: ecmp, node: leaf1, prefix: 10.0.0.0/8, width: 0}"), "at least 1"),
    (steps("{expect: route, node: leaf1, prefix: 10.0.0.1/8}"), "expected a prefix such as 10.0.4.0/24"),
    (steps("{expect: route, node: leaf1, prefix: 10.0.0.0/8, next_hops: spine1}"), "found 'spine1'; expected a list"),
    (steps("{expect: route, node: [leaf1], prefix: 10.0.0.0/8}"), "route.node: found a list; expected text"),
    (steps("{expect: sessions, within: 5}"), "story.yml:4: within: found 5; expected a duration such as 5s"),
    (steps("{expect: sessions, for: soon}"), "for: found 'soon'; expected a duration"),
    (steps("{expect: sessions, not: 3}"), "not: found '3'; expected true or false"),
    (steps("{do: link.down, link: leaf1:eth1, within: 5s}"), "link.down: 'within' belongs to expect"),
    (steps("{do: link.down, link: leaf1:eth7}"), "no cable end named 'leaf1:eth7'; did you mean 'leaf1:eth1'?"),
    (steps("{do: link.down, link: leaf1}"), "found 'leaf1'; expected node:interface"),
    (steps("{do: link.down, link: leaf1:eth1}"), "story.yml:3: steps: no step expects anything"),
    (steps("{do: interface.mtu, interface: leaf1:eth1, bytes: 9}"), "expected at least 68"),
    (steps("{do: config.push}", "{expect: sessions}"), "story.yml:4: config.push: found nothing to push"),
    (steps("{do: config.push, overlay: nowhere}", "{expect: sessions}"), "story.yml:4: config.push: "),
    (steps("{do: config.push, vars: {leaf9: {a: 1}}}", "{expect: sessions}"), "no node or group named 'leaf9'"),
    (steps("{do: config.push, vars: {leaf1: {storage: tape}}}", "{expect: sessions}"), "story.yml:4: config.push: "),
    (steps("{do: config.push, vars: [leaf1]}", "{expect: sessions}"), "story.yml:4: config.push.vars: found a list"),
    (steps("{expect: delivered, flow: {from: leaf1}}"), "delivered.flow: key 'to' is missing"),
    (steps("{expect: delivered, flow: leaf1}"), "delivered.flow: found 'leaf1'; expected a mapping"),
    (
        steps("{expect: delivered, flow: {from: leaf1, to: spine1, proto: sctp}}"),
        "expected one of 'tcp', 'udp' or 'icmp'",
    ),
    (
        steps("{expect: delivered, flow: {from: leaf1, to: spine1, proto: tcp}}"),
        "proto tcp without a port; write dport",
    ),
    (steps("{expect: delivered, flow: {from: leaf1, to: spine1, dport: 80}}"), "icmp has no ports"),
    (steps("{expect: delivered, flow: {from: leaf1, to: spine1, proto: tcp, dport: 99999}}"), "expected at most 65535"),
    (steps("{expect: delivered, flow: {from: leaf1, to: spine1, port: 80}}"), "'port'"),
    (steps("{expect: listeners, node: leaf1, only: [ssh]}"), "found 'ssh'; expected protocol/address:port"),
    (steps("{expect: ecmp, node: leaf1, prefix: 10.0.0.0/8, width: 2, flows: 3}"), "expected at least 32"),
    (steps("{expect: sessions}") + "overlay: nowhere\n", "story.yml:5: overlay: there is no folder 'nowhere'"),
    (steps("{expect: sessions}") + "vars: [a]\n", "story.yml:5: vars: expected a mapping"),
    (steps("{expect: sessions}") + "vars: {leaf9: {storage: nfs}}\n", "story.yml:5: vars: "),
    (steps("{expect: sessions}") + "vars: {leaf1: {storage: tape}}\n", "story.yml:5: vars: "),
    (steps("{expect: sessions}") + "on: paper\n", "story.yml:5: on: found 'paper'; expected lab"),
    (steps("{expect: sessions}") + "twin_of: two.clab.yml\n", "story.yml:5: twin_of without 'fails'"),
    (steps("{expect: sessions}") + "fails: x\n", "a known-bad twin is a file *.bad.yml that has 'fails'"),
    (steps("{expect: sessions}") + "fails: '('\n", "story.yml:5: fails: not a regular expression"),
]


@pytest.mark.parametrize(("text", "line"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_scenario_is_one_line_with_its_place(tmp_path, text, line):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as refusal:
        read_scenario(path)
    said = str(refusal.value)
    assert line in said
    assert "\n" not in said
    assert said.startswith(str(path))
    assert refusal.value.exit_status == 2


def test_what_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_scenario(tmp_path / "none.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        read_scenario(tmp_path / "binary.yml")


def test_a_twin_states_how_it_fails(tmp_path):
    text = steps("{expect: sessions}") + "fails: no session\ntwin_of: story.yml\n"
    written(tmp_path, GOOD)
    twin = read_scenario(written(tmp_path, text, "story.bad.yml"))
    assert twin.fails == "no session"
    assert twin.twin_of == tmp_path / "story.yml"
    with pytest.raises(ScenarioError, match="found one of the two"):
        read_scenario(written(tmp_path, GOOD, "other.bad.yml"))


def test_only_files_with_steps_are_scenarios(tmp_path):
    path = written(tmp_path, GOOD)
    assert is_scenario(path)
    assert find_scenarios(tmp_path) == [path]


WORDS = [
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "&a ",
    "*a",
    "null",
    "5s",
    "leaf1",
    "!!int",
    "'",
    '"',
    "#",
    "\t",
    "é",
    "<<: *a",
    "0x1f",
]


@st.composite
def mutations(draw):
    """A valid scenario with a few lines or characters deleted, doubled, moved or replaced."""
    lines = GOOD.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["delete", "double", "word", "cut", "swap", "indent"]))
        line = lines[at]
        where = draw(st.integers(0, len(line)))
        changed = {
            "delete": [],
            "double": [line, line],
            "word": [line[:where] + draw(st.sampled_from(WORDS)) + line[where:]],
            "cut": [line[:where] + line[where + draw(st.integers(1, 6)) :]],
            "swap": [
                line.replace(
                    draw(st.sampled_from(["leaf1", "expect", "30s", ":", "[", "true"])), draw(st.sampled_from(WORDS))
                )
            ],
            "indent": [" " * draw(st.integers(1, 5)) + line],
        }[kind]
        lines[at : at + 1] = changed
        lines = lines or ["\n"]
    return "".join(lines)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(mutations(), st.text(string.printable, max_size=60)))
def test_no_mutation_of_a_scenario_is_more_than_a_refusal(tmp_path, text):
    path = written(tmp_path, text)
    try:
        read_scenario(path)
    except FabricError as error:
        assert error.exit_status == 2
        assert "\n" not in str(error)
