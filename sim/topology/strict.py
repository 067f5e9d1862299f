"""Models of what people write: frozen, and strict about keys, with a word on what was probably meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

UNKNOWN_KEY = "unknown_key"


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'image'?` where one of the known words is close, else nothing."""
    close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


class Strict(BaseModel):
    """A mapping whose unknown keys are errors that list the known ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and cls.model_config.get("extra") == "forbid":
            known = keys(cls)
            for key in value:
                if key not in known:
                    hint = meant(str(key), known) or f"; known: {', '.join(sorted(known))}"
                    text = f"unknown key {key!r}{hint}"
                    raise PydanticCustomError(UNKNOWN_KEY, "{text}", {"text": text, "key": key})
        return value


@cache
def keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys a model knows, as they are spelt in the file."""
    return tuple(field.alias or name for name, field in model.model_fields.items())
