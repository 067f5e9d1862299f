"""The links of a containerlab file, brief and extended, and the file as a whole (see `sim.topology.clab`)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from sim.topology.clab import (
    FreeMap,
    Labels,
    MaybeText,
    MgmtSection,
    Mtu,
    NodeOrNull,
    NodeSection,
    Section,
    SettingsSection,
    Text,
    Texts,
)
from sim.topology.located import Scalar


class LinkSection(Section):
    """What every link may say. `ipv4` and `ipv6` give the ends their addresses in order; "" skips an end."""

    mtu: Mtu | SkipJsonSchema[None] = None
    labels: Labels = None
    ipv4: Texts = Field(default=None, max_length=2)
    ipv6: Texts = Field(default=None, max_length=2)
    vars: FreeMap = None
    deploymentstate: SkipJsonSchema[MaybeText] = Field(default=None, alias="deploymentstate")


class BriefLink(LinkSection):
    """`endpoints: [leaf1:eth1, spine1:eth1]`; one of them may be `host:NAME` or `mgmt-net:NAME`."""

    endpoints: list[Text] = Field(min_length=2, max_length=2)


class EndpointSection(Section):
    """One end of an extended link."""

    node: Text
    interface: Text
    mac: MaybeText = None
    ipv4: MaybeText = None
    ipv6: MaybeText = None
    vars: FreeMap = None


class VethLink(LinkSection):
    """A cable between two nodes. `veth-stitch` is read as a plain one: captures need no stitch here."""

    type: Literal["veth", "veth-stitch"]
    endpoints: list[EndpointSection] = Field(min_length=2, max_length=2)


class OuterLink(LinkSection):
    """A cable from a node to the management bridge, or to the machine that the enclosure stands in for."""

    type: Literal["mgmt-net", "host"]
    endpoint: EndpointSection
    host_interface: Text


class DummyLink(LinkSection):
    """An interface that leads nowhere."""

    type: Literal["dummy"]
    endpoint: EndpointSection


_REFUSED = {
    "macvlan": "is cabled to the host's own network, which a lab never touches",
    "vxlan": "leads to another host, and a lab stays on one",
    "vxlan-stitch": "leads to another host, and a lab stays on one",
}
_TYPES = ("veth", "veth-stitch", "mgmt-net", "host", "dummy")


def _form(value: Any) -> str:
    if not isinstance(value, Mapping):
        raise PydanticCustomError("form", "found {found}; expected a link, such as endpoints: [a:eth1, b:eth1]",
                                  {"found": "nothing" if isinstance(value, Scalar) else f"'{value}'"})  # fmt: skip
    form = str(value.get("type", ""))
    if form in _REFUSED:
        raise PydanticCustomError(
            "form", f"a link of type {form} {_REFUSED[form]}; expected one of {', '.join(_TYPES)}"
        )
    if form and form not in _TYPES:
        raise PydanticCustomError("form", "unknown link type '{form}'; expected one of {known}",
                                  {"form": form, "known": ", ".join(_TYPES)})  # fmt: skip
    return {"": "brief", "veth-stitch": "veth", "host": "outer", "mgmt-net": "outer"}.get(form, form)


def _known(value: Any) -> Any:
    _form(value)
    return value


AnyLink = Annotated[
    Annotated[BriefLink, Tag("brief")]
    | Annotated[VethLink, Tag("veth")]
    | Annotated[OuterLink, Tag("outer")]
    | Annotated[DummyLink, Tag("dummy")],
    Discriminator(_form),
    BeforeValidator(_known),
]


class TopologySection(Section):
    """Nodes, what they inherit, and links."""

    defaults: NodeSection | SkipJsonSchema[None] = None
    kinds: dict[str, NodeOrNull] | SkipJsonSchema[None] = None
    groups: dict[str, NodeOrNull] | SkipJsonSchema[None] = None
    nodes: dict[str, NodeOrNull] = Field(min_length=1)
    links: list[AnyLink] | SkipJsonSchema[None] = None


class ClabFile(Section):
    """A containerlab topology file, as Fabriclab reads it."""

    name: Text
    prefix: MaybeText = None
    mgmt: MgmtSection | SkipJsonSchema[None] = None
    settings: SettingsSection | SkipJsonSchema[None] = None
    debug: SkipJsonSchema[Any] = None
    topology: TopologySection
