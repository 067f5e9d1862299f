"""What `vtysh -b` of both generations of FRR says, recorded, and what the author of the file is told."""

import pytest
from memory_node import work

from harness.appliers.frr import CONF, _judge
from lab.node import Completed
from sim.errors import PushRejected

EIGHT = Completed(
    ("vtysh", "-b"),
    13,
    b"% Configure the peer-group first\n",
    b"line 4: Failure to communicate[13] to bgpd, line:  neighbor 10.0.0.9 peer-group nosuch \n\n"
    b"Configuration file[/etc/frr/frr.conf] processing failure: 13\n",
)
TEN = Completed(
    ("vtysh", "-b"),
    13,
    b"[57|mgmtd] sending configuration\n[58|zebra] sending configuration\nMGMTD: No changes found to be committed!\n"
    b"[64|bgpd] sending configuration\n[74|staticd] sending configuration\n% Configure the peer-group first\n"
    b"Waiting for children to finish applying config...\n",
    b"[58|zebra] done\n[57|mgmtd] done\n"
    b"line 4: Failure to communicate[13] to bgpd, line:  neighbor 10.0.0.9 peer-group nosuch \n\n"
    b"[74|staticd] done\n[64|bgpd] Configuration file[/etc/frr/frr.conf] processing failure: 13\n",
)
GOOD = Completed(
    ("vtysh", "-b"),
    0,
    b"[31|mgmtd] sending configuration\n[32|zebra] sending configuration\n[32|zebra] done\n"
    b"Waiting for children to finish applying config...\n[31|mgmtd] done\n",
    b"",
)


@pytest.mark.parametrize("done", [EIGHT, TEN], ids=["8.4", "10.3"])
def test_a_line_that_a_daemon_refuses_is_told_in_the_daemons_words(done: Completed) -> None:
    reason = "line 4: % Configure the peer-group first: neighbor 10.0.0.9 peer-group nosuch"
    with pytest.raises(PushRejected, match=reason):
        _judge(work({}), CONF, done)


def test_reports_of_progress_are_no_notes_and_other_words_are() -> None:
    quiet, loud = work({}), work({})
    _judge(quiet, CONF, GOOD)
    _judge(loud, CONF, Completed(("vtysh", "-b"), 0, GOOD.stdout + b"% warning of a daemon\n", b""))
    assert (quiet.notes, loud.notes) == ([], [f"{CONF}: % warning of a daemon"])
