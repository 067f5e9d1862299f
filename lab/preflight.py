"""Preflight: what this machine lacks for a lab, in one list, and what to do about each.

Nothing is believed of configuration files: namespaces are entered and devices made, in a child process whose
namespaces end with it.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab import programs
from lab.enclosure import linux, netlink

_NEIGHBOURS_WANTED = 4096
_NEEDED = (programs.IP, programs.ZEBRA, programs.VTYSH)
_WANTED = (
    programs.BIRD,
    programs.IPTABLES,
    programs.NFT,
    programs.DNSMASQ,
    programs.DHCLIENT,
    programs.SYSCTL,
    programs.SSHD,
    programs.SSH,
)
_FOLDERS = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/lib/frr"
_TAKEN_OVER = {"dummy": "an ifb device under that name"}
_CABLED = "cable it as a link of its own in the topology file"
_REFUSED = "files that ask for one are refused"
_HUNG = "links of that type are refused"
_DEVICES = {
    **dict.fromkeys(("bridge", "vlan-aware bridge", "dummy", "ifb", "vrf", "bond"), _REFUSED),
    "vlan": _CABLED,
    "macvlan": _HUNG,
    "vxlan": _HUNG,
}
_DOCUMENTED = bytes((192, 0, 2, 1))  # RFC 5737


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the machine lacks. `fatal`: no lab can run; otherwise what is told in `do` holds."""

    what: str
    do: str
    fatal: bool = False


def preflight() -> tuple[Finding, ...]:
    """Everything that this machine lacks; empty when it lacks nothing."""
    return (*_programs(), *_groups(), *_limits(), *_in_a_namespace())


def _programs() -> Iterator[Finding]:
    for program in (*_NEEDED, *_WANTED):
        if shutil.which(program.name, path=_FOLDERS) is None:
            advice = f"apt install {program.package}, or `make setup`"
            yield Finding(f"no program {program.name}", advice, program in _NEEDED)
    unpacked = Path(__file__).resolve().parents[1] / ".tools/usr/share/ifupdown2"
    if not unpacked.is_dir() and not Path("/usr/share/ifupdown2").is_dir():
        yield Finding(
            "no ifupdown2", "`make setup` unpacks it beside the project, without replacing the host's ifupdown"
        )


def _groups() -> Iterator[Finding]:
    groups = Path("/etc/group").read_text()
    if not any(line.startswith("frrvty:") for line in groups.splitlines()):
        yield Finding("no group frrvty, which FRR asks for", "apt install frr, or `make setup`", True)


def _limits() -> Iterator[Finding]:
    table = int(Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3").read_text())
    if table < _NEIGHBOURS_WANTED:
        yield Finding(
            f"the neighbour table holds {table} entries for all namespaces together (gc_thresh3)",
            f"for labs of more than 30 nodes: sysctl -w net.ipv4.neigh.default.gc_thresh3={_NEIGHBOURS_WANTED}",
        )
    namespaces = Path("/proc/sys/user/max_net_namespaces")
    if namespaces.exists() and int(namespaces.read_text()) < 100:
        yield Finding(f"only {namespaces.read_text().strip()} network namespaces", f"raise {namespaces}", True)


def lacking_devices(kinds: Iterable[str]) -> frozenset[str]:
    """Which of these kinds of device this kernel does not make, by trial; none where there can be no trial."""
    wanted = tuple(kinds)
    return frozenset(_in_a_child(lambda: [] if _enter() else list(_refused(wanted))))


def _in_a_namespace() -> tuple[Finding, ...]:
    """What a trial in namespaces of our own shows."""
    return tuple(Finding(**each) for each in _in_a_child(lambda: [asdict(each) for each in _trial()]))


def _in_a_child(look: Callable[[], list[Any]]) -> list[Any]:
    """What a look gives (as JSON) in a child process, which may go into namespaces and ends with them."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(write, json.dumps(look()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        told = file.read()
    os.waitpid(pid, 0)
    return list(json.loads(told))


def _trial() -> Iterator[Finding]:
    entered = _enter()
    if entered is not None:
        yield entered
        return
    yield from _devices()
    for path, what, do in (
        (
            "net/ipv4/fib_multipath_hash_seed",
            "no ECMP hash seed per namespace (Linux 6.11)",
            "ECMP tiers are polarised",
        ),
        ("net/ipv4/fib_multipath_hash_policy", "no ECMP hash policy", "ECMP hashes addresses only"),
    ):
        if not Path("/proc/sys", path).exists():
            yield Finding(what, do)
    if not Path("/dev/mapper/control").exists():
        yield Finding("no device mapper", "storage backend local-lvm is reported as not available")


def _enter() -> Finding | None:
    try:
        if os.geteuid() != 0:
            linux.unshare(linux.NEWUSER)
        linux.unshare(linux.NEWNET | linux.NEWNS)
    except OSError as error:
        advice = (
            "run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)"
        )
        return Finding(f"cannot create network namespaces: {error.strerror}", advice, True)
    return None


def _devices() -> Iterator[Finding]:
    for kind in _refused(_DEVICES):
        do = f"{_TAKEN_OVER[kind]} takes its place" if kind in _TAKEN_OVER else _DEVICES[kind]
        yield Finding(f"this kernel has no {kind} device", do, fatal=kind == "bridge")


def _refused(kinds: Iterable[str]) -> Iterator[str]:
    """Which of these kinds of device cannot be made in the namespace that this process is in."""
    rtnl = netlink.Rtnl()
    with suppress(OSError):  # where there are no bridges, nothing stands on one either
        rtnl.do(netlink.bridge("parent0"))
    for kind in kinds:
        try:
            rtnl.do(_request(rtnl, kind))
        except OSError:
            yield kind
        else:
            rtnl.do(netlink.delete("trial0"))


def _request(rtnl: netlink.Rtnl, kind: str) -> bytes:
    """The request for a device of a kind. Not on lo, which nothing stands on in any kernel."""
    match kind:
        case "bridge" | "vlan-aware bridge":
            return netlink.bridge("trial0", vlan_aware=kind != "bridge")
        case "vlan":
            return netlink.vlan("trial0", rtnl.index("parent0"), 2)
        case "vrf":
            return netlink.vrf("trial0", 10)
        case "macvlan" | "vxlan":
            near = ("trial0", 0, None, os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
            if kind == "macvlan":
                return netlink.macvlan(near, rtnl.index("parent0"), "bridge", 0)
            return netlink.vxlan(near, 1, _DOCUMENTED, 4789, None, None, 0)
        case _:
            return netlink.device("trial0", kind)
