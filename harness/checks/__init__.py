"""The checks: one file each, holding a function of the same name. This folder is the index.

A check's first parameter is the Witness, the rest are what a scenario may write; it answers with a Verdict and changes
nothing. Its docstring is the help text. Helpers that several checks share live elsewhere in `harness`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from harness.verdict import Verdict

Check = Callable[..., Verdict]


@cache
def names() -> tuple[str, ...]:
    """The name of every check."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def check(name: str) -> Check:
    """The check of that name; KeyError if there is none."""
    if name not in names():
        raise KeyError(name)
    found: Any = getattr(import_module(f"{__name__}.{name}"), name)
    return found  # type: ignore[no-any-return]


def checks() -> Mapping[str, Check]:
    """Every check by name."""
    return {name: check(name) for name in names()}
