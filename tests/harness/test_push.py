"""What a push touches, and what it leaves alone. No kernel: the node is a dictionary."""

from collections.abc import Sequence

import pytest
from memory_node import MemoryNode

from harness.push import RECORD, push
from harness.push_diff import plan
from sim.errors import PushRejected
from sim.topology.model import Node

RULES = "/etc/iptables/rules.v4"
OPEN = b"*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
CLOSED = b"*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
LEAF = Node("leaf1")


def test_pushing_the_same_files_twice_runs_no_tool() -> None:
    node = MemoryNode()
    push(node, LEAF, {RULES: OPEN}, boot=True)
    node.ran.clear()
    assert not push(node, LEAF, {RULES: OPEN}).changed
    assert node.ran == []


def test_a_changed_file_runs_its_tool_and_no_other() -> None:
    node = MemoryNode()
    files = {RULES: OPEN, "/etc/nftables.conf": b"flush ruleset\n"}
    push(node, LEAF, files, boot=True)
    node.ran.clear()
    result = push(node, LEAF, files | {RULES: CLOSED})
    assert result.written == (RULES,)
    assert {argv[0] for argv in node.ran} == {"iptables-restore"}


def test_a_file_no_longer_wanted_leaves_the_node() -> None:
    node = MemoryNode()
    push(node, LEAF, {RULES: CLOSED, "/etc/motd": b"hello\n"}, boot=True)
    result = push(node, LEAF, {"/etc/motd": b"hello\n"})
    assert result.removed == (RULES,)
    assert RULES not in node.files
    assert b":INPUT ACCEPT" in node.fed[-1], "its table is emptied"


def test_a_rejected_file_leaves_the_node_what_it_had() -> None:
    def refuses_drop(argv: Sequence[str], stdin: bytes) -> tuple[int, str]:
        return (
            (1, "iptables-restore: line 2 failed: Bad policy.")
            if b"DROP" in stdin and "--test" not in argv
            else (0, "")
        )

    node = MemoryNode(refuses_drop)
    push(node, LEAF, {RULES: OPEN}, boot=True)
    with pytest.raises(PushRejected, match=rf"leaf1 rejected {RULES} line 2: .*Bad policy.*:INPUT DROP") as caught:
        push(node, LEAF, {RULES: CLOSED})
    assert str(caught.value.place) == f"{RULES}:2"
    assert node.files[RULES] == OPEN
    assert node.fed[-1] == OPEN, "the old rules are back in the kernel too"


def test_a_file_refused_before_anything_ran_undoes_nothing() -> None:
    node = MemoryNode(
        lambda argv, _: (2, 'unknown option "--dporty"\nError occurred at line: 2') if "--test" in argv else (0, "")
    )
    push(node, LEAF, {RULES: OPEN}, boot=True)
    node.ran.clear()
    with pytest.raises(PushRejected, match="--dporty"):
        push(node, LEAF, {RULES: CLOSED})
    assert node.ran == [("iptables-restore", "--test")]
    assert node.files[RULES] == OPEN


def test_a_push_that_was_cut_off_is_finished_by_the_next() -> None:
    def dies(argv: Sequence[str], stdin: bytes) -> tuple[int, str]:
        if b"DROP" in stdin and "--test" not in argv:
            raise KeyboardInterrupt
        return 0, ""

    node = MemoryNode(dies)
    push(node, LEAF, {RULES: OPEN}, boot=True)
    with pytest.raises(KeyboardInterrupt):
        push(node, LEAF, {RULES: CLOSED})
    assert node.files[RULES] == CLOSED, "the file is there, its meaning is not"
    node.ran.clear()
    assert push(node, LEAF, {RULES: OPEN}).written == (RULES,)
    assert node.fed[-1] == OPEN
    node.ran.clear()
    assert not push(node, LEAF, {RULES: OPEN}).changed
    assert node.ran == []


def test_bytes_arrive_unchanged_and_scripts_can_run() -> None:
    node = MemoryNode()
    raw = bytes(range(256))
    push(node, LEAF, {"/opt/blob": raw, "/opt/run": b"#!/bin/sh\n"}, boot=True)
    assert node.files["/opt/blob"] == raw
    assert (node.modes["/opt/blob"], node.modes["/opt/run"]) == (0o644, 0o755)


def test_the_plan_shows_what_would_change_and_touches_nothing() -> None:
    node = MemoryNode()
    push(node, LEAF, {RULES: OPEN, "/etc/motd": b"hello\n"}, boot=True)
    node.ran.clear()
    (changed, removed) = plan(node, {RULES: CLOSED})
    assert "-:INPUT ACCEPT [0:0]\n+:INPUT DROP [0:0]" in changed
    assert "+++ /dev/null" in removed and "-hello" in removed
    assert node.ran == []
    assert node.files[RULES] == OPEN


def test_the_plan_names_the_node_of_a_new_file_too() -> None:
    (new,) = plan(MemoryNode(), {"/etc/motd": b"hello\n"})
    assert new.startswith(f"--- /dev/null\n+++ {MemoryNode().name}:/etc/motd\n")


def test_a_plan_masks_the_secrets_of_both_sides() -> None:
    node = MemoryNode()
    push(node, LEAF, {"/etc/motd": b"neighbor 10.0.0.1 password oldsecret\n"}, boot=True)
    (difference,) = plan(node, {"/etc/motd": b"neighbor 10.0.0.1 password newsecret\n"})
    assert "secret" not in difference.replace("is a secret", "")


def test_what_a_push_leaves_out_is_told() -> None:
    node = MemoryNode()
    result = push(node, LEAF, {"/etc/sysctl.d/10.conf": b"vm.swappiness = 1\n"}, boot=True)
    assert "not applied" in result.notes[0]
    assert RECORD in node.files
