"""The standard `dataclasses`, with a decorator that writes a class' methods when they are first called.

The standard decorator writes and compiles up to nine methods of every class while its module is imported: 0.4 ms for a
frozen one, and even `solve` of a small network loads three hundred classes, of most of which it makes no value. Here a
class begins with stand-ins, and the first call of one puts the written method in its place. All else is the standard
module's: fields, defaults, `replace`, `asdict`, `match`.

A written `__init__` fills slots by their descriptors, in a third of the time of the standard `object.__setattr__`.
InitVar, `init=False` and `kw_only` are not known.
"""

import dataclasses as standard
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError, asdict, field, fields, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["FrozenInstanceError", "asdict", "dataclass", "field", "fields", "is_dataclass", "replace"]

Method = Callable[..., Any]
Writer = Callable[[type], Method]


def _lazy_dataclass(
    *, slots: bool = False, frozen: bool = False, eq: bool = True, order: bool = False
) -> Callable[[type], type]:
    methods: dict[str, Writer] = {"__init__": _init, "__repr__": _repr}
    methods |= {"__eq__": partial(_compare, sign="==")} if eq else {}
    methods |= {"__hash__": _hash} if eq and frozen else {}
    methods |= {name: partial(_compare, sign=sign) for name, sign in _ORDER.items()} if order else {}

    def made(body: type) -> type:
        body.__doc__ = body.__doc__ or body.__name__  # without one, the standard decorator prints the signature
        own = {name for name, value in vars(body).items() if value is not None}  # Python sets a `__hash__` to None
        cls: type = standard.dataclass(init=False, repr=False, eq=False, slots=slots)(body)
        for name, write in methods.items():
            if name not in own:
                setattr(cls, name, _stand_in(cls, name, write))
        if eq and not frozen and "__hash__" not in own:
            cls.__hash__ = None  # type: ignore[assignment]
        if frozen:
            for name, method in _FROZEN.items():
                setattr(cls, name, method)
        return cls

    return made


def _stand_in(cls: type, name: str, write: Writer) -> Method:
    def method(self: object, *args: Any, **named: Any) -> Any:
        if vars(cls)[name] is method:
            written = write(cls)
            written.__qualname__ = f"{cls.__qualname__}.{name}"
            setattr(cls, name, written)
        return vars(cls)[name](self, *args, **named)

    return method


def _init(cls: type) -> Method:
    known: dict[str, Any] = {"_unset": MISSING}
    parameters, body = ["self"], []
    for each in _fields(cls):
        name = value = parameter = each.name
        if each.default is not MISSING:
            known[f"_default_{name}"] = each.default
            parameter = f"{name}=_default_{name}"
        elif each.default_factory is not MISSING:
            known[f"_make_{name}"] = each.default_factory
            parameter = f"{name}=_unset"
            value = f"_make_{name}() if {name} is _unset else {name}"
        parameters.append(parameter)
        if cls.__dictoffset__:
            body.append(f"self.__dict__[{name!r}] = {value}")
        else:
            known[f"_set_{name}"] = getattr(cls, name).__set__
            body.append(f"_set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    return _function(f"__init__({', '.join(parameters)})", "; ".join(body) or "pass", known)


def _repr(cls: type) -> Method:
    told = ", ".join(f"{each.name}={{self.{each.name}!r}}" for each in _fields(cls) if each.repr)
    return _function("__repr__(self)", f"return f'{{self.__class__.__qualname__}}({told})'")


def _hash(cls: type) -> Method:
    hashed = [each for each in _fields(cls) if (each.compare if each.hash is None else each.hash)]
    return _function("__hash__(self)", f"return hash({_values('self', hashed)})")


def _compare(cls: type, sign: str) -> Method:
    compared = [each for each in _fields(cls) if each.compare]
    ours, theirs = _values("self", compared), _values("other", compared)
    answer = f"return {ours} {sign} {theirs} if other.__class__ is self.__class__ else NotImplemented"
    return _function("compare(self, other)", answer)


_ORDER = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


def _fields(cls: type) -> tuple[Field[Any], ...]:
    return fields(cls)


def _values(of: str, chosen: Iterable[Field[Any]]) -> str:
    return f"({''.join(f'{of}.{each.name},' for each in chosen)})"


def _function(head: str, body: str, known: dict[str, Any] | None = None) -> Method:
    """`def head: body`, one line; the only name it binds is returned."""
    made: dict[str, Any] = {}
    exec(f"def {head}: {body}", known or {}, made)
    (function,) = made.values()
    return function  # type: ignore[no-any-return]


def _refuse_to_set(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_FROZEN: dict[str, Method] = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _lazy_dataclass
