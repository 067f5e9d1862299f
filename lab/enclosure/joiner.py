"""The joiner: begins the agents of nodes that a container engine carries. Each enters a container that runs already.

It runs beside the keeper (which, in a pid namespace of its own, cannot see the containers) for as long as that takes.
An agent is forked here, enters the container's cgroups and namespaces by way of its first process, and is forked twice
again, so that it is inside the pid namespace, a child of that first process, and ends with the container. Python has
loaded by then all that it needs: an image may have none.

An agent's own rights are those of whoever started the lab; what it starts gets no more than the container's bounding
set. Of /proc/sys and /sys, which engines mount read-only, the part that is the container's own becomes writable.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import sys

from lab.enclosure import agent, filesystem, linux, messages, sysctls

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every agent's memory
if TYPE_CHECKING:
    from typing import Any

_JOINED = ("cgroup", "ipc", "uts", "net", "pid", "mnt")  # the mount namespace last: it shows another /proc


def main() -> None:
    """The program's beginning; its argument is the lab's folder. Input: each node's plan by name; output: its words."""
    os.chdir(sys.argv[1])
    plans: dict[str, dict[str, Any]] = marshal.load(sys.stdin.buffer)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # agents hear of it
    gc.collect()
    gc.freeze()
    begun = {name: _begin(name, plan) for name, plan in plans.items()}
    sys.stdout.buffer.write(marshal.dumps({name: messages.heard(ready).decode() for name, ready in begun.items()}))


def _begin(name: str, plan: dict[str, Any]) -> int:
    """Fork an agent; what tells when it is ready."""
    ready, told = os.pipe2(os.O_CLOEXEC)
    if not os.fork():
        _become(name, told, plan)
    os.close(told)
    return ready


def _become(name: str, told: int, plan: dict[str, Any]) -> None:
    """In a child: become the agent of the container whose first process is `plan["pid"]`. Never returns.

    `told` is a pipe: "ready" at its end, or why not; nothing, should this process end before it knows.
    """
    try:
        gc.disable()
        os.setsid()
        _let_go_of_streams()
        linux.close_all_but(0, 1, 2, told)
        linux.set_process_name(name)
        listening = messages.listen(f"n/{name}")
        bounding = _bounding_set(plan["pid"])
        _enter(plan["pid"])
        _be_born_inside()
        linux.adopt_orphans()
        _own_the_network()
        sysctls.write(plan["sysctls"], plan["wanted"])
        filesystem.make_up_for_init()
        filesystem.admit_root_to_frr("/etc/group")
        linux.limit_capabilities(bounding)
        os.environ["PATH"] = plan["env"]["PATH"]  # where programs are looked for
        agent.serve(plan, listening, told)
    except OSError as error:
        os.write(told, str(error).encode())
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _be_born_inside() -> None:
    """Go on as an orphan of the container's, whose first process takes it in.

    A child of a process out here would be this machine's init's to bury, and until it does the container does not end.
    """
    if first := os.fork():
        os.waitpid(first, 0)
        os._exit(0)
    if os.fork():
        os._exit(0)


def _own_the_network() -> None:
    """Let the container write what of /proc and /sys is its network namespace's own, which engines mount read-only."""
    quiet = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("sysfs", "/sys", flags=linux.MS_REMOUNT | quiet)  # the file system itself, which is this namespace's
    for folder in ("/proc/sys/net", "/sys/devices/virtual/net"):
        linux.bind(folder, folder)
        linux.allow_writing(folder)
    linux.mount("sysfs", "/sys", flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | quiet)


def _let_go_of_streams() -> None:
    """Nobody must find us at the end of the joiner's pipes."""
    null = os.open("/dev/null", os.O_RDONLY)
    log = os.open("agents.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, stream in enumerate((null, log, log)):
        os.dup2(stream, number)


def _enter(pid: int) -> None:
    """Enter the cgroups and namespaces of a process."""
    namespaces = [os.open(f"/proc/{pid}/ns/{part}", os.O_RDONLY | os.O_CLOEXEC) for part in _JOINED]
    for folder in _cgroups(pid):
        with open(f"{folder}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
    for namespace in namespaces:
        linux.setns(namespace)
        os.close(namespace)
    os.chdir("/")


def _cgroups(pid: int) -> list[str]:
    """The folders of a process's cgroups (cgroups(7)): one for each hierarchy that is mounted here, version 1 and 2."""
    mounted = [words for line in _lines("/proc/self/mountinfo") if "cgroup" in line for words in (line.split(),)]
    hierarchies = [
        (set(words[-1].split(",")) if words[-3] == "cgroup" else {""}, words[4])
        for words in mounted
        if words[-3] in ("cgroup", "cgroup2")
    ]
    folders = []
    for line in _lines(f"/proc/{pid}/cgroup"):
        _, controllers, path = line.split(":", 2)
        wanted = set(controllers.split(","))
        folders += [f"{place}{path}" for options, place in hierarchies if wanted <= options][:1]
    return folders


def _bounding_set(pid: int) -> int:
    """The capabilities that a process and what it starts can have at most."""
    return next(int(line.split()[1], 16) for line in _lines(f"/proc/{pid}/status") if line.startswith("CapBnd:"))


def _lines(path: str) -> list[str]:
    with open(path) as file:
        return file.read().splitlines()
