"""Enclosing: how a lab's first process begins. What it does then is `lab.enclosure.keeper`.

It gets new user (without root), pid, mount, network, uts and ipc namespaces, and the host's file system read-only.
"""

import errno
import gc
import os
import signal
import sys

from lab.enclosure import filesystem, linux
from lab.enclosure.keeper import Keeper

_ENCLOSED = linux.NEWNET | linux.NEWNS | linux.NEWUTS | linux.NEWIPC | linux.NEWPID


def enclose(folder: str, tools: str | None, ready: int, lock: int) -> None:
    """Start the keeper of the lab in `folder` and leave. `ready` is told "ready", or why not.

    The keeper does nothing before its pid is on disk: killed at any moment, a lab can be found and ended. `lock` is a
    descriptor of the folder that holds the lab's lock; it stays held here until then, whoever else is killed.
    """
    linux.set_process_name("fabriclab")
    os.fchdir(lock)
    for part in ("n", "base", "scratch"):
        os.makedirs(part, exist_ok=True)
    os.setsid()
    try:
        if os.geteuid() != 0:
            _become_root_in_a_user_namespace()
        linux.unshare(_ENCLOSED)
    except OSError as error:
        os.write(ready, str(error).encode())
        os._exit(1)
    go, going = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid:
        os.close(go)
        _write_pid(pid)
        os.write(going, b"go")
        os._exit(0)
    os.close(going)
    os.close(lock)
    if os.read(go, 2) == b"go":
        _keep(folder, tools, ready)


def _become_root_in_a_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _write_pid(pid: int) -> None:
    """Put the keeper's pid on disk, in the folder we stand in (should it be gone, this fails, and with it all)."""
    with open(f"/proc/{pid}/stat") as file:
        started = file.read().rsplit(")", 1)[1].split()[19]
    with open("keeper.pid.new", "w") as file:
        file.write(f"{pid} {started}\n")
    os.replace("keeper.pid.new", "keeper.pid")


def _keep(folder: str, tools: str | None, ready: int) -> None:
    try:
        linux.set_process_name("fabriclab")
        _keep_mounts_private()
        linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
        linux.mount("tmpfs", f"{folder}/base", "tmpfs", linux.MS_NOSUID, "mode=755")
        filesystem.copy_etc(f"{folder}/base/etc", tools)
        linux.make_readonly("/")
        linux.mount(folder, folder, flags=linux.MS_BIND | linux.MS_REC)
        linux.allow_writing(folder)
        os.chdir(folder)
        _log_to("keeper.log")
        signal.signal(signal.SIGCHLD, lambda *_: None)  # agents hear of it
        keeper = Keeper(folder, tools)
        filesystem.host_entries()
        gc.collect()
        gc.freeze()
        os.write(ready, b"ready")
        os.close(ready)
    except OSError as error:
        os.write(ready, str(error).encode())
        os._exit(1)
    keeper.serve()


def _keep_mounts_private() -> None:
    """Let no mount of ours reach the host. In a chroot whose folder is no mount point the kernel can not (EINVAL)."""
    try:
        linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        advice = "outside of it, `mount --bind FOLDER FOLDER` before `chroot FOLDER`"
        raise OSError(f"this command's root folder is no mount point, as in a plain chroot; {advice}") from None


def _log_to(path: str) -> None:
    """Let go of the streams of the command that started us: it must not find us at the end of its pipes."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)


def main() -> None:
    """The program's beginning: folder, tools (or nothing), descriptor to tell, descriptor of the lab's lock."""
    folder, tools, ready, lock = sys.argv[1:]
    enclose(folder, tools or None, int(ready), int(lock))
