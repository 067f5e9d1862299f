"""Whatever is done to a topology file, the reader answers with a topology or with one line: never with a traceback."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from topology_texts import VALID, write

from sim.errors import InputError
from sim.topology.files import node_files
from sim.topology.reader import read_topology
from sim.topology.record import from_record, to_record

TOKENS = [
    "", "null", "~", "[]", "{}", "[a]", "{a: b}", "yes", "1", "-1", "1.5", ".inf", ".nan", "0x1f", "1e999", "9" * 400,
    "'", '"', "&a", "*a", "<<: *a", "<<: {a: b}", "!!int", "!!binary x", "? ", "- ", ": ", "|", ">", "#", "---", "...",
    "%YAML 1.1", "$", "${", "${A", "${A:-}", "$$", "{{", "\t", "\0", "\x85", "\u2028", "\ufeff", "\U0001f600", "é",
    "host", "mgmt-net", "macvlan", "lo", "eth0", "..", "/", "../..", "~root", "a:b:c", "::/0", "10.0.0.0/33",
    "bridge", "frr", "workload", "storage: nfs", "kind: host", "__clabNodeDir__", "http://x", "\\", '"\\ud800"',
    "x" * 5000, "[" * 100, "{" * 100, "- " * 100,
]  # fmt: skip
LINES = VALID.splitlines()


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """VALID with a few lines deleted, doubled, swapped, re-indented, or with a token set in place of another."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        kind = draw(st.sampled_from(["delete", "double", "move", "indent", "token", "value", "insert", "cut"]))
        lines = _mutated(draw, lines, at, kind) if lines else [draw(st.sampled_from(TOKENS))]
    return "\n".join(lines) + "\n"


def _mutated(draw: st.DrawFn, lines: list[str], at: int, kind: str) -> list[str]:
    line, token = lines[at], draw(st.sampled_from(TOKENS))
    if kind == "delete":
        return lines[:at] + lines[at + 1 :]
    if kind == "move":
        return [*lines[:at], *lines[at + 1 :], line]
    if kind == "insert":
        return [*lines[:at], line[: len(line) - len(line.lstrip())] + token, *lines[at:]]
    changed = {
        "double": f"{line}\n{line}",
        "indent": " " * draw(st.integers(0, 12)) + line.lstrip(),
        "token": " ".join(token if draw(st.booleans()) else word for word in line.split(" ")),
        "value": f"{line.split(':')[0]}: {token}",
        "cut": line[: draw(st.integers(0, len(line)))] + token,
    }[kind]
    return [*lines[:at], changed, *lines[at + 1 :]]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutations())
def test_a_mutated_file_gives_a_topology_or_one_line(tmp_path: Path, text: str) -> None:
    answers_in_one_line(write(tmp_path, text))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_topology_or_one_line(tmp_path: Path, content: bytes) -> None:
    file = write(tmp_path, "")
    file.write_bytes(content)
    answers_in_one_line(file)


@pytest.mark.parametrize("number", range(len(TOKENS)))
def test_any_token_for_any_value_gives_a_topology_or_one_line(tmp_path: Path, number: int) -> None:
    token = TOKENS[number]
    for at in range(number % 3, len(LINES), 3):
        line = LINES[at]
        key, colon, _ = line.partition(": ")
        changed = f"{key}{colon}{token}" if colon else line.replace(line.strip(), token)
        answers_in_one_line(write(tmp_path, "\n".join([*LINES[:at], changed, *LINES[at + 1 :]])))


def answers_in_one_line(file: Path) -> None:
    try:
        topology = read_topology(file, environment={"A": "1"})
        for node in topology.nodes:
            node_files(topology, node)
        assert from_record(to_record(topology)) == topology
    except InputError as error:
        assert len(str(error).splitlines()) == 1, str(error)
        assert str(error).startswith(str(file)), str(error)
