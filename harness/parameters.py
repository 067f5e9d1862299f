"""The types that checks and actions take, and how a function's signature becomes the schema of a YAML step.

A parameter named with a trailing underscore is written without it (`from_` in Python, `from` in YAML). Names of nodes
and cable ends are checked against the topology when one is given, so that a slip is found before anything runs.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationInfo,
    create_model,
)
from pydantic_core import CoreSchema, core_schema

from harness.inet import is_address
from sim.flow import Flow as SimFlow
from sim.topology.model import Topology
from sim.topology.strict import Strict, meant

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """One phrase for a name nobody knows: what it looks like, and what is known."""
    shown = ", ".join(known[:16]) + (", ..." if len(known) > 16 else "")
    return f"no {what} named {name!r}{meant(name, known) or ';'} known: {shown}"


def duration_s(text: object) -> float:
    """`5s`, `500ms` or `2m` in seconds; ValueError for anything else."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"found {text!r}; expected a duration such as 5s, 500ms or 2m")
    return float(match[1]) * _SECONDS[match[2]]


def _topology(info: ValidationInfo) -> Topology | None:
    return info.context.get("topology") if info.context else None


def _node(name: str, info: ValidationInfo) -> str:
    topology = _topology(info)
    if topology is not None and name not in topology.nodes:
        raise ValueError(unknown("node", name, list(topology.nodes)))
    return name


def _endpoint(name: str, info: ValidationInfo) -> str:
    topology = _topology(info)
    node, colon, interface = name.partition(":")
    if not (node and colon and interface):
        raise ValueError(f"found {name!r}; expected node:interface, such as leaf1:eth1")
    _node(node, info)
    ends = [str(end) for link in topology.links for end in link.endpoints] if topology else []
    if topology is not None and name not in ends:
        raise ValueError(unknown("cable end", name, [end for end in ends if end.startswith(f"{node}:")] or ends))
    return name


def _place(name: str, info: ValidationInfo) -> str:
    """A node, or `node:interface` with any interface (one that configuration makes is not in the drawing)."""
    _node(name.partition(":")[0], info)
    return name


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"found {text!r}; expected an address")
    return str(ip_address(text))


def _target(name: str, info: ValidationInfo) -> str:
    return str(ip_address(name)) if is_address(name) else _place(name, info)


def _prefix(text: str) -> str:
    if text == "default":
        return "0.0.0.0/0"
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"found {text!r}; expected a prefix such as 10.0.4.0/24 ({error})") from None


def _port(text: object) -> object:
    return f"tcp/{text}" if isinstance(text, int) and not isinstance(text, bool) else text


def _protocol_port(text: str) -> str:
    protocol, _, port = text.partition("/")
    if text == "icmp" or (protocol in ("tcp", "udp") and port.isdigit() and 0 < int(port) < 65536):
        return text
    raise ValueError(f"found {text!r}; expected a port (tcp), tcp/443, udp/53 or icmp")


NodeName = Annotated[str, AfterValidator(_node)]
"""A node of the topology."""
CableEnd = Annotated[str, AfterValidator(_endpoint)]
"""`node:interface`, an end of a cable of the topology."""
Place = Annotated[str, AfterValidator(_place)]
"""A node, or `node:interface`."""
Target = Annotated[str, AfterValidator(_target)]
"""A node, `node:interface`, or an address."""
Address = Annotated[str, AfterValidator(_address)]
"""An IPv4 or IPv6 address."""
Prefix = Annotated[str, AfterValidator(_prefix)]
"""`10.0.4.0/24`, `2001:db8::/32` or `default` (of IPv4)."""
Port = Annotated[str, BeforeValidator(_port, json_schema_input_type=str | int), AfterValidator(_protocol_port)]
"""`443` (tcp), `tcp/443`, `udp/53` or `icmp`."""
Vars = dict[str, dict[str, Any]]
"""`config.vars` to change, by node or group: `{compute: {storage: nfs}}`."""


class Written(Strict):
    """Base of small mappings inside a step: strict about keys and types."""

    model_config = ConfigDict(strict=True)


class WrittenFlow(Written):
    """A flow as people write it: `{from: server1, to: server4, proto: udp, dport: 4789}`."""

    source: Place = Field(alias="from")
    destination: Target = Field(alias="to")
    protocol: Literal["tcp", "udp", "icmp"] = Field(default="icmp", alias="proto")
    sport: int | None = Field(default=None, ge=1, le=65535)
    dport: int | None = Field(default=None, ge=1, le=65535)


class _FromWriting:
    """Reads a WrittenFlow where a Flow is wanted; a Flow made in Python passes as it is."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = handler.generate_schema(WrittenFlow)
        return core_schema.no_info_wrap_validator_function(_flow, written)


def _flow(value: object, read: core_schema.ValidatorFunctionWrapHandler) -> SimFlow:
    if isinstance(value, SimFlow):
        return value
    written: WrittenFlow = read(value)
    if written.protocol == "icmp" and (written.sport or written.dport):
        raise ValueError("icmp has no ports; write proto: tcp or udp")
    if written.protocol != "icmp" and written.dport is None:
        raise ValueError(f"proto {written.protocol} without a port; write dport")
    return SimFlow(written.source, written.destination, written.protocol, written.sport, written.dport)


Flow = Annotated[SimFlow, _FromWriting()]
"""A 5-tuple by meaning: `{from: server1, to: server4, proto: udp, dport: 4789}`."""


class Opening(Written):
    """What may pass in a separation matrix: `{from: [tester], to: [master], ports: [443]}`."""

    from_: list[Place] = Field(alias="from")
    to: list[Target]
    ports: list[Port]


@cache
def signature_model(function: Callable[..., Any]) -> type[BaseModel]:
    """The schema of a check or an action: its parameters after the first, by their types and defaults."""
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function, eval_str=True).parameters.values())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (parameter.annotation, Field(default=default, alias=written_name(parameter.name)))
    config = ConfigDict(extra="forbid", strict=True, populate_by_name=True, arbitrary_types_allowed=True)
    return create_model(function.__name__, __config__=config, **fields)


def written_name(parameter: str) -> str:
    """A parameter's name in YAML."""
    return parameter.removesuffix("_")


def validated(function: Callable[..., Any], arguments: Mapping[str, Any], topology: Topology | None) -> dict[str, Any]:
    """The arguments of a check or an action, typed; pydantic's ValidationError where they do not fit."""
    model = signature_model(function).model_validate(arguments, context={"topology": topology})
    return {name: getattr(model, name) for name in model.model_fields_set}
