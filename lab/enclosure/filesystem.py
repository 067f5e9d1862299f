"""What a node sees of the file system: the host's programs, read-only, and an /etc, /run, /var and /tmp of its own.

The keeper copies the host's /etc once (`copy_etc`), without what belongs to a host's own network, secrets and services.
Each agent then makes a tmpfs its root, with the host's other folders shown in it and a writable layer over that copy as
/etc, so one tmpfs holds everything the node writes. A file elsewhere
(`/opt/app.conf`) makes its folder writable for the node alone when it is written (`make_writable`).

Without overlayfs a node gets a copy of /etc instead; the rest is the same.

Nothing is imported here that agents can do without: what the keeper holds, they hold too.
"""

import os
from functools import cache

from lab.enclosure import linux

# What of the host's /etc stays out: another machine's network, its secrets, the services that a node configures itself.
_NOT_OURS = frozenset(
    """
    frr quagga bird bird6 bird.conf bird6.conf network netplan NetworkManager iptables nftables.conf sysctl.conf
    sysctl.d sysconfig cumulus calico hosts hostname resolv.conf machine-id mtab fstab shadow shadow- gshadow gshadow-
    ssh sudoers sudoers.d cron.d cron.daily cron.hourly cron.weekly cron.monthly crontab systemd wireguard openvpn ppp
    letsencrypt docker kubernetes containerd dhcpcd.conf apt kernel modprobe.d initramfs-tools grub.d
    """.split()
)
_NOT_FOLLOWED = frozenset(("ssl/private",))
_BY_INIT = """
    run/lock run/frr run/network run/bird run/sendsigs.omit.d run/fabriclab/home var/log var/tmp/frr
    """.split()
_FRRS = ("/run/frr", "/var/tmp/frr", "/var/log/frr")
_WANTED = (
    """
    etc proc sys tmp run/shm run/fabriclab/etc/upper run/fabriclab/etc/work run/fabriclab/over run/fabriclab/tools
    var/cache var/spool var/lib/misc var/lib/dhcp var/lib/ifupdown2/hooks var/opt
    """.split()
    + _BY_INIT
)
_FOLDERS = sorted({folder[:end] for folder in _WANTED for end, after in enumerate(f"{folder}/") if after == "/"})


def copy_etc(target: str, tools: str | None) -> None:
    """Copy what a node needs of the host's /etc, and the default configuration of privately unpacked tools."""
    os.makedirs(target, exist_ok=True)
    for name in os.listdir("/etc"):
        if name not in _NOT_OURS:
            _copy(f"/etc/{name}", f"{target}/{name}")
    for above in ("", *([tools] if tools else [])):
        if os.path.isdir(f"{above}/etc/network/ifupdown2"):
            os.makedirs(f"{target}/network", exist_ok=True)
            _copy(f"{above}/etc/network/ifupdown2", f"{target}/network/ifupdown2")
    for folder in ("frr", "network/interfaces.d", "network/if-up.d", "bird", "sysctl.d", "iptables", "iproute2"):
        os.makedirs(f"{target}/{folder}", exist_ok=True)
    admit_root_to_frr(f"{target}/group")
    _write_first_files(target)


def _copy(source: str, target: str) -> None:
    """Copy a file, link or folder; what may not be read is left out."""
    try:
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
            for name in os.listdir(source):
                if f"{source}/{name}".removeprefix("/etc/") not in _NOT_FOLLOWED:
                    _copy(f"{source}/{name}", f"{target}/{name}")
        elif os.path.isfile(source):
            with open(source, "rb") as original, open(target, "wb") as copy:
                copy.write(original.read())
            os.chmod(target, os.stat(source).st_mode & 0o777)  # what the host keeps private stays so
    except (PermissionError, FileExistsError):
        return


def _write_first_files(target: str) -> None:
    """What every Debian box with FRR has, until files of the lab take its place: localhost, and a quiet vtysh."""
    with open(f"{target}/hosts", "w") as file:
        file.write("127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
    with open(f"{target}/frr/vtysh.conf", "w", opener=lambda path, flags: os.open(path, flags, 0o640)) as file:
        file.write("service integrated-vtysh-config\n")


def make_up_for_init() -> None:
    """Make the folders that a machine's init has ready for its daemons.

    FRR's are its user's, for an image that starts it, and open to root's group: daemons that a push starts are root's,
    and give up the capability by which root may write anywhere.
    """
    for folder in _BY_INIT:
        os.makedirs(f"/{folder}", exist_ok=True)
    for folder in _FRRS:
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, _number_of("frr"), 0)
        os.chmod(folder, 0o775)


def _number_of(name: str) -> int:
    """A user's number; root's where there is no such user, or none at all."""
    try:
        with open("/etc/passwd") as file:
            return next((int(line.split(":")[2]) for line in file if line.startswith(f"{name}:")), 0)
    except FileNotFoundError:
        return 0


def admit_root_to_frr(group: str) -> None:
    """Debian's FRR refuses `-u root` unless root is in group frrvty."""
    try:
        with open(group) as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return
    admitted = [f"{line}{',' if line[-1] != ':' else ''}root" if _wants_root(line) else line for line in lines]
    if admitted != lines:
        write_file(group, ("\n".join(admitted) + "\n").encode(), 0o644)


def _wants_root(line: str) -> bool:
    return line.startswith("frrvty:") and "root" not in line.rpartition(":")[2].split(",")


def prepare(root: str, base_etc: str, tools: str | None) -> None:
    """Make `root`, an empty folder, this mount namespace's root: the host's programs, and the rest the node's own."""
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID, "mode=755")
    for folder in _FOLDERS:
        os.mkdir(f"{root}/{folder}")
    _show_host(root)
    quiet = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", f"{root}/proc", "proc", quiet)
    linux.mount("sysfs", f"{root}/sys", "sysfs", quiet)
    linux.bind(f"{root}/run/shm", f"{root}/dev/shm")
    _own_etc(root, base_etc)
    if tools:
        linux.bind(tools, f"{root}/run/fabriclab/tools", readonly=True)
    for folder in ("tmp", "run/shm", "var/tmp"):
        os.chmod(f"{root}/{folder}", 0o1777)
    os.symlink("/run", f"{root}/var/run")
    os.symlink("/run/lock", f"{root}/var/lock")
    linux.pivot_root(root)
    _close_global_sysctls()


def _show_host(root: str) -> None:
    """Show the host's folders, links and files that are not replaced by the node's own."""
    for name, link in host_entries():
        place = f"{root}/{name}"
        if link:
            os.symlink(link, place)
        else:
            os.mkdir(place)
            linux.mount(f"/{name}", place, flags=linux.MS_BIND | linux.MS_REC)


@cache
def host_entries() -> tuple[tuple[str, str], ...]:
    """What a node sees of the host's root: folders, and links with where they lead. Looked up once, before any node."""
    found = [entry for entry in os.scandir("/") if entry.name not in _FOLDERS]
    links = [(entry.name, os.readlink(entry.path)) for entry in found if entry.is_symlink()]
    return tuple(links + [(entry.name, "") for entry in found if entry.is_dir(follow_symlinks=False)])


def _own_etc(root: str, base_etc: str) -> None:
    layer = f"{root}/run/fabriclab/etc"
    try:
        layers = f"lowerdir={base_etc},upperdir={layer}/upper,workdir={layer}/work"
        linux.mount("overlay", f"{root}/etc", "overlay", 0, layers)
    except OSError:
        _copy(base_etc, f"{root}/etc")


def _close_global_sysctls() -> None:
    """Leave /proc/sys/net writable (it is the node's own) and nothing else of /proc/sys (it is the machine's)."""
    linux.bind("/proc/sys", "/proc/sys", readonly=True)
    linux.bind("/proc/sys/net", "/proc/sys/net")
    linux.allow_writing("/proc/sys/net")


def make_writable(folder: str) -> None:
    """Lay a writable layer, seen by this node alone, over a folder of the host's."""
    number = len(os.listdir("/run/fabriclab/over"))
    layer = f"/run/fabriclab/over/{number}"
    os.makedirs(f"{layer}/upper")
    os.makedirs(f"{layer}/work")
    linux.mount("overlay", folder, "overlay", 0, f"lowerdir={folder},upperdir={layer}/upper,workdir={layer}/work")


def write_file(path: str, content: bytes, mode: int) -> None:
    """Put a file in place in one step, its folders made as needed, those of the host made writable."""
    folder = os.path.dirname(path)
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
        _replace(path, content, mode)
    except OSError as error:
        if error.errno not in (30, 13, 75):  # EROFS, EACCES, EOVERFLOW: the host's folder
            raise
        existing = folder
        while not os.path.isdir(existing):
            existing = os.path.dirname(existing)
        make_writable(existing)
        os.makedirs(folder, exist_ok=True)
        _replace(path, content, mode)


def _replace(path: str, content: bytes, mode: int) -> None:
    temporary = f"{path}.new~"
    _overwrite(temporary, content, mode)
    try:
        os.replace(temporary, path)
    except OSError as error:
        if error.errno != 16:  # EBUSY: a mount point, as /etc/hosts is in a container
            raise
        os.remove(temporary)
        _overwrite(path, content, mode)


def _overwrite(path: str, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        written = 0
        while written < len(content):
            written += os.write(descriptor, memoryview(content)[written:])
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
