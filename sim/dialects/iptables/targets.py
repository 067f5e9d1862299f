"""iptables' targets: what `-j NAME` with its options does, and where the kernel takes it."""

from collections.abc import Callable, Mapping

from sim.dataclasses import dataclass, field
from sim.dialects.iptables.names import CLASSES, HARMLESS_TARGETS, TOS, UNMODELLED_TARGETS
from sim.dialects.iptables.values import address, address_range, masked, number, ports, prefix_length
from sim.dialects.iptables.words import quoted
from sim.errors import ConfigError, Place
from sim.filters.actions import (
    REJECTS,
    Accept,
    CopyField,
    Drop,
    Effect,
    Hand,
    Nat,
    NoTrack,
    Reject,
    Return,
    SetField,
    Verb,
)
from sim.snapshot import Note

VERDICTS: Mapping[str, Verb] = {"ACCEPT": Accept(), "DROP": Drop(), "RETURN": Return()}


@dataclass(slots=True)
class Given:
    """A target with its options as written: option -> values."""

    name: str
    place: Place
    version: int
    protocol: int | None
    options: dict[str, list[str]] = field(default_factory=dict)

    def value(self, option: str, default: str = "") -> str:
        """The first value of an option."""
        return self.options.get(option, [default])[0]

    def wrong(self, text: str) -> ConfigError:
        """A complaint at the rule's line."""
        return ConfigError(text, self.place)


@dataclass(frozen=True, slots=True)
class Done:
    """What a target means: effects, what ends the walk (None: nothing does), and its options as printed."""

    effects: tuple[Effect, ...] = ()
    verb: Verb | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A target: its options with their numbers of values, its meaning, and the tables the kernel takes it in."""

    options: Mapping[str, int]
    mean: Callable[[Given], Done]
    tables: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


# --- rejection

_SHORT_REJECTS = {  # what xt_REJECT takes beside the full names
    4: {
        "net-unreach": "icmp-net-unreachable",
        "host-unreach": "icmp-host-unreachable",
        "proto-unreach": "icmp-proto-unreachable",
        "port-unreach": "icmp-port-unreachable",
        "net-prohib": "icmp-net-prohibited",
        "host-prohib": "icmp-host-prohibited",
        "admin-prohib": "icmp-admin-prohibited",
        "tcp-rst": "tcp-reset",
    },
    6: {
        "no-route": "icmp6-no-route",
        "adm-prohibited": "icmp6-adm-prohibited",
        "addr-unreach": "icmp6-addr-unreachable",
        "port-unreach": "icmp6-port-unreachable",
        "policy-fail": "icmp6-policy-fail",
        "reject-route": "icmp6-reject-route",
        "tcp-rst": "tcp-reset",
    },
}


def _reject(given: Given) -> Done:
    default = "icmp-port-unreachable" if given.version == 4 else "icmp6-port-unreachable"
    said = given.value("--reject-with", default)
    name = _SHORT_REJECTS[given.version].get(said, said)
    family = ("icmp-", "tcp-reset") if given.version == 4 else ("icmp6-", "tcp-reset")
    if name not in REJECTS or not name.startswith(family):
        raise given.wrong(f'unknown reject type "{said}"')
    if name == "tcp-reset" and given.protocol != 6:
        raise given.wrong("REJECT: --reject-with tcp-reset needs -p tcp")
    return Done(verb=Reject(REJECTS[name]), text=f"--reject-with {name}")


# --- marks


def _mark(given: Given) -> Done:
    words: Mapping[str, Callable[[int, int], tuple[int, int]]] = {
        "--set-mark": lambda value, mask: (value, value | mask),
        "--set-xmark": lambda value, mask: (value, mask),
        "--and-mark": lambda value, _: (0, ~value & 0xFFFFFFFF),
        "--or-mark": lambda value, _: (value, value),
        "--xor-mark": lambda value, _: (value, 0),
    }
    for option, meaning in words.items():
        if option in given.options:
            value, mask = meaning(*masked(given.value(option), option, given.place))
            text = f"--set-xmark {value:#x}/{mask:#x}"
            name = "mark" if given.name == "MARK" else "connection_mark"
            return Done(effects=(SetField(name, value, mask),), text=text)
    if given.name == "CONNMARK":
        return _copied(given)
    raise given.wrong("MARK: one of --set-xmark, --{and,or,xor,set}-mark is required")


def _copied(given: Given) -> Done:
    """CONNMARK --save-mark and --restore-mark (xt_connmark.c: the other mark, under its mask, is xored in)."""
    both = number(given.value("--mask", "0xffffffff"), "--mask", given.place)
    packet = number(given.value("--nfmask", hex(both)), "--nfmask", given.place)
    connection = number(given.value("--ctmask", hex(both)), "--ctmask", given.place)
    shown = f"--nfmask {packet:#x} --ctmask {connection:#x}"
    if "--save-mark" in given.options:
        effect = CopyField("mark", "connection_mark", packet, connection)
        return Done(effects=(effect,), text=f"--save-mark {shown}")
    if "--restore-mark" in given.options:
        effect = CopyField("connection_mark", "mark", connection, packet)
        return Done(effects=(effect,), text=f"--restore-mark {shown}")
    raise given.wrong("CONNMARK target: No operation specified")


# --- translation


def _to_source(given: Given) -> Done:
    return _translated(given, "--to-source", "snat")


def _to_destination(given: Given) -> Done:
    return _translated(given, "--to-destination", "dnat")


def _translated(given: Given, option: str, kind: str) -> Done:
    if option not in given.options:
        raise given.wrong(f'{given.name}: option "{option}" must be specified')
    said = given.value(option)
    hosts, tail = said, ""
    if given.version == 4:
        hosts, _, tail = said.partition(":")
    elif said.startswith("["):
        hosts, _, tail = said[1:].partition("]")
        tail = tail.removeprefix(":")
    addresses = address_range(hosts, given.version, given.place) if hosts else None
    found = _nat_ports(given, tail) if tail else None
    assert kind in ("snat", "dnat")
    verb = Nat("dnat" if kind == "dnat" else "snat", addresses, found)
    return Done(verb=verb, text=f"{option} {said}{_nat_flags(given)}")


def _nat_ports(given: Given, text: str) -> tuple[int, int]:
    if given.protocol not in (6, 17, 33, 132, 136, 1, 58):
        raise given.wrong("Need TCP, UDP, SCTP or DCCP with port specification")
    return ports(text.partition("/")[0].replace("-", ":"), given.place)


def _nat_flags(given: Given) -> str:
    flags = ("--random", "--random-fully", "--persistent")
    return "".join(f" {flag}" for flag in flags if flag in given.options)


def _masquerade(given: Given) -> Done:
    said = given.value("--to-ports")
    shown = f"--to-ports {said}" if said else ""
    found = _nat_ports(given, said) if said else None
    return Done(verb=Nat("masquerade", ports=found), text=f"{shown}{_nat_flags(given)}".strip())


def _redirect(given: Given) -> Done:
    said = given.value("--to-ports")
    shown = f"--to-ports {said}" if said else ""
    found = _nat_ports(given, said) if said else None
    return Done(verb=Nat("redirect", ports=found), text=f"{shown}{_nat_flags(given)}".strip())


def _netmap(given: Given) -> Done:
    """The network part is replaced: the destination's in PREROUTING and OUTPUT, the source's in POSTROUTING."""
    said = given.value("--to")
    value, mask = address(said, given.version, given.place)
    length = prefix_length(mask, given.version)
    if length is None:
        raise given.wrong(f"NETMAP: bad mask in {said!r}")
    return Done(verb=Nat("dnat", (value, value), net=length), text=f"--to {said}")


# --- what neither decides nor changes anything that matters here


def _plain(given: Given) -> Done:
    return Done(text=_as_written(given))


def _as_written(given: Given) -> str:
    parts = [" ".join([option, *map(quoted, values)]) for option, values in given.options.items()]
    return " ".join(parts)


def _notrack(given: Given) -> Done:
    if given.name == "CT" and "--notrack" not in given.options:
        return Done(text=_as_written(given))
    return Done(effects=(NoTrack(),), text="--notrack" if given.name == "CT" else "")


def _log(given: Given) -> Done:
    """Printed prefix first, then the level (4, warning, is the default and left out)."""
    prefix = f"--log-prefix {quoted(given.value('--log-prefix'))}" if "--log-prefix" in given.options else ""
    levels = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
    said = {"panic": "0", "err": "3", "warn": "4"}.get(given.value("--log-level"), given.value("--log-level", "4"))
    level = levels.index(said) if said in levels else number(said, "--log-level", given.place, 7)
    flags = [
        option for option in given.options if option.startswith("--log-") and option[6:] not in ("prefix", "level")
    ]
    return Done(text=" ".join(part for part in (prefix, f"--log-level {level}" if level != 4 else "", *flags) if part))


def _hand(given: Given) -> Done:
    note = Note(given.place, f"the target {given.name} is not modelled")
    return Done(verb=Hand(note), text=_as_written(given))


def _field(name: str, option: str, top: int) -> Callable[[Given], Done]:
    def mean(given: Given) -> Done:
        if option not in given.options:
            return Done(text=_as_written(given))
        return Done((SetField(name, number(given.value(option), option, given.place, top)),), text=_as_written(given))

    return mean


def _dscp(given: Given) -> Done:
    value = CLASSES.get(given.value("--set-dscp-class").upper())
    if value is None:
        value = number(given.value("--set-dscp"), "--set-dscp", given.place, 63)
    return Done((SetField("dscp", value),), text=f"--set-dscp 0x{value:02x}")


def _tos(given: Given) -> Done:
    """Of the byte, only the upper six bits are kept here (DSCP)."""
    option = next(iter(given.options), "--set-tos")
    said = given.value(option)
    value, mask = (TOS[said], 0x3F) if said in TOS else masked(said, option, given.place)
    mask = mask & 0xFF
    if option != "--set-tos":
        return Done(text=f"{option} 0x{value:02x}")
    return Done((SetField("dscp", value >> 2, mask >> 2),), text=f"--set-tos 0x{value:02x}/0x{mask:02x}")


_NAT_OPTIONS = {"--random": 0, "--random-fully": 0, "--persistent": 0}
_MARKS = {f"--{name}": 1 for name in ("set-mark", "set-xmark", "and-mark", "or-mark", "xor-mark")}
_COPIES = {"--save-mark": 0, "--restore-mark": 0, "--mask": 1, "--nfmask": 1, "--ctmask": 1}
_LOGS = {"--log-prefix": 1, "--log-level": 1, **{f"--log-{name}": 0 for name in ("tcp-sequence", "tcp-options")}}
_LOGS |= {f"--log-{name}": 0 for name in ("ip-options", "uid", "macdecode")}

TARGETS: Mapping[str, Target] = {
    "REJECT": Target({"--reject-with": 1}, _reject, ("filter",)),
    "LOG": Target(_LOGS, _log),
    "MARK": Target(_MARKS, _mark),
    "CONNMARK": Target({**_MARKS, **_COPIES}, _mark),
    "DNAT": Target({"--to-destination": 1, **_NAT_OPTIONS}, _to_destination, ("nat",), ("PREROUTING", "OUTPUT")),
    "SNAT": Target({"--to-source": 1, **_NAT_OPTIONS}, _to_source, ("nat",), ("POSTROUTING", "INPUT")),
    "MASQUERADE": Target({"--to-ports": 1, **_NAT_OPTIONS}, _masquerade, ("nat",), ("POSTROUTING",)),
    "REDIRECT": Target({"--to-ports": 1, **_NAT_OPTIONS}, _redirect, ("nat",), ("PREROUTING", "OUTPUT")),
    "NETMAP": Target({"--to": 1}, _netmap, ("nat",)),
    "CT": Target({"--notrack": 0, "--helper": 1, "--zone": 1, "--timeout": 1, "--ctevents": 1}, _notrack, ("raw",)),
    "NOTRACK": Target({}, _notrack, ("raw",)),
    "CHECKSUM": Target({"--checksum-fill": 0}, _plain, ("mangle",)),
    "TCPMSS": Target({"--set-mss": 1, "--clamp-mss-to-pmtu": 0}, _plain),
    "TRACE": Target({}, _plain),
    "NFLOG": Target({f"--nflog-{name}": 1 for name in ("group", "prefix", "range", "size", "threshold")}, _plain),
    "CLASSIFY": Target({"--set-class": 1}, _plain),
    "TTL": Target({"--ttl-set": 1, "--ttl-dec": 1, "--ttl-inc": 1}, _field("ttl", "--ttl-set", 255), ("mangle",)),
    "HL": Target({"--hl-set": 1, "--hl-dec": 1, "--hl-inc": 1}, _field("ttl", "--hl-set", 255), ("mangle",)),
    "DSCP": Target({"--set-dscp": 1, "--set-dscp-class": 1}, _dscp, ("mangle",)),
    "TOS": Target({f"--{name}-tos": 1 for name in ("set", "and", "or", "xor")}, _tos, ("mangle",)),
}


def known(name: str) -> bool:
    """Whether iptables has such a target of its own."""
    return name in VERDICTS or name in TARGETS or name in HARMLESS_TARGETS or name in UNMODELLED_TARGETS


def free_form(given: Given) -> Done:
    """A target whose options the model does not read."""
    return _plain(given) if given.name in HARMLESS_TARGETS else _hand(given)
