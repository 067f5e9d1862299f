"""iptables' language: lines as written -> as iptables-save prints them, and lines that it refuses, with their number.

What stands here was printed, or refused, by iptables 1.8.9 (nf_tables); test_iptables_referee.py asks the real one.
"""

import pytest
from iptables_lines import PRINTED, REFUSED, Case

from sim.devices import parse_files
from sim.dialects.iptables.saved import read_saved
from sim.errors import ConfigError
from sim.topology.model import Kind, Node


def printed(case: Case) -> list[str]:
    text = f"*{case.table}\n:foo - [0:0]\n{case.line}\nCOMMIT\n"
    tables, _, _, _ = read_saved(text, "rules", case.version)
    return [rule.text for chain in tables[0].chains.values() for rule in chain.rules]


@pytest.mark.parametrize("case", PRINTED, ids=lambda case: case.line)
def test_a_rule_is_printed_as_iptables_save_prints_it(case: Case) -> None:
    assert printed(case) == case.printed


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.line)
def test_a_line_that_iptables_refuses_is_refused_with_its_number(case: Case) -> None:
    with pytest.raises(ConfigError) as refused:
        printed(case)
    assert str(refused.value).startswith("rules:3: ")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("-A INPUT -j ACCEPT\n", "rules:1", "before any table"),
        ("*filter\n-A INPUT -j ACCEPT\n", "rules:2", "COMMIT expected"),
        ("*fliter\nCOMMIT\n", "rules:1", "table 'fliter' is not known"),
        ("*filter\n:INPUT REJECT [0:0]\nCOMMIT\n", "rules:2", "Can't set policy"),
        ("*filter\n*nat\nCOMMIT\n", "rules:2", "before COMMIT of table filter"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(text: str, where: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        read_saved(text, "rules", 4)
    assert str(refused.value.place) == where


def test_both_files_of_a_node_are_read_and_notes_name_the_line() -> None:
    node = Node("n1", Kind.LINUX)
    four = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m recent --name a --rcheck -j ACCEPT\nCOMMIT\n"
    six = "*filter\n-A INPUT -s fe80::/10 -j ACCEPT\nCOMMIT\n"
    device = parse_files(node, {"/etc/sysconfig/iptables": four, "/etc/sysconfig/ip6tables": six})
    assert [table.title for table in device.filter.tables] == ["iptables filter", "ip6tables filter"]
    assert [(note.node, note.policy) for note in device.notes] == [("n1", True)]
    assert str(device.notes[0].place).endswith("/etc/sysconfig/iptables:3")
    assert (device.understood["/etc/sysconfig/iptables"].lines, device.understood["/etc/sysconfig/iptables"].known) == (
        4,
        3,
    )
