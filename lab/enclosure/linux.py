"""The Linux system calls that Python 3.11 does not offer: namespaces, mounts, capabilities. Standard library only.

Each function raises OSError with the call's name and argument, as os functions do. See namespaces(7), mount(2),
mount_setattr(2), prctl(2), capabilities(7).
"""

import ctypes
import os

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18

_PR_SET_NAME, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _MNT_DETACH = 15, 24, 36, 2
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY, _SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442

# What nothing in a lab needs, and what would reach the machine: modules, raw input/output, reboot, clock, system log.
_DROPPED_CAPABILITIES = (16, 17, 20, 22, 25, 32, 33, 34, 35)

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Move this process (NEWPID: its next children) into new namespaces."""
    _checked(_libc.unshare(flags), f"unshare {flags:#x}")


def setns(descriptor: int, kind: int = 0) -> None:
    """Enter the namespace that a descriptor of /proc/PID/ns/* stands for."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    arguments = (source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None)
    _checked(_libc.mount(*arguments), f"mount {kind or source} on {target}")


def bind(source: str, target: str, *, readonly: bool = False) -> None:
    """Let `target` show what `source` shows."""
    mount(source, target, flags=MS_BIND)
    if readonly:
        make_readonly(target)


def make_readonly(target: str) -> None:
    """Make a mount and all below it read-only for this mount namespace (Linux 5.12)."""
    _set_attributes(target, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY, 0)


def allow_writing(target: str) -> None:
    """Take back `make_readonly` for one mount. Its other flags stay: an ordinary user may not lift `nosuid`."""
    _set_attributes(target, 0, 0, _MOUNT_ATTR_RDONLY)


def _set_attributes(target: str, flags: int, gained: int, lost: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(gained, lost, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    result = _libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, attributes, size)
    _checked(result, f"mount_setattr {target}")


def pivot_root(root: str) -> None:
    """Make a mount point the root of this mount namespace, and let go of the old one (pivot_root(2), Notes)."""
    os.chdir(root)
    _checked(_libc.syscall(_SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), f"pivot_root {root}")
    _checked(_libc.umount2(b".", _MNT_DETACH), f"umount the root before {root}")
    os.chdir("/")


def sethostname(name: str) -> None:
    """Name this uts namespace."""
    raw = name.encode()
    _checked(_libc.sethostname(raw, len(raw)), "sethostname")


def set_process_name(name: str) -> None:
    """What ps shows as this process's comm (15 bytes)."""
    _checked(_libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0), "prctl PR_SET_NAME")


def drop_capabilities() -> None:
    """Give up, for this process and all it starts, the capabilities that reach beyond a lab."""
    for number in _DROPPED_CAPABILITIES:
        _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # a capability that this kernel does not know is no loss


def limit_capabilities(bounding: int) -> None:
    """Have nothing that this process starts get a capability outside of a set (bits, as CapBnd in /proc/PID/status)."""
    for number in range(64):
        if not bounding >> number & 1:
            _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)


def adopt_orphans() -> None:
    """Be the parent, in the place of this pid namespace's first process, of what those started here leave behind."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER")


def close_all_but(*kept: int) -> None:
    """Close every descriptor of this process but these, of which the lowest is 0."""
    keep = sorted(kept)
    for low, high in zip(keep, [*keep[1:], 1 << 16], strict=True):
        os.closerange(low + 1, high)


def inotify_init() -> int:
    """An inotify(7) descriptor, non-blocking."""
    return _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify_init1")


def inotify_watch(descriptor: int, path: str) -> int:
    """Watch a folder for entries that appear or change their attributes."""
    appeared = 0x00000100 | 0x00000080 | 0x00000004  # IN_CREATE | IN_MOVED_TO | IN_ATTRIB
    return _checked(_libc.inotify_add_watch(descriptor, path.encode(), appeared), f"inotify_add_watch {path}")
