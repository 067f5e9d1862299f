"""One rule of iptables' language, from its chain on: words -> Rules (a list of addresses makes several), as printed."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from sim.dataclasses import dataclass, field
from sim.dialects.iptables.matches import MATCHES, of_protocol
from sim.dialects.iptables.names import UNMODELLED_MATCHES
from sim.dialects.iptables.options import Asked, Extension
from sim.dialects.iptables.targets import TARGETS, VERDICTS, Done, Given, free_form, known
from sim.dialects.iptables.values import (
    address,
    address_match,
    address_text,
    protocol,
    protocol_name,
    wildcard,
)
from sim.dialects.iptables.words import Cursor, quoted
from sim.errors import ConfigError, Place
from sim.filters.actions import Jump
from sim.filters.matches import Bits, Match, Named, Unmodelled, within
from sim.filters.model import Rule
from sim.snapshot import Note

_LONG = {
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--protocol": "-p",
    "--proto": "-p",
    "--match": "-m",
    "--jump": "-j",
    "--goto": "-g",
    "--fragment": "-f",
    "--set-counters": "-c",
    "--ipv4": "-4",
    "--ipv6": "-6",
}
_HEAD = ("-s", "-d", "-i", "-o", "-p", "-f")
_NO_INPUT = {"OUTPUT", "POSTROUTING"}  # chains that know no incoming, and no outgoing interface
_NO_OUTPUT = {"INPUT", "PREROUTING"}


@dataclass(frozen=True, slots=True)
class Context:
    """Whose rule it is."""

    version: int
    table: str
    chain: str
    place: Place


@dataclass(slots=True)
class _Loaded:
    """A `-m` of the rule, with the options given so far."""

    name: str
    extension: Extension | None  # None: not modelled, its words stand as they are
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        order = list(self.extension.options) if self.extension else list(self.texts)
        texts = {**self.extension.defaults, **self.texts} if self.extension else self.texts
        shown = [texts[option] for option in order if option in texts]
        return " ".join([f"-m {self.name}", *shown])


@dataclass(slots=True)
class _Reading:
    """A rule while its words are read."""

    context: Context
    cursor: Cursor
    head: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, tuple[list[tuple[int, int]], bool]] = field(default_factory=dict)
    protocol: int | None = None
    protocol_negated: bool = False
    loaded: list[_Loaded] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    target: str = ""
    goto: bool = False
    given: Given | None = None

    def wrong(self, text: str) -> ConfigError:
        return self.cursor.wrong(text)


def read_rule(words: list[str], context: Context) -> tuple[list[Rule], list[Note]]:
    """The rules that the words behind `-A CHAIN` make, and notes. ConfigError for what iptables refuses."""
    reading = _Reading(context, Cursor(list(_parted(words)), context.place))
    negated = False
    for word in reading.cursor:
        if word == "!":
            if negated:
                raise reading.wrong("multiple consecutive ! not allowed")
            negated = True
            continue
        _word(reading, _LONG.get(word, word), negated)
        negated = False
    if negated:
        raise reading.wrong("nothing appropriate following !")
    _check_extensions(reading)
    return list(_made(reading)), reading.notes


def _parted(words: Iterable[str]) -> Iterator[str]:
    """`--dport=22` is `--dport 22`."""
    for word in words:
        name, equals, value = word.partition("=")
        yield from (name, value) if equals and name.startswith("--") else (word,)


def _word(reading: _Reading, option: str, negated: bool) -> None:
    if option in _READERS:
        _READERS[option](reading, option, negated)
    elif option in ("-4", "-6"):
        if str(reading.context.version) != option[1]:
            raise reading.wrong(f"{option} in a file of the other IP version")
    elif option == "-c":
        reading.cursor.value(option)
        reading.cursor.value(option)
    elif not option.startswith("-"):
        raise reading.wrong(f"Bad argument `{option}'")
    else:
        _extension_option(reading, option, negated)


# --- what every rule may ask


def _once(reading: _Reading, option: str) -> None:
    if option in reading.head:
        raise reading.wrong(f"multiple {option} flags not allowed")


def _address(reading: _Reading, option: str, negated: bool) -> None:
    _once(reading, option)
    said = reading.cursor.value(option)
    version = reading.context.version
    found = [address(each, version, reading.context.place) for each in said.split(",")]
    if negated and len(found) > 1:
        raise reading.wrong("! not allowed with multiple source or destination IP addresses")
    if negated and found[0][1] == 0:
        raise reading.wrong(f"! {option} {said} excludes every address")
    reading.head[option] = said
    reading.addresses[option] = (found, negated)


def _interface(reading: _Reading, option: str, negated: bool) -> None:
    _once(reading, option)
    name = reading.cursor.value(option)
    if len(name) > 15:
        raise reading.wrong(f"interface name `{name}' must be shorter than IFNAMSIZ (15)")
    refused = _NO_INPUT if option == "-i" else _NO_OUTPUT
    if reading.context.chain in refused:
        raise reading.wrong(f"Can't use {option} with {reading.context.chain}")
    reading.head[option] = f"{'! ' if negated else ''}{option} {name}"
    if name != "+" or negated:
        reading.matches.append(Named("incoming" if option == "-i" else "outgoing", (wildcard(name),), negated))
    if name == "+" and not negated:
        reading.head[option] = ""


def _protocol(reading: _Reading, option: str, negated: bool) -> None:
    _once(reading, option)
    number = protocol(reading.cursor.value(option), reading.context.place)
    reading.head[option] = f"{'! ' if negated else ''}-p {protocol_name(number)}" if number else ""
    if not number:
        if negated:
            raise reading.wrong("rule would never match protocol")
        return
    reading.protocol, reading.protocol_negated = number, negated
    reading.matches.append(within("protocol", ((number, number),), negated))


def _fragment(reading: _Reading, option: str, negated: bool) -> None:
    """A second or later fragment: probes are never fragmented."""
    reading.head[option] = f"{'! ' if negated else ''}-f"
    if not negated:
        reading.matches.append(Bits("length", 0, 1))


def _load(reading: _Reading, option: str, negated: bool) -> None:
    name = reading.cursor.value(option)
    if negated:
        raise reading.wrong("unexpected ! flag before --match")
    name = {"icmpv6": "icmp6"}.get(name, name)
    if name in MATCHES:
        _load_named(reading, name)
    elif name in UNMODELLED_MATCHES:
        _load_unmodelled(reading, name)
    else:
        raise reading.wrong(f"Couldn't load match `{name}':No such file or directory")


def _load_named(reading: _Reading, name: str) -> _Loaded:
    loaded = _Loaded(name, MATCHES[name])
    reading.loaded.append(loaded)
    return loaded


_OPTIONAL = ("tcp", "udp", "udplite", "sctp", "dccp", "limit")  # extensions that may stand without an option


def _check_extensions(reading: _Reading) -> None:
    """Most need an option; those of one protocol need it by `-p`, wherever in the rule it stands."""
    name = protocol_name(reading.protocol) if reading.protocol and not reading.protocol_negated else None
    for loaded in reading.loaded:
        if loaded.extension and not loaded.texts and loaded.name not in _OPTIONAL:
            raise reading.wrong(f"{loaded.name}: At least one option is required")
        needed = loaded.extension.protocols if loaded.extension else ()
        if needed and name not in needed:
            raise reading.wrong(f"{loaded.name} needs {', '.join(f'`-p {each}{chr(39)}' for each in needed)}")


def _load_unmodelled(reading: _Reading, name: str) -> None:
    """Its options, whatever they are, up to the next one-letter option."""
    taken: list[str] = []
    cursor = reading.cursor
    while cursor.next is not None and not _ends_free_form(cursor):
        taken.append(cursor.value(name))
    text = " ".join(quoted(word) if " " in word else word for word in taken)
    reading.loaded.append(_Loaded(name, None, {"": text} if text else {}))
    note = Note(reading.context.place, f"the match -m {name} {text}".rstrip() + " is not modelled")
    reading.matches.append(Unmodelled(note))
    reading.notes.append(note)


def _ends_free_form(cursor: Cursor) -> bool:
    word = cursor.next or ""
    if word == "!":
        following = cursor.words[cursor.at + 1] if cursor.at + 1 < len(cursor.words) else ""
        return _LONG.get(following, following) in _READERS
    return _LONG.get(word, word) in _READERS


def _jump(reading: _Reading, option: str, negated: bool) -> None:
    if negated:
        raise reading.wrong(f"unexpected ! flag before {option}")
    if reading.target:
        raise reading.wrong(f"multiple {option} flags not allowed")
    reading.target, reading.goto = reading.cursor.value(option), option == "-g"
    if option == "-j" and known(reading.target) and reading.target not in VERDICTS:
        reading.given = Given(reading.target, reading.context.place, reading.context.version, reading.protocol)
        if reading.target not in TARGETS:
            _free_form_target(reading, reading.given)


def _free_form_target(reading: _Reading, given: Given) -> None:
    cursor = reading.cursor
    values: list[str] = []
    while cursor.next is not None and not _ends_free_form(cursor):
        word = cursor.value(given.name)
        values = given.options.setdefault(word, []) if word.startswith("--") else values
        if not word.startswith("--"):
            values.append(word)


_READERS = {
    "-s": _address,
    "-d": _address,
    "-i": _interface,
    "-o": _interface,
    "-p": _protocol,
    "-f": _fragment,
    "-m": _load,
    "-j": _jump,
    "-g": _jump,
}


# --- what extensions may ask


def _extension_option(reading: _Reading, option: str, negated: bool) -> None:
    """An option belongs to the extension loaded last that has it, to the target, or to that of the protocol."""
    if (found := _owner(reading, option)) is not None:
        loaded, name = found
        return _ask(reading, loaded, name, negated)
    if reading.given and _target_option(reading, reading.given, option):
        return None
    implied = of_protocol(reading.protocol) if reading.protocol and not reading.protocol_negated else None
    if implied and all(each.name != implied for each in reading.loaded):
        extension = MATCHES[implied]
        if own := _spelled(option, extension.options, extension.aliases or {}):
            return _ask(reading, _load_named(reading, implied), own, negated)
    raise reading.wrong(f'unknown option "{option}"')


def _target_option(reading: _Reading, given: Given, option: str) -> bool:
    target = TARGETS.get(given.name)
    name = _spelled(option, target.options, target.aliases) if target else None
    if target and name:
        given.options[name] = [reading.cursor.value(name) for _ in range(target.options[name])]
    return name is not None


def _owner(reading: _Reading, option: str) -> tuple[_Loaded, str] | None:
    for loaded in reversed(reading.loaded):
        if loaded.extension is None:
            continue
        name = _spelled(option, loaded.extension.options, loaded.extension.aliases or {})
        if name:
            return loaded, name
    return None


def _spelled(option: str, options: Mapping[str, object], aliases: Mapping[str, str]) -> str | None:
    """The option's own name: getopt_long takes any beginning that is not ambiguous."""
    if option in options:
        return option
    if option in aliases:
        return aliases[option]
    names = [name for name in (*options, *aliases) if option.startswith("--") and name.startswith(option)]
    found = {aliases.get(name, name) for name in names}
    return found.pop() if len(found) == 1 and len(option) > 3 else None


def _ask(reading: _Reading, loaded: _Loaded, name: str, negated: bool) -> None:
    assert loaded.extension is not None
    option = loaded.extension.options[name]
    if name in loaded.texts:
        raise reading.wrong(f"Only one `{name}' allowed")
    values = [reading.cursor.value(name) for _ in range(option.arity)]
    context = reading.context
    read = option.read(Asked(name, values, negated, context.place, context.version, reading.protocol))
    loaded.texts[name] = read.text
    reading.matches += read.matches
    reading.notes += [read.note] if read.note else []
    reading.notes += [match.note for match in read.matches if isinstance(match, Unmodelled)]


# --- the rule


def _made(reading: _Reading) -> Iterator[Rule]:
    done = _done(reading)
    version = reading.context.version
    sources, not_source = reading.addresses.get("-s", ([None], False))
    targets, not_target = reading.addresses.get("-d", ([None], False))
    for source, destination in product(sources, targets):
        matches: list[Match] = []
        texts = {name: text for name, text in reading.head.items() if name not in ("-s", "-d")}
        for option, name, found, negated in (
            ("-s", "source", source, not_source),
            ("-d", "destination", destination, not_target),
        ):
            if found is None:
                continue
            match = address_match(name, *found, version, negated)
            matches += [match] if match else []
            if match:
                texts[option] = f"{'! ' if negated else ''}{option} {address_text(*found, version)}"
        yield Rule(
            text=_text(reading, texts, done),
            matches=(*matches, *reading.matches),
            effects=done.effects,
            verb=done.verb,
            place=reading.context.place,
        )


def _text(reading: _Reading, head: Mapping[str, str], done: Done) -> str:
    parts = [f"-A {reading.context.chain}", *(head[name] for name in _HEAD if head.get(name))]
    parts += [loaded.text for loaded in reading.loaded]
    if reading.target:
        parts.append(f"{'-g' if reading.goto else '-j'} {reading.target} {done.text}".rstrip())
    return " ".join(parts)


def _done(reading: _Reading) -> Done:
    name, given = reading.target, reading.given
    if not name:
        return Done()
    if not reading.goto and name in VERDICTS:
        if name == "DROP" and reading.context.table == "nat":
            raise reading.wrong(
                'The "nat" table is not intended for filtering, the use of DROP is therefore inhibited.'
            )
        return Done(verb=VERDICTS[name])
    if given is None:
        return Done(verb=Jump(name, reading.goto))
    given.protocol = None if reading.protocol_negated else reading.protocol
    if name not in TARGETS:
        return free_form(given)
    _allowed(reading, name)
    return TARGETS[name].mean(given)


def _allowed(reading: _Reading, name: str) -> None:
    """The kernel takes some targets in some tables and hooks alone."""
    target, context = TARGETS[name], reading.context
    if target.tables and context.table not in target.tables:
        raise reading.wrong(f"{name} is valid in table {', '.join(target.tables)} only, not in {context.table}")
    if target.chains and context.chain.isupper() and context.chain in _BUILT_IN and context.chain not in target.chains:
        raise reading.wrong(f"{name} is valid in {', '.join(target.chains)} only, not in {context.chain}")


_BUILT_IN = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
