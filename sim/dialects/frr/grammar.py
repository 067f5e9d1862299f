"""A table of commands, as a tree of words: which handler a line of frr.conf belongs to.

A pattern is words; `*` stands for any one word, `a|b` for either, and `...` at its end for anything more. A line that
stops before its pattern does is incomplete; a line that goes on after it is unknown, as with vtysh. `no` in front of a
line negates it, and may leave out its last words: the handler then sees them as "".
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.dialects.frr.reading import Reading

Words = list[str]
Handler = Callable[["Reading", Words, bool], None]


class Node:
    """One word of the tree: what may come next, and who handles a line that ends here."""

    __slots__ = ("any", "handler", "more", "words")

    def __init__(self) -> None:
        self.words: dict[str, Node] = {}
        self.any: Node | None = None
        self.handler: Handler | None = None
        self.more = False


class Commands:
    """The commands of one context. `parent` is where a line goes that this context does not know."""

    def __init__(self, name: str, parent: "Commands | None" = None, exits: Iterable[str] = ()) -> None:
        self.name = name
        self.parent = parent
        self.exits = frozenset(exits) | {"exit", "quit"}
        self.root = Node()

    def on(self, *patterns: str) -> Callable[[Handler], Handler]:
        """Decorates the handler of lines of these patterns."""

        def register(handler: Handler) -> Handler:
            for pattern in patterns:
                self._add(pattern.split(), handler)
            return handler

        return register

    def add(self, patterns: str, handler: Handler) -> None:
        """One handler for many patterns, one a line."""
        for line in patterns.split("\n"):
            if words := line.split():
                self._add(words, handler)

    def _add(self, words: list[str], handler: Handler) -> None:
        nodes = [self.root]
        for word in words:
            if word == "...":
                for node in nodes:
                    node.more = True
                continue
            nodes = [_next(node, each) for node in nodes for each in word.split("|")]
        for node in nodes:
            assert node.handler in (None, handler), f"{self.name}: {' '.join(words)} is registered twice"
            node.handler = handler

    def find(self, words: Words) -> Handler | None:
        """Who handles a line; None where nobody does."""
        node = self.root
        for word in words:  # most lines take the literal word wherever there is one
            found = node.words.get(word) or node.any
            if found is None:
                if node.more:
                    return node.handler
                break
            node = found
        else:
            if node.handler is not None:
                return node.handler
        return _search(self.root, words, 0)

    def find_negated(self, words: Words) -> Handler | None:
        """Who handles `no` and these words; pads them with "" where the line leaves out the last ones."""
        found = self.find(words)
        if found is not None:
            return found
        node: Node | None = self.root
        for word in words:
            assert node is not None
            node = node.words.get(word) or node.any
            if node is None:
                return None
        while node is not None and node.handler is None:
            words.append("")
            node = node.any or next(iter(node.words.values()), None)
        return node.handler if node else None

    def is_incomplete(self, words: Words) -> bool:
        """Whether commands of this context begin so and go on."""
        node = self.root
        for word in words:
            following = node.words.get(word) or node.any
            if following is None:
                return False
            node = following
        return True


def _next(node: Node, word: str) -> Node:
    if word == "*":
        node.any = node.any or Node()
        return node.any
    return node.words.setdefault(word, Node())


def _search(node: Node, words: Words, at: int) -> Handler | None:
    """The handler of the words from `at` on: a literal word before `*`, and a longer pattern before `...`."""
    if at == len(words):
        return node.handler
    for following in (node.words.get(words[at]), node.any):
        if following is not None and (found := _search(following, words, at + 1)) is not None:
            return found
    return node.handler if node.more else None
