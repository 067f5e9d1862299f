"""A node's merged section with the means to complain about it in place."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from sim.dataclasses import dataclass
from sim.errors import Place, TopologyError
from sim.topology.clab import NodeSection
from sim.topology.complaints import complaint, dotted
from sim.topology.located import Map, line_of


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that is being read: its path as the user wrote it, its folder, the lab's name, what is allowed."""

    file: str
    folder: Path
    lab: str
    outside_binds: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """One node as its levels declare it together."""

    name: str
    origin: Origin
    tree: Map
    section: NodeSection
    own: frozenset[str] = frozenset()  # the keys that the node itself says

    @classmethod
    def of(cls, name: str, origin: Origin, tree: Map, own: Iterable[str] = ()) -> "Declared":
        """The section of a merged tree; TopologyError where merging made something wrong."""
        try:
            section = NodeSection.model_validate(tree)
        except ValidationError as error:
            raise complaint(error, tree, origin.file, ("nodes", name)) from error
        return cls(name, origin, tree, section, frozenset(own))

    def place(self, *path: str | int) -> Place:
        """Where a key of the node stands, whichever level said it."""
        return Place(self.origin.file, line_of(self.tree, path))

    def error(self, text: str, *path: str | int) -> TopologyError:
        """An error at a key of the node."""
        return TopologyError(f"{dotted(['nodes', self.name, *path])}: {text}", self.place(*path))

    def magic(self, text: str) -> str:
        """A text with containerlab's `__clab...__` words replaced."""
        folder = f"{self.origin.folder}/clab-{self.origin.lab}"
        words: Sequence[tuple[str, str]] = (
            ("__clabNodeName__", self.name),
            ("__clabLabName__", self.origin.lab),
            ("__clabNodeDir__", f"{folder}/{self.name}"),
            ("__clabDir__", folder),
        )
        for word, value in words:
            text = text.replace(word, value) if "__clab" in text else text
        return text
