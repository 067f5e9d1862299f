"""What an nftables rule does: statements -> effects and verdicts, and how nft prints them."""

from collections.abc import Callable, Mapping, Sequence

from sim.address import parse_address
from sim.dataclasses import dataclass
from sim.dialects.nftables.asking import (
    Element,
    Scope,
    conjunction,
    needs_of,
    read_keys,
    referred,
    text_of,
)
from sim.dialects.nftables.keys import Key, NotModelled
from sim.dialects.nftables.tokens import Cursor, Token
from sim.dialects.nftables.values import printed, read_value
from sim.errors import ConfigError, Place
from sim.filters.actions import (
    Accept,
    CopyField,
    Drop,
    Effect,
    Jump,
    Lookup,
    Nat,
    NoTrack,
    Reject,
    Return,
    SetField,
    Verb,
)
from sim.filters.matches import NEVER, Match, Within

ICMP_REJECTS = (
    *("net-unreachable", "host-unreachable", "prot-unreachable", "port-unreachable"),
    *("net-prohibited", "host-prohibited", "admin-prohibited"),
)
ICMP6_REJECTS = ("no-route", "admin-prohibited", "addr-unreachable", "port-unreachable", "policy-fail", "reject-route")
ICMPX_REJECTS = ("no-route", "admin-prohibited", "host-unreachable", "port-unreachable")
VERDICTS: Mapping[str, Verb | None] = {"accept": Accept(), "drop": Drop(), "return": Return(), "continue": None}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a rule: what it asks, what it changes, what ends the rule, how it is printed, and a remark."""

    text: str
    matches: tuple[Match, ...] = ()
    effects: tuple[Effect, ...] = ()
    verb: Verb | None = None
    remark: str = ""


def verdict(cursor: Cursor) -> Verb | None:
    """`accept`, `jump web` ... as in a rule or a verdict map."""
    word = cursor.take()
    if word.text in VERDICTS:
        return VERDICTS[word.text]
    if word.text in ("jump", "goto"):
        return Jump(cursor.take().text, goto=word.text == "goto")
    if word.text == "queue":
        raise NotModelled("queue")
    raise ConfigError(f"syntax error, unexpected {word.text}, expecting a verdict", word.place)


def _verdict(cursor: Cursor, scope: Scope) -> Part:
    start = cursor.at
    verb = verdict(cursor)
    return Part(" ".join(token.text for token in cursor.tokens[start : cursor.at]), verb=verb)


def verdict_map(keys: tuple[Key, ...], cursor: Cursor, scope: Scope) -> Part:
    """`KEYS vmap { ... }`."""
    elements, shown = referred(cursor, keys, scope)
    if not all(element.data for element in elements):
        raise ConfigError("syntax error: an element of a verdict map has no verdict, expecting colon", cursor.place)
    rows = tuple((conjunction(keys, element), _data_verdict(element)) for element in elements)
    return Part(f"{text_of(keys)} vmap {shown}", needs_of(keys), verb=Lookup(_decided(rows)))


def _data_verdict(element: Element) -> Verb | None:
    return verdict(Cursor(list(element.data), element.data[0].place))


def _decided(rows: Sequence[tuple[tuple[Match, ...], Verb | None]]) -> tuple[tuple[tuple[Match, ...], Verb], ...]:
    return tuple((matches, verb) for matches, verb in rows if verb is not None)


# --- rejection


def _reject(cursor: Cursor, scope: Scope) -> Part:
    cursor.take()
    if not cursor.skip("with"):
        return Part("reject", verb=Reject())
    if cursor.skip("tcp", "reset"):
        return Part("reject with tcp reset", (Within("protocol", ((6, 6),)),), verb=Reject("tcp reset"))
    family = cursor.take()
    cursor.skip("type")
    kind = cursor.take()
    known = {"icmp": ICMP_REJECTS, "icmpv6": ICMP6_REJECTS, "icmpx": ICMPX_REJECTS}.get(family.text)
    if known is None or kind.text not in known:
        raise ConfigError(f"syntax error, unexpected {kind.text}", kind.place)
    if {family.text, scope.family} in ({"icmp", "ip6"}, {"icmpv6", "ip"}):
        raise ConfigError(f"conflicting protocols specified: {scope.family} vs {family.text}", kind.place)
    if family.text == "icmpx" and scope.family in ("ip", "ip6"):
        raise ConfigError("abstracted ICMP unreachable not supported", kind.place)
    plain = kind.text == "port-unreachable" and (family.text == "icmpx" or scope.family != "inet")
    version = {"icmp": 4, "icmpv6": 6}.get(family.text)
    needs = (Within("version", ((version, version),)),) if version and scope.family == "inet" else ()
    shown = "reject" if plain else f"reject with {family.text} {kind.text}"
    return Part(shown, needs, verb=Reject(kind.text))


# --- translation


def _nat(cursor: Cursor, scope: Scope) -> Part:
    _translating(cursor, scope)
    word = cursor.take().text
    family = cursor.take().text if cursor.next in ("ip", "ip6") else ""
    head = f"{word} {family}".strip()
    kind = {"dnat": "dnat", "snat": "snat"}[word]
    cursor.skip("prefix")
    cursor.expect("to")
    if not _is_key(cursor):
        token = cursor.take()
        nat, shown = _target(token, "dnat" if kind == "dnat" else "snat")
        flags = _flags(cursor)
        if scope.family == "inet" and not family and nat.addresses:
            raise ConfigError("ip or ip6 must be specified with address for inet tables.", token.place)
        return Part(f"{head} to {shown}{flags}", _of_family(scope, family), verb=nat)
    keys = read_keys(cursor, scope)
    cursor.expect("map")
    elements, shown = referred(cursor, keys, scope)
    rows = [
        (conjunction(keys, each), _target(_joined(each.data), "dnat" if kind == "dnat" else "snat")[0])
        for each in elements
    ]
    needs = (*_of_family(scope, family), *needs_of(keys))
    return Part(f"{head} to {text_of(keys)} map {shown}{_flags(cursor)}", needs, verb=Lookup(tuple(rows)))


def _translating(cursor: Cursor, scope: Scope) -> None:
    """The kernel takes translation in chains of type nat alone (and in user chains, of which it checks the callers)."""
    if scope.kind not in ("", "nat"):
        text = f"Could not process rule: Operation not supported: {cursor.next} in a chain of type {scope.kind}"
        raise ConfigError(text, cursor.place)


def _is_key(cursor: Cursor) -> bool:
    return cursor.next in ("tcp", "udp", "ip", "ip6", "th", "meta", "iifname", "oifname", "ct", "mark", "iif", "oif")


def _of_family(scope: Scope, family: str) -> tuple[Match, ...]:
    version = {"ip": 4, "ip6": 6}.get(family)
    return (Within("version", ((version, version),)),) if version and scope.family == "inet" else ()


def _joined(data: Sequence[Token]) -> Token:
    """`10.0.0.1 . 80` of a map as one word."""
    return Token("word", ":".join(token.text for token in data if token.text != "."), data[0].place)


def _target(token: Token, kind: str) -> tuple[Nat, str]:
    """`10.0.0.1`, `10.0.0.1-10.0.0.9:1024-2000`, `[2001:db8::1]:80`, `:8080`."""
    text = token.text
    if text.startswith("["):
        hosts, _, tail = text[1:].partition("]")
        tail = tail.removeprefix(":")
    elif text.count(":") > 1:
        hosts, tail = text, ""
    else:
        hosts, _, tail = text.partition(":")
    addresses = _hosts(hosts, token.place) if hosts else None
    ports = _port_range(tail, token.place) if tail else None
    return Nat("dnat" if kind == "dnat" else "snat", addresses, ports), text


def _hosts(text: str, place: Place) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    try:
        first = parse_address(low)
        last = parse_address(high) if dash else first
    except ValueError:
        raise ConfigError(f"Could not resolve hostname: {text!r} is no address", place) from None
    return first.value, last.value


def _port_range(text: str, place: Place) -> tuple[int, int]:
    value = read_value(Token("word", text, place), "port")
    return value.low, value.high


def _own(cursor: Cursor, scope: Scope) -> Part:
    """masquerade and redirect."""
    _translating(cursor, scope)
    word = cursor.take().text
    ports, shown = None, ""
    if cursor.skip("to"):
        token = cursor.take()
        ports = _port_range(token.text.removeprefix(":"), token.place)
        shown = f" to {token.text}"
    nat = Nat("masquerade" if word == "masquerade" else "redirect", ports=ports)
    return Part(f"{word}{shown}{_flags(cursor)}", verb=nat)


def _flags(cursor: Cursor) -> str:
    found = ""
    while cursor.next in ("random", "fully-random", "persistent", ","):
        text = cursor.take().text
        found += text if text == "," or found.endswith(",") else f" {text}"
    return found


# --- marks and other fields


def read_set(key: Key, cursor: Cursor) -> Part:
    """`KEY set VALUE`; `set` has been taken."""
    if key.kind not in ("mark", "dscp", "number"):
        raise NotModelled(f"{key.text} set")
    if cursor.next in ("ct", "meta", "mark"):
        return _set_from_mark(key, cursor)
    value = read_value(cursor.take(), key.kind)
    if cursor.next in ("|", "&", "^", "map"):
        raise NotModelled(f"{key.text} set {value.text} {cursor.next}")
    return Part(f"{key.text} set {value.text}", key.needs, (SetField(key.field, value.low),))


def _set_from_mark(key: Key, cursor: Cursor) -> Part:
    word = cursor.take().text
    if word != "mark":
        cursor.expect("mark")
    source = "connection_mark" if word == "ct" else "mark"
    name = "ct mark" if word == "ct" else "meta mark"
    if cursor.next not in ("|", "&", "^", "or", "and", "xor"):
        return Part(f"{key.text} set {name}", effects=(CopyField(source, key.field),))
    operator = {"or": "|", "and": "&", "xor": "^"}.get(cursor.next, cursor.next)
    cursor.take()
    value = read_value(cursor.take(), "mark").low
    change = {"|": (value, value), "&": (0, ~value & 0xFFFFFFFF), "^": (value, 0)}[operator]
    effects: tuple[Effect, ...] = (SetField(key.field, *change),)
    if source != key.field:
        effects = (CopyField(source, key.field), *effects)
    return Part(f"{key.text} set {name} {operator} {printed(value, 'mark')}", effects=effects)


def _notrack(cursor: Cursor, scope: Scope) -> Part:
    cursor.take()
    return Part("notrack", effects=(NoTrack(),))


# --- what decides nothing


def _counter(cursor: Cursor, scope: Scope) -> Part:
    cursor.take()
    if cursor.skip("name"):
        return Part(f'counter name "{cursor.take().text}"')
    if cursor.skip("packets"):
        cursor.take()
        cursor.expect("bytes")
        cursor.take()
    return Part("counter")


_LOG_OPTIONS = ("prefix", "level", "group", "snaplen", "queue-threshold", "flags")


def _log(cursor: Cursor, scope: Scope) -> Part:
    words = [cursor.take().text]
    while cursor.next in _LOG_OPTIONS:
        option, value = cursor.take(), cursor.take()
        shown = f'"{value.text}"' if option.text == "prefix" else value.text
        if option.text == "flags" and value.text in ("tcp", "ip"):
            shown = f"{value.text} {cursor.take().text}"
        if (option.text, shown) != ("level", "warn"):
            words += [option.text, shown]
    return Part(" ".join(words))


def _limit(cursor: Cursor, scope: Scope) -> Part:
    cursor.take()
    if cursor.skip("name"):
        name = cursor.take().text
        return Part(f'limit name "{name}"', remark=f"limit name {name}: taken as a packet below that rate")
    cursor.expect("rate")
    over = cursor.skip("over")
    words = [cursor.take().text]
    if "/" not in words[0]:
        words.append(cursor.take().text)
    if words[-1].partition("/")[2] not in ("second", "minute", "hour", "day", "week"):
        raise ConfigError(f"syntax error, unexpected {words[-1]}, expecting a rate such as 5/second", cursor.place)
    burst = _burst(cursor, words)
    shown = f"limit rate {'over ' if over else ''}{' '.join(words)}{burst}"
    return Part(shown, (NEVER,) if over else (), remark=f"{shown}: taken as a packet below that rate")


def _burst(cursor: Cursor, words: Sequence[str]) -> str:
    if not cursor.skip("burst"):
        return ""
    count, unit = cursor.take().text, cursor.take().text
    return "" if (count, len(words)) == ("5", 1) else f" burst {count} {unit}"


def _connections(cursor: Cursor, scope: Scope) -> Part:
    """`ct count [over] N`: a probe's is the only connection."""
    start = cursor.at
    cursor.take()
    cursor.take()
    over = cursor.skip("over")
    cursor.take()
    shown = " ".join(token.text for token in cursor.tokens[start : cursor.at])
    return Part(shown, (NEVER,) if over else (), remark=f"{shown}: taken as the only connection")


def _comment(cursor: Cursor, scope: Scope) -> Part:
    cursor.take()
    return Part(f'comment "{cursor.take().text}"')


def _ignored(words: int) -> Callable[[Cursor, Scope], Part]:
    def read(cursor: Cursor, scope: Scope) -> Part:
        return Part(" ".join(str(cursor.take()) for _ in range(words)))

    return read


def _segment_size(cursor: Cursor, scope: Scope) -> Part:
    """`tcp option maxseg size set rt mtu`."""
    words = [cursor.take().text for _ in range(4)]
    if words != ["tcp", "option", "maxseg", "size"] or not cursor.skip("set"):
        raise NotModelled(" ".join(words))
    value = cursor.take().text
    value += f" {cursor.take().text}" if value == "rt" else ""
    return Part(f"{' '.join(words)} set {value}", (Within("protocol", ((6, 6),)),))


STATEMENTS: Mapping[str, Callable[[Cursor, Scope], Part]] = {
    **dict.fromkeys((*VERDICTS, "jump", "goto", "queue"), _verdict),
    "reject": _reject,
    "dnat": _nat,
    "snat": _nat,
    "masquerade": _own,
    "redirect": _own,
    "notrack": _notrack,
    "counter": _counter,
    "log": _log,
    "limit": _limit,
    "comment": _comment,
    "ct count": _connections,
    "ct helper": _ignored(4),
    "ct timeout": _ignored(4),
    "meta nftrace": _ignored(4),
    "meta priority": _ignored(4),
    "flow add": _ignored(3),
    "flow offload": _ignored(3),
    "tcp option": _segment_size,
}
UNKNOWN_STATEMENTS = frozenset(("tproxy", "dup", "fwd", "synproxy", "quota", "add", "update", "delete", "set", "xt"))
