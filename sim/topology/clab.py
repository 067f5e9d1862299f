"""The containerlab file as its author writes it: one model per section, keys as containerlab spells them.

These models say which keys exist and which shape their values have; the JSON schema is made from them. What values
mean (inheritance, kinds, files) is read elsewhere. A key set to null counts as not set, as it does for containerlab.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from sim.topology.facts import Facts
from sim.topology.located import Map, Scalar, plain
from sim.topology.strict import Strict


def _text(value: Any) -> Any:
    if isinstance(value, Scalar):
        return "" if value.value is None else value.raw
    return value


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Scalar) else value


def _section(value: Any) -> Any:
    return Map() if isinstance(value, Scalar) and value.value is None else value


Text = Annotated[str, BeforeValidator(_text)]
Label = Annotated[Text, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Flag = Annotated[bool, BeforeValidator(_value), Field(strict=True)]
Count = Annotated[int, BeforeValidator(_value), Field(strict=True, ge=0)]
Number = Annotated[float, BeforeValidator(_value), Field(strict=True, ge=0)]
Mtu = Annotated[int, BeforeValidator(_value), Field(strict=True, ge=68, le=65535)]
Free = Annotated[Any, BeforeValidator(plain), WithJsonSchema({})]
Texts = list[Text] | SkipJsonSchema[None]
Labels = dict[str, Label] | SkipJsonSchema[None]
FreeMap = dict[str, Free] | SkipJsonSchema[None]
MaybeText = Text | SkipJsonSchema[None]
MaybeFlag = Flag | SkipJsonSchema[None]


class Section(Strict):
    """Base of the file's mappings: unknown keys are errors, null is unset, `_` of the field is `-` in the file."""

    model_config = ConfigDict(
        alias_generator=lambda name: name.replace("_", "-"),
        defer_build=True,  # most sections are only ever read as part of another
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: each for key, each in value.items() if not (isinstance(each, Scalar) and each.value is None)}
        return value


class _Vars(Facts):
    """Facts read by the lab; other keys are the author's own."""

    model_config = ConfigDict(extra="allow", title="config.vars")


class _FactsHint:
    """Shows the facts in the JSON schema of a free mapping."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_Vars.__pydantic_core_schema__)


class ConfigSection(Section):
    """Variables of a node. The facts `services`, `workloads`, `storage` ... are read by the lab; others are yours."""

    vars: Annotated[dict[str, Free], _FactsHint()] | SkipJsonSchema[None] = None


class DnsSection(Section):
    """The resolver's configuration: becomes the node's /etc/resolv.conf."""

    servers: Texts = None
    options: Texts = None
    search: Texts = None


class CertificateSection(Section):
    """A TLS certificate for the node. `issue: true` is refused: the lab has no certificate authority."""

    issue: MaybeFlag = None
    key_size: Count | SkipJsonSchema[None] = None
    validity_duration: MaybeText = None
    sans: Texts = None


class HealthcheckSection(Section):
    """A command whose success says that the node is healthy. Times are whole seconds."""

    test: Texts = None
    interval: Count | SkipJsonSchema[None] = None
    timeout: Count | SkipJsonSchema[None] = None
    retries: Count | SkipJsonSchema[None] = None
    start_period: Count | SkipJsonSchema[None] = None


class CredentialsSection(Section):
    """Accepted and ignored: nobody logs in to a node."""

    username: MaybeText = None
    password: MaybeText = None
    identity_file: MaybeText = None


class FrrSection(Section):
    """FRR's part of `extras`."""

    daemons: Texts = Field(default=None, description="The routing daemons to run beside zebra and staticd")


class ExtrasSection(Section):
    """What only some kinds have."""

    frr: FrrSection | SkipJsonSchema[None] = None
    srl_agents: SkipJsonSchema[Free] = None
    mysocket_proxy: SkipJsonSchema[Free] = None
    ceos_copy_to_flash: SkipJsonSchema[Free] = None
    k8s_kind: SkipJsonSchema[Free] = Field(default=None, alias="k8s_kind")


class WaitFor(Section):
    """A node waits for another's stage to be over."""

    node: Text
    stage: Literal["create", "create-links", "configure", "healthy", "exit"]


class StageCommand(Section):
    """One command of a stage."""

    command: Text
    target: Literal["container", "host"] = "container"
    phase: Literal["on-enter", "on-exit"] = "on-enter"


class StageCommands(Section):
    """The commands of a stage, by phase."""

    on_enter: Texts = None
    on_exit: Texts = None


class StageSection(Section):
    """One stage of a node's start."""

    wait_for: list[WaitFor] | SkipJsonSchema[None] = None
    exec: list[StageCommand] | StageCommands | SkipJsonSchema[None] = None


class StagesSection(Section):
    """The stages of a node's start."""

    create: StageSection | SkipJsonSchema[None] = None
    create_links: StageSection | SkipJsonSchema[None] = None
    configure: StageSection | SkipJsonSchema[None] = None
    healthy: StageSection | SkipJsonSchema[None] = None
    exit: StageSection | SkipJsonSchema[None] = None


class NodeSection(Section, defer_build=False):  # is read alone, too; the file's model takes over what is built here
    """A node, or what nodes inherit from their group, kind or the defaults."""

    kind: MaybeText = Field(default=None, description="linux, frr (frrouting), cumulus_cvx (cvx), bridge, host")
    group: MaybeText = Field(default=None, description="The node's role: compute, master, gateway ... or any name")
    type: MaybeText = None
    image: MaybeText = Field(default=None, description="A hint: the lab runs the host's own programs")
    image_pull_policy: MaybeText = None
    license: MaybeText = None
    position: MaybeText = None
    hostname: MaybeText = None
    startup_config: MaybeText = Field(default=None, description="Kind frr: the file, or the text itself, of frr.conf")
    startup_delay: Count | SkipJsonSchema[None] = None
    enforce_startup_config: MaybeFlag = None
    suppress_startup_config: MaybeFlag = None
    auto_remove: MaybeFlag = None
    restart_policy: MaybeText = None
    config: ConfigSection | SkipJsonSchema[None] = None
    entrypoint: MaybeText = None
    cmd: MaybeText = None
    exec: Texts = Field(
        default=None, description="Commands run on the node at the end of its boot; one that fails stops the deploy"
    )
    binds: Texts = Field(
        default=None, description="source:/path/on/the/node[:options]; files or folders beside this file"
    )
    volumes: Texts = None
    devices: Texts = None
    cap_add: Texts = None
    privileged: MaybeFlag = None
    cgroupns_mode: MaybeText = None
    cgroup_parent: MaybeText = None
    pid_mode: MaybeText = None
    tmpfs: Labels = None
    security_opts: Texts = None
    shm_size: MaybeText = None
    ports: Texts = None
    mgmt_ipv4: MaybeText = None
    mgmt_ipv6: MaybeText = None
    env: Labels = None
    env_files: Texts = None
    user: Label | SkipJsonSchema[None] = None
    labels: Labels = None
    network_mode: MaybeText = Field(default=None, description="none: no eth0 on the management network")
    runtime: MaybeText = None
    cpu: Number | SkipJsonSchema[None] = None
    cpu_set: MaybeText = None
    memory: MaybeText = None
    sysctls: Labels = None
    extras: ExtrasSection | SkipJsonSchema[None] = None
    stages: StagesSection | SkipJsonSchema[None] = None
    dns: DnsSection | SkipJsonSchema[None] = None
    certificate: CertificateSection | SkipJsonSchema[None] = None
    healthcheck: HealthcheckSection | SkipJsonSchema[None] = None
    credentials: CredentialsSection | SkipJsonSchema[None] = None
    aliases: Texts = None
    components: list[Free] | SkipJsonSchema[None] = None
    link_apply_mode: Literal["live", "restart", "recreate"] | SkipJsonSchema[None] = None
    username: SkipJsonSchema[MaybeText] = None
    password: SkipJsonSchema[MaybeText] = None


NodeOrNull = Annotated[NodeSection, BeforeValidator(_section)]


class MgmtSection(Section):
    """The management network, that gives nodes their eth0."""

    network: MaybeText = None
    bridge: MaybeText = None
    ipv4_subnet: MaybeText = None
    ipv4_gw: MaybeText = None
    ipv4_range: MaybeText = None
    ipv6_subnet: MaybeText = None
    ipv6_gw: MaybeText = None
    ipv6_range: MaybeText = None
    mtu: Mtu | SkipJsonSchema[None] = None
    external_access: MaybeFlag = None
    skip_when_unused: MaybeFlag = None
    driver_opts: Labels = None
    legacy_ipv4_subnet: SkipJsonSchema[MaybeText] = Field(default=None, alias="ipv4_subnet")
    legacy_ipv6_subnet: SkipJsonSchema[MaybeText] = Field(default=None, alias="ipv6_subnet")


class AuthoritySection(Section):
    """Accepted and ignored: the lab has no certificate authority."""

    cert: MaybeText = None
    key: MaybeText = None
    key_size: Count | SkipJsonSchema[None] = None
    validity_duration: MaybeText = None


class SettingsSection(Section):
    """Settings of containerlab itself."""

    certificate_authority: AuthoritySection | SkipJsonSchema[None] = None
