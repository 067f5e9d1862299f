"""Kernel parameters of a network namespace: what a key that is written means for each interface.

A Device's `sysctls` hold every key that was written, `net.ipv4.conf.eth0/912.rp_filter`. Linux' rules
(Documentation/networking/ip-sysctl): `forwarding` written to `all` reaches every interface there is, and `default`; any
other key of `all` reaches none, and its reader combines the two (rp_filter: the larger). An interface that is made
later starts from `default`. The cables of a node are there before its files are read.
"""

from collections.abc import Iterator, Mapping

Sysctls = Mapping[str, str]

SHOWN = {4: ("forwarding", "rp_filter", "proxy_arp", "ignore_routes_with_linkdown"),
         6: ("forwarding", "proxy_ndp", "ignore_routes_with_linkdown")}  # fmt: skip
"""What a Snapshot tells of each interface."""
_FAMILY = {4: "net.ipv4", 6: "net.ipv6"}
_COMBINED = {"rp_filter": max, "proxy_arp": max, "arp_ignore": max, "arp_announce": max, "disable_ipv6": max}
_EVERYWHERE = {"net.ipv4.ip_forward": "net.ipv4.conf.all.forwarding"}


def dotted(key: str) -> str:
    """A key with dots between its parts; where a slash comes first, dots and slashes change places (sysctl.d(5)).

    `ip_forward` is another name of `conf.all.forwarding`.
    """
    key = key.removeprefix("/proc/sys/")
    dot, slash = key.find("."), key.find("/")
    dots = key if slash < 0 or 0 <= dot < slash else key.translate(str.maketrans("./", "/."))
    return _EVERYWHERE.get(dots, dots)


def slashed(interface: str) -> str:
    """An interface's name as part of a key: a dot in it is a slash (sysctl.d(5))."""
    return interface.replace(".", "/")


def written(sysctls: Sysctls, key: str, value: str) -> dict[str, str]:
    """The parameters after a key (as `dotted` gives it) was written: `all.forwarding` overwrites each interface's."""
    family, _, rest = key.partition(".conf.")
    if rest == "all.forwarding":
        kept = {name: had for name, had in sysctls.items() if not _is_forwarding(name, family)}
        return kept | {key: value}
    return {name: had for name, had in sysctls.items() if name != key} | {key: value}


def _is_forwarding(key: str, family: str) -> bool:
    return key.startswith(f"{family}.conf.") and key.endswith(".forwarding")


def own_value(sysctls: Sysctls, version: int, interface: str, name: str, *, late: bool = False) -> str:
    """What /proc shows for an interface (or `all`, `default`). `late`: it was made after the files were read."""
    stem = f"{_FAMILY[version]}.conf."
    if (own := sysctls.get(f"{stem}{slashed(interface)}.{name}")) is not None:
        return own
    if name == "forwarding":
        everywhere = sysctls.get(f"{stem}all.forwarding", "0")
        return sysctls.get(f"{stem}default.forwarding", everywhere) if late else everywhere
    return sysctls.get(f"{stem}default.{name}", "0") if late else "0"


def interface_value(sysctls: Sysctls, version: int, interface: str, name: str, *, late: bool = False) -> str:
    """What the kernel goes by for an interface: its own value and that of `all`, combined as the key demands."""
    own = own_value(sysctls, version, interface, name, late=late)
    combine = _COMBINED.get(name)
    if combine is None:
        return own
    common = sysctls.get(f"{_FAMILY[version]}.conf.all.{name}", "0")
    return str(combine(_number(own), _number(common)))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def forwards(sysctls: Sysctls, version: int, interface: str) -> bool:
    """Whether what comes in by an interface is forwarded. IPv6: as `all` says (ip-sysctl, conf/all/forwarding)."""
    return own_value(sysctls, version, "all" if version == 6 else interface, "forwarding") not in ("", "0")


def shown(sysctls: Sysctls, interfaces: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """The keys and values of a Snapshot, for interfaces by name (and whether each was made late)."""
    for version, names in SHOWN.items():
        for interface, late in (*interfaces.items(), ("all", False), ("default", True)):
            for name in names:
                key = f"{_FAMILY[version]}.conf.{slashed(interface)}.{name}"
                yield key, own_value(sysctls, version, interface, name, late=late)
    yield "net.ipv4.ip_forward", own_value(sysctls, 4, "all", "forwarding")
    for family in _FAMILY.values():
        key = f"{family}.fib_multipath_hash_policy"
        yield key, sysctls.get(key, "0")
