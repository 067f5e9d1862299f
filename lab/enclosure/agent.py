"""The agent: a node's first process. It starts and reaps the node's processes and hands out descriptors.

One loop, no threads: it waits for requests on its Unix sockets, for children that end, and for sockets that programs of
the node are about to open. The requests are the methods of `lab.node.RunningNode`; output of programs goes into memory
files that the asker brings, so the loop never carries data.
"""

from __future__ import annotations

import errno
import gc
import os
import resource
import signal
import sys
import time
from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM, socket
from collections.abc import Callable

from lab import responder
from lab.enclosure import filesystem, linux, messages, netlink, processes, sysctls
from lab.enclosure.loop import Loop

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every node's memory
if TYPE_CHECKING:
    from typing import Any

_RETRY_S = 0.005  # between a socket's bind and its listen there is no event to wait for
_RESTORED = (13, 25)  # SIGPIPE, SIGXFSZ: Python ignores them, and what is ignored stays so in programs
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr",
    "HOME": "/run/fabriclab/home",
    "LANG": "C.UTF-8",
    "TERM": "linux",
}


class _Waiting:
    """Somebody waits for a socket of the node's to accept."""

    __slots__ = ("asker", "bound", "deadline", "path", "unseen")

    def __init__(self, asker: socket, path: str, deadline: float) -> None:
        self.asker = asker
        self.path = path
        self.deadline = deadline
        self.bound = False  # the socket is there, but nobody listens yet
        self.unseen = False  # its folder could not be watched


class Agent:
    """The loop of a node's first process."""

    def __init__(self, name: str, listening: socket, environment: dict[str, str]) -> None:
        self.name = name
        self.environment = _ENVIRONMENT | {"HOSTNAME": name} | environment
        self.listening = listening
        self.loop = Loop()
        self.askers: dict[int, socket] = {}  # pid -> who waits for its end
        self.waiting: list[_Waiting] = []
        self.loop.register(listening.fileno(), self.accept)
        self.wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker)
        self.loop.register(self.wake, self.reap)
        self.appeared = -1  # inotify, open only while somebody waits: the kernel grants a user 128 of them

    def serve(self) -> None:
        """Answer until the enclosure ends."""
        while True:
            self.loop.turn(self.patience())
            self.try_waiting()

    def patience(self) -> float | None:
        """How long the loop may sleep, in seconds: until the next moment at which a wait must be looked at."""
        if not self.waiting:
            return None
        if any(each.bound or each.unseen for each in self.waiting):
            return _RETRY_S
        return max(0.0, min(each.deadline for each in self.waiting) - time.monotonic())

    def accept(self) -> None:
        """Somebody connected."""
        channel = messages.accept(self.listening)
        self.loop.register(channel.fileno(), lambda: self.answer(channel))

    def answer(self, channel: socket) -> None:
        """Carry out one request."""
        try:
            message, descriptors = messages.receive(channel)
        except messages.Gone:
            self.forget(channel)
            return
        request: Callable[..., None] = getattr(self, f"do_{message.pop('do')}")
        try:
            request(channel, descriptors, **message)
        except OSError as error:
            self.reply(channel, {"errno": error.errno or errno.EIO, "error": str(error)})
        except ValueError as error:  # words that no system call takes: a zero byte, an empty program's name
            self.reply(channel, {"errno": errno.EINVAL, "error": str(error)})
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def forget(self, channel: socket) -> None:
        """An asker went away: what it waited for ends with it."""
        self.loop.unregister(channel.fileno())
        channel.close()
        self.waiting = [each for each in self.waiting if each.asker is not channel]
        for pid in [pid for pid, asker in self.askers.items() if asker is channel]:
            del self.askers[pid]
            os.killpg(pid, signal.SIGKILL)

    @staticmethod
    def reply(channel: socket, message: dict[str, Any], *descriptors: int) -> None:
        """Answer; an asker that has gone meanwhile is no matter."""
        try:
            messages.send(channel, message, descriptors)
        except messages.Gone:
            return

    # --- programs

    def start(self, argv: list[str], env: dict[str, str], streams: list[int], terminal: bool = False) -> int:
        """Start a program with these three streams."""
        environment = self.environment | env
        if terminal:
            return self.start_on_terminal(argv, environment, streams[0])
        actions = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
        return os.posix_spawnp(
            argv[0], argv, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_RESTORED
        )

    @staticmethod
    def start_on_terminal(argv: list[str], environment: dict[str, str], terminal: int) -> int:
        """Start a program whose controlling terminal is `terminal`."""
        pid = os.fork()
        if pid:
            return pid
        try:
            os.login_tty(terminal)
            os.execvpe(argv[0], argv, environment)
        finally:
            os._exit(127)

    def do_run(
        self, channel: socket, streams: list[int], argv: list[str], env: dict[str, str], terminal: bool = False
    ) -> None:
        """Run a program; its pid at once, its status when it ends."""
        pid = self.start(argv, env, streams, terminal)
        self.askers[pid] = channel
        self.reply(channel, {"pid": pid})

    def do_spawn(
        self,
        channel: socket,
        descriptors: list[int],
        argv: list[str],
        env: dict[str, str],
        log: str,
        services: list[dict[str, Any]] | None,
    ) -> None:
        """Start a program that stays, or the responder for these services."""
        null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        os.makedirs(os.path.dirname(log), exist_ok=True)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            if services is not None:
                self.respond(channel, services, output)
            else:
                self.reply(channel, {"pid": self.start(argv, env, [null, output, output])})
        finally:
            os.close(null)
            os.close(output)

    def respond(self, channel: socket, services: list[dict[str, Any]], output: int) -> None:
        """Fork the responder and answer when all its sockets listen, or with what kept it from that."""
        ready, told = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if not pid:
            os.dup2(output, 1)
            os.dup2(output, 2)
            self.become_responder(services, told)
        os.close(told)

        def finished() -> None:
            self.loop.unregister(ready)
            words = os.read(ready, 4096).decode()
            os.close(ready)
            failed = {} if words == "ready" else {"errno": errno.EADDRNOTAVAIL, "error": words or "the responder ended"}
            self.reply(channel, {"pid": pid} | failed)

        self.loop.register(ready, finished)

    def become_responder(self, services: list[dict[str, Any]], told: int) -> None:
        """In the child: serve, and never return."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.loop.close()
            linux.close_all_but(0, 1, 2, told)
            linux.set_process_name("responder")
            responder.serve(services, lambda: _tell_ready(told))
        except OSError as error:
            os.write(told, str(error).encode())
        finally:
            os._exit(status)

    def reap(self) -> None:
        """Children ended: tell who waits for them."""
        os.read(self.wake, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            asker = self.askers.pop(pid, None)
            if asker is not None:
                self.reply(asker, {"status": os.waitstatus_to_exitcode(status)})

    def do_processes(self, channel: socket, descriptors: list[int]) -> None:
        """Every process but this one."""
        self.reply(channel, {"processes": processes.all_others()})

    def do_signal(self, channel: socket, descriptors: list[int], pid: int, number: int) -> None:
        """Send a signal."""
        try:
            if pid > 0 and pid != os.getpid():
                os.kill(pid, number)
        except ProcessLookupError:
            pass
        self.reply(channel, {})

    # --- files and sockets

    def do_read(self, channel: socket, descriptors: list[int], path: str) -> None:
        """Hand out a file."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.reply(channel, {}, descriptor)
        finally:
            os.close(descriptor)

    def do_write(self, channel: socket, descriptors: list[int], files: list[tuple[str, int | None]], mode: int) -> None:
        """Write files: (path, length or None to remove), their bytes one after another in the memory file."""
        offset = 0
        for path, length in files:
            if length is None:
                _remove(path)
            else:
                filesystem.write_file(path, messages.part(descriptors[0], offset, length), mode)
                offset += length
        self.reply(channel, {})

    def do_socket(self, channel: socket, descriptors: list[int], family: int, kind: int, protocol: int) -> None:
        """Hand out a socket of this network namespace."""
        made = socket(family, kind | SOCK_CLOEXEC, protocol)
        try:
            self.reply(channel, {}, made.fileno())
        finally:
            made.close()

    def do_connect(self, channel: socket, descriptors: list[int], path: str, timeout_s: float) -> None:
        """Hand out a connection as soon as somebody accepts at `path`."""
        wanted = _Waiting(channel, path, time.monotonic() + timeout_s)
        if self.connected(wanted):
            return
        wanted.unseen = not self.watch(os.path.dirname(path))
        self.waiting.append(wanted)

    def watch(self, folder: str) -> bool:
        """Have the loop wake when something appears in a folder; False where that can not be."""
        try:
            if self.appeared < 0:
                self.appeared = linux.inotify_init()
                self.loop.register(self.appeared, self.drain)
            linux.inotify_watch(self.appeared, folder)
        except OSError:
            return False
        return True

    def try_waiting(self) -> None:
        """Try every awaited socket once."""
        self.waiting = [each for each in self.waiting if not self.connected(each)]
        if not self.waiting and self.appeared >= 0:
            self.loop.unregister(self.appeared)
            os.close(self.appeared)
            self.appeared = -1

    def connected(self, wanted: _Waiting) -> bool:
        """Whether a wait is over, one way or the other."""
        made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
        try:
            made.connect(wanted.path)
        except OSError as error:
            wanted.bound = error.errno == errno.ECONNREFUSED
            if time.monotonic() < wanted.deadline:
                return False
            self.reply(wanted.asker, {"errno": error.errno, "error": f"{wanted.path}: {error.strerror}"})
        else:
            self.reply(wanted.asker, {}, made.fileno())
        finally:
            made.close()
        return True

    def drain(self) -> None:
        """Something appeared in a watched folder: empty the event queue; the loop tries the sockets next."""
        os.read(self.appeared, 1 << 16)


def _tell_ready(told: int) -> None:
    os.write(told, b"ready")
    os.close(told)


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        return


def become(name: str, told: int, plan: dict[str, Any]) -> None:
    """In a child of the keeper, first in its pid namespace: become the agent of node `name`. Never returns.

    `told` is a pipe: "ready" at its end, or why not; nothing, should this process end before it knows.
    """
    try:
        gc.disable()
        linux.close_all_but(0, 1, 2, told)
        linux.set_process_name(name)
        linux.unshare(linux.NEWNS | linux.NEWUTS | linux.NEWIPC | (0 if plan["shares_network"] else linux.NEWNET))
        listening = messages.listen(f"n/{name}")
        _have_furnished(told, plan)
        os.chdir("/")
        linux.drop_capabilities()
        serve(plan, listening, told)
    except OSError as error:
        os.write(told, str(error).encode())
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def serve(plan: dict[str, Any], listening: socket, told: int) -> None:
    """Be the agent of a node that has all that is its own, and say so."""
    resource.setrlimit(resource.RLIMIT_NOFILE, plan["open_files"])
    agent = Agent(plan["hostname"], listening, plan["env"])
    _tell_ready(told)
    agent.serve()


def _have_furnished(told: int, plan: dict[str, Any]) -> None:
    """Have a child make of these namespaces the node's: what it writes to in memory for that, this process never does.

    pivot_root(2) moves every process of a mount namespace. Should the child fail, it has told why.
    """
    pid = os.fork()
    if not pid:
        try:
            _furnish(plan)
            os._exit(0)
        except OSError as error:
            os.write(told, str(error).encode())
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        os._exit(1)


def _furnish(plan: dict[str, Any]) -> None:
    linux.sethostname(plan["hostname"])
    rtnl = netlink.Rtnl()
    rtnl.do(netlink.change("lo", up=True))
    if plan["bridge"]:
        rtnl.do(netlink.bridge(plan["bridge"]))
    filesystem.prepare(plan["scratch"], plan["etc"], plan["tools"])
    sysctls.write(plan["sysctls"], plan["wanted"])
