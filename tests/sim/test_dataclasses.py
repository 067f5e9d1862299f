"""Dataclasses whose methods are written when first called behave as the standard ones do."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from sim.dataclasses import FrozenInstanceError, asdict, dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Cable:
    """Frozen, with every kind of field."""

    ends: tuple[str, str]
    mtu_bytes: int = 9500
    labels: list[str] = field(default_factory=list, hash=False)
    place: str = field(default="", compare=False, repr=False)
    longest: ClassVar[int] = 100


@dataclass(frozen=True, slots=True)
class Fibre(Cable):
    """Inherits fields and slots."""

    modes: int = 1


@dataclass(slots=True)
class Draft:
    """Changes, and so is no key."""

    text: str
    length: int = 0

    def __post_init__(self) -> None:
        self.length = len(self.text)


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Is sorted."""

    width: int
    height: int


@dataclass(frozen=True)
class Kept:
    """Has a dictionary, to keep what it computed."""

    text: str = "a"

    def __hash__(self) -> int:
        return 7


@dataclass(frozen=True, slots=True, eq=False)
class Itself:
    """Equal to itself alone."""

    text: str = "a"


def standard(ours: type, **settings: bool) -> Any:
    """The same class by the standard decorator."""
    body = {name: value for name, value in vars(ours).items() if name in ("__post_init__", "__qualname__")}
    own = [(each.name, each.type, each) for each in dataclasses.fields(ours)]
    return dataclasses.make_dataclass(ours.__name__, own, namespace=body, **settings)


@pytest.mark.parametrize(
    ("ours", "settings", "given"),
    [
        (Cable, {"frozen": True, "slots": True}, [(("a", "b"),), (("a", "b"), 1500, ["x"]), (("a", "c"), 1500)]),
        (Fibre, {"frozen": True, "slots": True}, [(("a", "b"),), (("a", "b"), 1500, [], "here", 2)]),
        (Draft, {"slots": True}, [("abc",), ("abc", 5), ("",)]),
        (Size, {"frozen": True, "slots": True, "order": True}, [(1, 2), (2, 1), (1, 2)]),
    ],
)
def test_values_print_and_compare_as_standard_ones(ours: Any, settings: dict[str, bool], given: list[Any]) -> None:
    theirs = standard(ours, **settings)
    here, there = [ours(*each) for each in given], [theirs(*each) for each in given]
    assert [repr(each) for each in here] == [repr(each) for each in there]
    assert [asdict(each) for each in here] == [asdict(each) for each in there]
    assert [[a == b for a in here] for b in here] == [[a == b for a in there] for b in there]
    assert here[0] != there[0]
    assert ours.__match_args__ == theirs.__match_args__
    if settings.get("frozen"):
        assert [hash(each) for each in here] == [hash(each) for each in there]
    else:
        assert ours.__hash__ is None


def test_each_value_gets_its_own_default_list() -> None:
    first, second = Cable(("a", "b")), Cable(("a", "b"))
    first.labels.append("x")
    assert second.labels == []


def test_frozen_values_stay_as_they_are() -> None:
    cable = Cable(("a", "b"))
    with pytest.raises(FrozenInstanceError, match="mtu_bytes"):
        cable.mtu_bytes = 1500  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="mtu_bytes"):
        del cable.mtu_bytes
    assert replace(cable, mtu_bytes=1500) == Cable(("a", "b"), 1500)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
@pytest.mark.parametrize("value", [Fibre(("a", "b"), place="here", modes=2), Draft("abc"), Size(1, 2), Kept("b")])
def test_values_travel_between_processes(value: Any, again: Callable[[Any], Any]) -> None:
    assert repr(again(value)) == repr(value)
    assert again(value) == value


def test_sizes_are_sorted_and_other_classes_are_not_compared() -> None:
    assert sorted([Size(2, 1), Size(1, 2), Size(1, 1)]) == [Size(1, 1), Size(1, 2), Size(2, 1)]
    assert Size(1, 2) <= Size(1, 2) < Size(1, 3)
    with pytest.raises(TypeError):
        sorted([Size(1, 2), (1, 3)])  # type: ignore[type-var]


def test_methods_that_a_class_has_of_its_own_are_kept() -> None:
    assert hash(Kept("b")) == 7
    assert Kept() == Kept()
    one, other = Itself(), Itself()
    assert one == one
    assert one != other
    assert len({one, other}) == 2


def test_a_wrong_argument_is_told_with_the_class_that_refused_it() -> None:
    with pytest.raises(TypeError, match=r"Size\.__init__\(\) missing 1 required positional argument: 'height'"):
        Size(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        Size(1, 2, depth=3)  # type: ignore[call-arg]


def test_a_method_is_written_once() -> None:
    Size(1, 2)
    written = Size.__init__
    Size(3, 4)
    assert Size.__init__ is written
