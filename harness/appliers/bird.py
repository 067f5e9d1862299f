"""BIRD: /etc/bird/bird.conf or /etc/bird.conf, and bird6.conf beside it as a second instance, as BIRD 1 had it.

`bird -p` reads the file first; a running one takes a changed file by `birdc configure`, which keeps its sessions.
"""

import re
import signal

from harness.appliers import Work
from harness.appliers.daemons import ended, start, wait_for
from lab.programs import BIRD, Program

_INSTANCES = (
    ("bird", ("/etc/bird/bird.conf", "/etc/bird.conf")),
    ("bird6", ("/etc/bird/bird6.conf", "/etc/bird6.conf")),
)
_ERROR = re.compile(r"(?P<path>/[^:\s]+):(?P<line>\d+)(?::\d+)? (?P<words>.+)")


class Bird:
    """BIRD's daemons, one per configuration file found."""

    name, order = "bird", 61

    def claims(self, path: str) -> bool:
        """Everything under /etc/bird, which may be included, and the older places."""
        return path.startswith("/etc/bird/") or path in ("/etc/bird.conf", "/etc/bird6.conf")

    def needs(self, path: str) -> tuple[Program, ...]:
        """BIRD, for the file of an instance."""
        return (BIRD,) if any(path in places for _, places in _INSTANCES) else ()

    def check(self, work: Work) -> None:
        """`bird -p` on each file."""
        for _, conf in _wanted(work):
            _parse(work, conf)

    def apply(self, work: Work) -> None:
        """Start, reconfigure or stop each instance."""
        wanted = dict(_wanted(work))
        running = {_instance(each.argv): each.pid for each in work.node.processes() if each.name == "bird"}
        for name, conf in wanted.items():
            if name in running:
                _configure(work, name, conf)
            else:
                _start(work, name, conf)
        for name in running.keys() - wanted.keys():
            work.node.signal(running[name], signal.SIGTERM)
            ended(work.node, running[name])


def _wanted(work: Work) -> list[tuple[str, str]]:
    """Instances and the file of each (the first place that has one)."""
    found = [(name, path) for name, places in _INSTANCES for path in places if path in work.files]
    return list({name: (name, path) for name, path in reversed(found)}.values())


def _socket(name: str) -> str:
    return f"/run/bird/{name}.ctl"


def _instance(argv: tuple[str, ...]) -> str:
    return "bird6" if _socket("bird6") in argv else "bird"


def _parse(work: Work, conf: str) -> None:
    done = work.node.run(["bird", "-p", "-c", conf], check=False)
    if done.status:
        raise _rejection(work, conf, done.words)


def _start(work: Work, name: str, conf: str) -> None:
    """In the foreground; it answers on its control socket once the file is read."""
    _parse(work, conf)
    argv = ["bird", "-f", "-c", conf, "-s", _socket(name)]
    wait_for(work, start(work, argv, f"/run/bird/{name}.out"), _socket(name), conf).close()


def _configure(work: Work, name: str, conf: str) -> None:
    done = work.node.run(["birdc", "-s", _socket(name), "configure", f'"{conf}"'], check=False)
    if done.status or "Reconfig" not in done.text:
        raise _rejection(work, conf, done.words.removeprefix("BIRD"))


def _rejection(work: Work, conf: str, words: str) -> Exception:
    found = _ERROR.search(words)
    if found:
        line = int(found["line"])
        if "unexpected END" in found["words"] and found["path"] in work.files:
            line = len(work.text(found["path"]).splitlines())  # at the end of a file BIRD counts from 1 again
        return work.rejected(found["path"], found["words"], line)
    return work.rejected(conf, words)


APPLIERS = (Bird(),)
