"""FRR: the daemons that /etc/frr/daemons names, and their configuration by FRR's own vtysh.

At boot: zebra, then the others side by side as soon as zebra is up, then what `vtysh -b` tells them. On a
running node a changed frr.conf is read by `vtysh -C` and applied by frr-reload.py, which changes what differs and
nothing else; a changed `daemons` starts and stops the difference. Without frr.conf each daemon reads its own file, such
as bgpd.conf.
"""

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from socket import socket

from harness.appliers import Work
from harness.appliers import frr_supervised as supervised
from harness.appliers.daemons import ended, start, wait_for
from harness.appliers.frr_daemons import BINARIES, CONF, DAEMONS_FILE, KNOWN, Daemon, wanted_daemons
from harness.appliers.frr_rehearsal import Script, tell
from lab.node import Completed, Process, RunningNode
from lab.programs import VTYSH, ZEBRA, Program

RELOAD = f"{BINARIES}/frr-reload.py"
_COMPLAINT = re.compile(r"^line (?P<line>\d+): (?P<words>.+)$", re.MULTILINE)
_PER_DAEMON = re.compile(rf"/etc/frr/(?P<daemon>{'|'.join(KNOWN)})(-\w+)?\.conf$")
_PROGRESS = re.compile(
    r"(\[\d+\|\w+\] (sending configuration|done|Configuration file\[.*)"
    r"|Waiting for children to finish applying config\.\.\.|MGMTD: No changes found to be committed!)\s*"
)
"""What FRR 10's vtysh says while it tells each daemon the file in a process of its own."""
_ROUTER_ID = re.compile(r"(?m)^ +((bgp|ospf|ospf6) )?router-id ")
_FAILURE = re.compile(r"Failure to communicate\[\d+\] to \w+, line: (?P<command>.+)$")


class Frr:
    """FRR on a node that has a file of its."""

    name, order = "frr", 60

    def claims(self, path: str) -> bool:
        """frr.conf, daemons, vtysh.conf, and the files of single daemons."""
        return path in (CONF, DAEMONS_FILE) or bool(_PER_DAEMON.match(path))

    def needs(self, path: str) -> tuple[Program, ...]:
        """zebra, which always runs, and vtysh."""
        return (ZEBRA, VTYSH)

    def may_begin(self, files: Mapping[str, bytes]) -> bool:
        """Where each routing process has its router id from frr.conf: without, it chooses among the addresses that it
        finds, and OSPF keeps its choice.
        """
        text = files.get(CONF, b"").decode(errors="replace")
        blocks = re.split(r"(?m)^(?=\S)", text)
        return CONF in files and all(_ROUTER_ID.search(each) for each in blocks if each.startswith("router "))

    def check(self, work: Work) -> None:
        """`vtysh -C` on each changed configuration file."""
        if _is_ours(work):
            wanted_daemons(work, KNOWN)
        for conf in _configurations(work):
            if conf in work.changed:
                _check(work, conf)

    def apply(self, work: Work) -> None:
        """Bring daemons and configuration to what the files say."""
        wanted = _wanted(work)
        if wanted and _image_starts_it(work):
            _follow(work, wanted)
            return
        running = _running(work)
        kept = {} if _lost_a_file(work) else {argv: running[argv] for argv in map(_argv, wanted) if argv in running}
        _stop(work, [each for argv, each in running.items() if argv not in kept])
        fresh = [daemon for daemon in wanted if _argv(daemon) not in kept]
        if CONF in work.files and fresh and not kept:
            _boot(work, fresh)
            return
        with _closing(_start(work, fresh)):
            if CONF not in work.files:
                _apply_single_files(work, fresh)
            elif fresh or CONF in work.changed:
                _frr_reload(work, CONF, [])


def _configurations(work: Work) -> list[str]:
    """The files FRR would read: frr.conf alone, or those of single daemons."""
    return [CONF] if CONF in work.files else sorted(filter(_PER_DAEMON.match, work.files))


def _argv(daemon: Daemon) -> tuple[str, ...]:
    return tuple(daemon.argv)


def _lost_a_file(work: Work) -> bool:
    """A configuration file that is gone can not be reloaded: the daemons start over without it."""
    return any(
        path in work.before and path not in work.files for path in (CONF, *filter(_PER_DAEMON.match, work.before))
    )


def _is_ours(work: Work) -> bool:
    """Whether the node has any of FRR's files."""
    return any(map(APPLIERS[0].claims, work.files))


def _wanted(work: Work) -> list[Daemon]:
    if not _is_ours(work):
        return []
    known = work.scripts.installed() if work.scripts else ()
    return wanted_daemons(work, known or _installed(work))


def _installed(work: Work) -> list[str]:
    found = work.node.run(["ls", BINARIES], check=False)
    if found.status:
        raise work.rejected(DAEMONS_FILE, f"FRR is not installed: {found.words}")
    return found.text.split()


def _image_starts_it(work: Work) -> bool:
    """Whether FRR is the image's own business here; never where nodes share this machine's programs."""
    of_this_machine = work.scripts is not None and work.scripts.installed()
    return not of_this_machine and supervised.is_supervised(work.node)


def _follow(work: Work, daemons: list[Daemon]) -> None:
    """Leave the image's daemons, which found the same files at their start; afterwards tell them what changed."""
    supervised.refuse_new_daemons(work)
    supervised.wait_until_started(work, daemons)
    for conf in _configurations(work):
        if work.boot:
            _check(work, conf)
        elif conf in work.changed:
            _frr_reload(work, conf, [])


def _running(work: Work) -> dict[tuple[str, ...], Process]:
    if work.boot:
        return {}
    return {each.argv: each for each in _daemons_of(work.node)}


def _daemons_of(node: RunningNode) -> list[Process]:
    return [each for each in node.processes() if each.argv[0].startswith(f"{BINARIES}/")]


def _stop(work: Work, stale: list[Process]) -> None:
    for each in reversed(stale):
        work.node.signal(each.pid, signal.SIGTERM)
    for each in stale:
        ended(work.node, each.pid)


def _boot(work: Work, daemons: list[Daemon]) -> None:
    """Start daemons and give them the whole file: by its script where there is one, else by `vtysh -b`.

    staticd runs without having been asked for; told nothing of its own, it starts when all nodes have booted.
    """
    unasked = [daemon for daemon in daemons if daemon.name == "staticd"]
    with work.scripts.turn() if work.scripts else nullcontext():
        vtys = _start(work, [daemon for daemon in daemons if daemon not in unasked])
    script = work.scripts.script(work.files, [daemon.label for daemon in daemons]) if work.scripts else None
    if script and work.later is not None and _tells_no_more(script, "staticd"):
        work.later.append(lambda: _tell(work, _start(work, unasked), script))
    else:
        vtys |= _start(work, unasked)
    _tell(work, vtys, script)


def _tells_no_more(script: Script, daemon: str) -> bool:
    """Whether a daemon is told nothing but what zebra is told as well."""
    return frozenset(script.get("zebra", ())).issuperset(script.get(daemon, ()))


def _tell(work: Work, vtys: Mapping[str, socket], script: Script | None) -> None:
    """Tell daemons their lines, or have vtysh do it.

    Should one not accept a line, all start over, so that vtysh finds what it always finds, and says what is wrong.
    """
    with _closing(vtys):
        said = _told(vtys, {daemon: words for daemon, words in script.items() if daemon in vtys}) if script else None
        if said is not None:
            _note(work, CONF, said)
            return
        if not script:
            _load(work)
            return
    _stop(work, _daemons_of(work.node))
    with _closing(_start(work, _wanted(work))):
        _load(work)


def _told(vtys: Mapping[str, socket], script: Script) -> str | None:
    """What the daemons print while they are told their lines; None should one not accept a line, or end."""
    try:
        return tell(vtys, script)
    except OSError:
        return None


@contextmanager
def _closing(connections: Mapping[str, socket]) -> Iterator[None]:
    """Close connections to daemons, but not before they have their configuration."""
    try:
        yield
    finally:
        for each in connections.values():
            each.close()


def _start(work: Work, daemons: list[Daemon]) -> dict[str, socket]:
    """zebra before the rest: a daemon that finds no zebra tries again only seconds later. Connections to their vtys.

    zebra takes clients before it opens its vty. To see whether it does, nobody connects as a client: one that leaves
    while FRR 10.3's zebra begins takes connected routes along that are queued.
    """
    first = [daemon for daemon in daemons if daemon.name == "zebra"]
    rest = [daemon for daemon in daemons if daemon.name != "zebra"]
    vtys: dict[str, socket] = {}
    for some in (first, rest):
        started = [(daemon, start(work, daemon.argv, _log(daemon))) for daemon in some]
        vtys |= {daemon.label: wait_for(work, process, daemon.vty, DAEMONS_FILE) for daemon, process in started}
    return vtys


def _log(daemon: Daemon) -> str:
    return f"/var/log/frr/{daemon.label}.out"


def _load(work: Work) -> None:
    """`vtysh -b`: the whole file to all daemons, at boot."""
    _judge(work, CONF, work.node.run(["vtysh", "-b"], check=False, timeout_s=120.0))


def _check(work: Work, conf: str) -> None:
    _judge(work, conf, work.node.run(["vtysh", "-C", "-f", conf], check=False))


def _judge(work: Work, conf: str, done: Completed) -> None:
    """vtysh names line and complaint; what a daemon says it prints. About its missing vtysh.conf it may grumble."""
    said = _said(done.stderr)
    if found := _COMPLAINT.search(said):
        raise work.rejected(conf, _complaint(found["words"], done), int(found["line"]))
    rest = "\n".join(line for line in said.splitlines() if "vtysh.conf" not in line)
    if done.status:
        raise work.rejected(conf, rest or done.words)
    _note(work, conf, rest + "\n" + _said(done.stdout))


def _note(work: Work, conf: str, said: str) -> None:
    for line in said.splitlines():
        if line.strip():
            work.note(f"{conf}: {line.strip()}")


def _complaint(words: str, done: Completed) -> str:
    """`% Unknown command: ...` as it is; for `Failure to communicate` with a daemon, the daemon's own reason."""
    if found := _FAILURE.match(words):
        reasons = [line.strip() for line in _said(done.stdout).splitlines() if line.strip()]
        return f"{reasons[0] if reasons else words}: {found['command'].strip()}"
    return re.sub(r"\[\d+\]: +", ": ", words)


def _said(output: bytes) -> str:
    """What a command said, without FRR 10's reports of how far it is."""
    lines = output.decode(errors="replace").splitlines(keepends=True)
    return "".join(line for line in lines if not _PROGRESS.fullmatch(line))


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
    argv = ["/usr/bin/python3", RELOAD, "--reload", "--stdout", *options, path]
    done = work.node.run(argv, check=False, timeout_s=120.0)
    if done.status:
        raise _reload_rejection(work, path, done)


def _reload_rejection(work: Work, path: str, done: Completed) -> Exception:
    """frr-reload.py numbers the lines of a file of its own: find the command in ours."""
    found = _COMPLAINT.search(_said(done.stderr))
    if not found:
        lines = [line for line in (done.text + _said(done.stderr)).splitlines() if line.strip()]
        return work.rejected(path, "\n".join(lines[-2:]))
    words = _complaint(found["words"], done)
    command = words.rpartition(": ")[2].split()
    lines = work.text(path).splitlines()
    number = next((at for at, line in enumerate(lines, 1) if line.split() == command), 0)
    return work.rejected(path, words, number)


APPLIERS = (Frr(),)
