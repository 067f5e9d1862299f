"""The links of a containerlab file, brief and extended, and the file as a whole (see `sim.topology.clab`)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from sim.topology.clab import (
    Count,
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
    """`endpoints: [leaf1:eth1, spine1:eth1]`; one may be `host:NAME`, `mgmt-net:NAME` or `macvlan:NAME`."""

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


class MacvlanLink(LinkSection):
    """An interface of its own MAC on an interface of the lab's host side."""

    type: Literal["macvlan"]
    endpoint: EndpointSection
    host_interface: Text
    mode: Literal["bridge", "vepa", "private", "passthru", "source"] = "bridge"


class VxlanLink(LinkSection):
    """A tunnel (RFC 7348) by way of the lab's host side; two links of one VNI and port are the two ends of a wire."""

    type: Literal["vxlan", "vxlan-stitch"]
    endpoint: EndpointSection
    remote: Text
    vni: Annotated[Count, Field(ge=1, le=16777215)]
    dst_port: Annotated[Count, Field(ge=1, le=65535)] | SkipJsonSchema[None] = None
    udp_port: SkipJsonSchema[Annotated[Count, Field(ge=1, le=65535)] | None] = None
    src_port: Annotated[Count, Field(ge=1, le=65535)] | SkipJsonSchema[None] = None
    parent_interface: MaybeText = None


_TYPES = ("veth", "veth-stitch", "mgmt-net", "host", "dummy", "macvlan", "vxlan", "vxlan-stitch")
_FORMS = {"": "brief", "veth-stitch": "veth", "host": "outer", "mgmt-net": "outer", "vxlan-stitch": "vxlan"}


def _form(value: Any) -> str:
    if not isinstance(value, Mapping):
        raise PydanticCustomError("form", "found {found}; expected a link, such as endpoints: [a:eth1, b:eth1]",
                                  {"found": "nothing" if isinstance(value, Scalar) else f"'{value}'"})  # fmt: skip
    form = str(value.get("type", ""))
    if form and form not in _TYPES:
        raise PydanticCustomError("form", "unknown link type '{form}'; expected one of {known}",
                                  {"form": form, "known": ", ".join(_TYPES)})  # fmt: skip
    return {"": "brief", "veth-stitch": "veth", "host": "outer", "mgmt-net": "outer", "vxlan-stitch": "vxlan"}.get(
        form, form
    )


def _known(value: Any) -> Any:
    _form(value)
    return value


AnyLink = Annotated[
    Annotated[BriefLink, Tag("brief")]
    | Annotated[VethLink, Tag("veth")]
    | Annotated[OuterLink, Tag("outer")]
    | Annotated[DummyLink, Tag("dummy")]
    | Annotated[MacvlanLink, Tag("macvlan")]
    | Annotated[VxlanLink, Tag("vxlan")],
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
