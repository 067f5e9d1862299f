"""Preflight: what this machine lacks for a lab, in one list, and what to do about each.

Nothing is believed of configuration files: namespaces are entered and devices made, in a child process whose
namespaces end with it.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

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
_DEVICES = {"bridge": "", "vlan-aware bridge": "", "dummy": "", "ifb": "", "vrf": "", "bond": "", "vlan": _CABLED}


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


def _in_a_namespace() -> tuple[Finding, ...]:
    """What a trial in namespaces of our own shows, made in a child."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            found = [asdict(each) for each in _trial()]
            os.write(write, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        told = file.read()
    os.waitpid(pid, 0)
    return tuple(Finding(**each) for each in json.loads(told))


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
    rtnl = netlink.Rtnl()
    makers: dict[str, Callable[[], bytes]] = {
        "bridge": lambda: netlink.bridge("trial0"),
        "vlan-aware bridge": lambda: netlink.bridge("trial0", vlan_aware=True),
        "vlan": lambda: netlink.vlan("trial0", rtnl.index("lo"), 2),
        "vrf": lambda: netlink.vrf("trial0", 10),
    }
    for kind, advice in _DEVICES.items():
        make = makers.get(kind, lambda kind=kind: netlink.device("trial0", kind))
        try:
            rtnl.do(make())
        except OSError:
            do = (
                f"{_TAKEN_OVER[kind]} takes its place"
                if kind in _TAKEN_OVER
                else advice or "files that ask for one are refused"
            )
            yield Finding(f"this kernel has no {kind} device", do, fatal=kind == "bridge")
        else:
            rtnl.do(netlink.delete("trial0"))
