"""FRR: the daemons that /etc/frr/daemons names, and their configuration by FRR's own vtysh.

At boot: zebra, then the others side by side as soon as zebra takes clients, then one `vtysh -b`. On a running node a
changed frr.conf is read by `vtysh -C` and applied by frr-reload.py, which changes what differs and nothing else; a
changed `daemons` starts and stops the difference. Without frr.conf each daemon reads its own file, such as bgpd.conf.
"""

import re
import signal

from harness.appliers import Work
from harness.appliers.daemons import ended, start, wait_for
from harness.appliers.frr_daemons import BINARIES, DAEMONS_FILE, KNOWN, Daemon, wanted_daemons
from lab.node import Process

CONF = "/etc/frr/frr.conf"
ZEBRA_API = "/run/frr/zserv.api"
RELOAD = f"{BINARIES}/frr-reload.py"
_COMPLAINT = re.compile(r"^line (?P<line>\d+): (?P<words>.+)$", re.MULTILINE)
_PER_DAEMON = re.compile(rf"/etc/frr/(?P<daemon>{'|'.join(KNOWN)})(-\w+)?\.conf$")
_FAILED = re.compile(r"^(?:.*(?:% |[Ff]ailed|[Ee]rror|Exception).*)$", re.MULTILINE)


class Frr:
    """FRR on a node that has a file of its."""

    name, order = "frr", 60

    def claims(self, path: str) -> bool:
        """frr.conf, daemons, vtysh.conf, and the files of single daemons."""
        return path in (CONF, DAEMONS_FILE) or bool(_PER_DAEMON.match(path))

    def check(self, work: Work) -> None:
        """`vtysh -C` on each changed configuration file."""
        wanted_daemons(work, KNOWN)
        for conf in _configurations(work):
            if conf in work.changed:
                _check(work, conf)

    def apply(self, work: Work) -> None:
        """Bring daemons and configuration to what the files say."""
        wanted = _wanted(work)
        running = _running(work)
        stale = [each for argv, each in running.items() if argv not in {tuple(daemon.argv) for daemon in wanted}]
        _stop(work, stale)
        fresh = [daemon for daemon in wanted if tuple(daemon.argv) not in running]
        _start(work, fresh)
        if CONF not in work.files:
            _apply_single_files(work, fresh)
        elif fresh and not set(running) - {each.argv for each in stale}:
            _load(work)
        else:
            _reload(work, fresh)


def _configurations(work: Work) -> list[str]:
    """The files FRR would read: frr.conf alone, or those of single daemons."""
    return [CONF] if CONF in work.files else sorted(filter(_PER_DAEMON.match, work.files))


def _wanted(work: Work) -> list[Daemon]:
    if not any(path.startswith("/etc/frr/") for path in work.files):
        return []
    installed = work.node.run(["ls", BINARIES], check=False)
    if installed.status:
        raise work.rejected(DAEMONS_FILE, f"FRR is not installed: {installed.words}")
    return wanted_daemons(work, installed.text.split())


def _running(work: Work) -> dict[tuple[str, ...], Process]:
    if work.boot:
        return {}
    return {each.argv: each for each in work.node.processes() if each.argv[0].startswith(f"{BINARIES}/")}


def _stop(work: Work, stale: list[Process]) -> None:
    for each in reversed(stale):
        work.node.signal(each.pid, signal.SIGTERM)
    for each in stale:
        ended(work.node, each.pid)


def _start(work: Work, daemons: list[Daemon]) -> None:
    """zebra before the rest: a daemon that finds no zebra tries again only seconds later."""
    first = [daemon for daemon in daemons if daemon.name == "zebra"]
    rest = [daemon for daemon in daemons if daemon.name != "zebra"]
    for daemon in first:
        wait_for(work, start(work.node, daemon.argv, _log(daemon)), ZEBRA_API, DAEMONS_FILE)
    started = [(daemon, start(work.node, daemon.argv, _log(daemon))) for daemon in rest]
    for daemon, process in started:
        wait_for(work, process, daemon.vty, DAEMONS_FILE)


def _log(daemon: Daemon) -> str:
    return f"/var/log/frr/{daemon.label}.out"


def _load(work: Work) -> None:
    """`vtysh -b`: the whole file to all daemons, at boot."""
    done = work.node.run(["vtysh", "-b"], check=False, timeout_s=120.0)
    _judge(work, CONF, done.stderr.decode(errors="replace"), done.status)


def _check(work: Work, conf: str) -> None:
    done = work.node.run(["vtysh", "-C", "-f", conf], check=False)
    _judge(work, conf, done.stderr.decode(errors="replace"), done.status)


def _judge(work: Work, conf: str, words: str, status: int) -> None:
    """vtysh says `line 42: % Unknown command[4]: ...`; about its own missing vtysh.conf it may grumble."""
    found = _COMPLAINT.search(words)
    if found:
        raise work.rejected(conf, re.sub(r"\[\d+\]: +", ": ", found["words"]), int(found["line"]))
    rest = "\n".join(line for line in words.splitlines() if "vtysh.conf" not in line)
    if status:
        raise work.rejected(conf, rest)
    for line in rest.splitlines():
        if line.strip():
            work.note(f"{conf}: {line.strip()}")


def _reload(work: Work, fresh: list[Daemon]) -> None:
    """frr-reload.py: the difference between what runs and the file."""
    if CONF not in work.changed and not fresh:
        return
    _frr_reload(work, CONF, [])


def _apply_single_files(work: Work, fresh: list[Daemon]) -> None:
    """A daemon just started has read its file (checked here: it only logs what it refuses); others reload theirs."""
    started = {daemon.label for daemon in fresh}
    for path in _configurations(work):
        label = path.removeprefix("/etc/frr/").removesuffix(".conf")
        if path in work.changed:
            _check(work, path)
            if label not in started:
                _frr_reload(work, path, ["--daemon", label.partition("-")[0]])


def _frr_reload(work: Work, path: str, options: list[str]) -> None:
    argv = ["python3", RELOAD, "--reload", "--stdout", *options, path]
    done = work.node.run(argv, check=False, timeout_s=120.0)
    if done.status:
        words = done.text + done.stderr.decode(errors="replace")
        complaints = [line for line in _FAILED.findall(words) if "vtysh.conf" not in line]
        raise work.rejected(path, "\n".join(complaints[-2:]) or words[-500:])


APPLIERS = (Frr(),)
