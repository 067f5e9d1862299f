"""Prefix-lists, access-lists, as-path and community lists: their lines."""

from sim.address import BITS, Prefix, parse_address, parse_prefix
from sim.dialects.frr.grammar import Words
from sim.dialects.frr.names import ListDraft
from sim.dialects.frr.reading import CONFIG, Reading, number, options, silent
from sim.policies.frr_paths import CommunityRule, PathRule, expression, parse_community, parse_large, path_expression
from sim.policies.frr_prefixes import AccessRule, PrefixRule

_ALL = {4: Prefix(0, 0, 4), 6: Prefix(0, 0, 6)}


@CONFIG.on("ip prefix-list * ...", "ipv6 prefix-list * ...")
def prefix_list(reading: Reading, words: Words, negated: bool) -> None:
    """`ip prefix-list NAME [seq N] permit|deny any|PREFIX [ge N] [le N]`."""
    version = 6 if words[0] == "ipv6" else 4
    draft = _draft(reading, "prefix-list6" if version == 6 else "prefix-list", words[2])
    rest = words[3:]
    if _describes(reading, draft, rest, negated):
        return
    sequence, permit, rest = _head(reading, rest)
    if not rest:
        raise reading.refuse(f"{' '.join(words)!r} lacks its prefix")
    rule = _prefix_rule(reading, permit, rest, version)
    (draft.drop if negated else draft.put)(sequence, rule)
    _forget_if_empty(reading, draft)


def _draft(reading: Reading, kind: str, name: str) -> ListDraft:
    return reading.names.draft(kind, name, reading.place)


def _describes(reading: Reading, draft: ListDraft, rest: Words, negated: bool) -> bool:
    """A line about the list as a whole: its description, or `no` of all of it."""
    if rest and rest[0] in ("description", "remark"):
        return True
    if rest and not (negated and len(rest) == 2 and rest[0] == "seq"):
        return False
    if not negated:
        raise reading.refuse(f"{draft.name!r}: permit or deny is expected after the name")
    if rest:
        draft.rules.pop(number(reading, rest[1], 1, 4294967295), None)
    else:
        draft.rules.clear()
    _forget_if_empty(reading, draft)
    return True


def _forget_if_empty(reading: Reading, draft: ListDraft) -> None:
    if not draft.rules:
        reading.names.lists.pop((draft.kind, draft.name), None)


def _head(reading: Reading, rest: Words) -> tuple[int | None, bool, Words]:
    """`[seq N] permit|deny`, and what follows."""
    sequence = None
    if rest[:1] == ["seq"] and len(rest) > 1:
        sequence, rest = number(reading, rest[1], 1, 4294967295), rest[2:]
    if not rest or rest[0] not in ("permit", "deny"):
        raise reading.refuse(f"permit or deny is expected{f', not {rest[0]!r}' if rest else ''}")
    return sequence, rest[0] == "permit", rest[1:]


def _prefix_rule(reading: Reading, permit: bool, rest: Words, version: int) -> PrefixRule:
    bits = BITS[version]
    if rest[0] == "any":
        return PrefixRule(permit, _ALL[version], 0, bits)
    prefix = _prefix(reading, rest[0], version)
    found = {name: number(reading, value[0], 0, bits) for name, value in options(reading, rest[1:], _GE_LE).items()}
    low = found.get("ge", prefix.length)
    high = found.get("le", bits if "ge" in found else prefix.length)
    if not prefix.length <= low <= high:
        raise reading.refuse(f"{' '.join(rest)!r}: it must be length <= ge <= le")
    return PrefixRule(permit, prefix, low, high)


_GE_LE = {"ge": 1, "le": 1}


def _prefix(reading: Reading, text: str, version: int) -> Prefix:
    prefix = parse_prefix(text)
    if "/" not in text or prefix.version != version:
        raise reading.refuse(f"{text!r} is not an IPv{version} prefix with its length")
    return prefix


@CONFIG.on("access-list * ...", "ipv6 access-list * ...")
def access_list(reading: Reading, words: Words, negated: bool) -> None:
    """`access-list NAME [seq N] permit|deny ...`: the wildcard forms, or a prefix with `exact-match`."""
    version, at = (6, 2) if words[0] == "ipv6" else (4, 1)
    draft = _draft(reading, "access-list6" if version == 6 else "access-list", words[at])
    rest = words[at + 1 :]
    if _describes(reading, draft, rest, negated):
        return
    sequence, permit, rest = _head(reading, rest)
    if not rest:
        raise reading.refuse(f"{' '.join(words)!r} lacks its prefix")
    rule = _access_rule(reading, words[at], permit, rest, version)
    (draft.drop if negated else draft.put)(sequence, rule)
    _forget_if_empty(reading, draft)


def _access_rule(reading: Reading, name: str, permit: bool, rest: Words, version: int) -> AccessRule:
    if rest[0] == "ip":
        return _extended(reading, permit, rest[1:])
    if rest == ["any"]:
        return AccessRule(permit, _ALL[version])
    if "/" in rest[0]:
        exact = rest[1:] == ["exact-match"]
        if rest[1:] and not exact:
            raise reading.refuse(f"{' '.join(rest[1:])!r} is not expected after a prefix; exact-match is")
        return AccessRule(permit, _prefix(reading, rest[0], version), exact)
    (network, wildcard), rest = _wildcard(reading, rest)
    if rest:
        raise reading.refuse(f"{' '.join(rest)!r} is not expected at the end of a standard access-list's line")
    return AccessRule(permit, Prefix(network, 32), wildcard=wildcard)


def _extended(reading: Reading, permit: bool, rest: Words) -> AccessRule:
    """`ip SOURCE DESTINATION`: of a route, the network and the netmask."""
    (network, wildcard), rest = _wildcard(reading, rest)
    (mask, mask_wildcard), rest = _wildcard(reading, rest)
    if rest:
        raise reading.refuse(f"{' '.join(rest)!r} is not expected at the end of an extended access-list's line")
    return AccessRule(permit, Prefix(network, 32), wildcard=wildcard, mask=(mask, mask_wildcard))


def _wildcard(reading: Reading, rest: Words) -> tuple[tuple[int, int], Words]:
    """`any`, `host A`, `A WILDCARD`, `A`: the address without its free bits, the free bits, and what follows."""
    if rest[:1] == ["any"]:
        return (0, 0xFFFFFFFF), rest[1:]
    if rest[:1] == ["host"]:
        rest = rest[1:]
        count = 1
    else:
        count = 2 if len(rest) > 1 and rest[1][:1].isdigit() else 1
    if not rest:
        raise reading.refuse("an address is expected: any, host A.B.C.D, or A.B.C.D WILDCARD")
    free = parse_address(rest[1]).value if count == 2 else 0
    return (parse_address(rest[0]).value & ~free, free), rest[count:]


@CONFIG.on("bgp as-path access-list * ...")
def path_list(reading: Reading, words: Words, negated: bool) -> None:
    """`bgp as-path access-list NAME [seq N] permit|deny REGEX`."""
    draft = _draft(reading, "as-path", words[3])
    rest = words[4:]
    if _describes(reading, draft, rest, negated):
        return
    sequence, permit, rest = _head(reading, rest)
    regex = path_expression(" ".join(rest))
    (draft.drop if negated else draft.put)(sequence, PathRule(permit, regex))
    _forget_if_empty(reading, draft)


_LISTS = {"community-list": "community", "large-community-list": "large", "extcommunity-list": "extended"}


@CONFIG.on("bgp community-list * ...", "bgp large-community-list * ...", "bgp extcommunity-list * ...")
def community_list(reading: Reading, words: Words, negated: bool) -> None:
    """`bgp community-list [standard|expanded] NAME [seq N] permit|deny COMMUNITY...|REGEX`."""
    kind, rest = _LISTS[words[1]], words[2:]
    style = ""
    if rest[0] in ("standard", "expanded") and len(rest) > 1:
        style, rest = rest[0], rest[1:]
    name, rest = rest[0], rest[1:]
    if not style and not name.isdecimal():
        raise reading.refuse(f"{name!r} is no number, and a named list is either: bgp {words[1]} standard|expanded")
    style = style or ("expanded" if int(name) >= 100 else "standard")
    draft = _draft(reading, kind, name)
    if draft.style not in ("", style):
        raise reading.refuse(f"{name!r} is a {draft.style} list already")
    draft.style = style
    if _describes(reading, draft, rest, negated):
        return
    sequence, permit, rest = _head(reading, rest)
    if not rest:
        raise reading.refuse(f"{' '.join(words)!r} names no community")
    rule = _community_rule(kind, style, permit, rest)
    (draft.drop if negated else draft.put)(sequence, rule)
    _forget_if_empty(reading, draft)


def _community_rule(kind: str, style: str, permit: bool, rest: Words) -> CommunityRule:
    if style == "expanded":
        expression(" ".join(rest))
        return CommunityRule(permit, regex=" ".join(rest))
    if kind == "community":
        return CommunityRule(permit, frozenset(parse_community(word) for word in rest if word != "internet"))
    if kind == "large":
        return CommunityRule(permit, frozenset(map(parse_large, rest)))
    return CommunityRule(permit, frozenset(extended(rest)))


_EXTENDED = {"rt": "RT", "soo": "SoO", "nt": "NT"}


def extended(words: Words) -> list[str]:
    """`rt 1:2 soo 3:4` as FRR prints them: `RT:1:2`, `SoO:3:4`."""
    found, kind = [], "RT"
    for word in words:
        if word in _EXTENDED:
            kind = _EXTENDED[word]
        else:
            head, colon, tail = word.partition(":")
            if not colon or not tail.isdecimal() or not (head.isdecimal() or parse_address(head)):
                raise ValueError(f"{word!r} is not an extended community (AS:NUMBER or ADDRESS:NUMBER)")
            found.append(f"{kind}:{word}")
    return found


CONFIG.add("ip prefix-list sequence-number\nipv6 prefix-list sequence-number", silent)
