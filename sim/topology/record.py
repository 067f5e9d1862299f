"""A Topology as a plain record that JSON can hold, and back: how a running lab is found again by its name alone."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sim.errors import TopologyError
from sim.topology.model import Topology


def to_record(topology: Topology) -> dict[str, Any]:
    """Everything the topology holds, as mappings, lists and texts."""
    record: dict[str, Any] = _adapter().dump_python(topology, mode="json", by_alias=True)
    return record


def from_record(record: Mapping[str, Any]) -> Topology:
    """The topology of a record; equal to the one it was made of. TopologyError if it is no such record."""
    try:
        return _adapter().validate_python(dict(record))
    except ValidationError as error:
        raise TopologyError("the record of a topology is damaged; deploy it again from its file") from error


@cache
def _adapter() -> TypeAdapter[Topology]:
    return TypeAdapter(Topology)
