"""Kinds, and the keys that the lab cannot honour: each is refused with its reason, never passed over.

Keys that only steer a container engine (image, ports, memory, privileged ...) are hints that change nothing here; they
are listed in docs/containerlab.md.
"""

from collections.abc import Callable, Iterator

from sim.topology.declared import Declared
from sim.topology.frr_kind import ALWAYS_RUNNING, DAEMONS
from sim.topology.model import Kind
from sim.topology.strict import meant

_KINDS = {
    "linux": Kind.LINUX,
    "frr": Kind.FRR,
    "frrouting": Kind.FRR,
    "cumulus_cvx": Kind.CUMULUS,
    "cvx": Kind.CUMULUS,
    "bridge": Kind.BRIDGE,
    "host": Kind.HOST,
}
_NEIGHBOURS = {
    "nvidia_cumulusvx": "it is a virtual machine; cumulus_cvx is the same system as a container",
    "ovs-bridge": "Open vSwitch belongs to the host; kind bridge is a Linux bridge of the lab's own",
    "ext-container": "containers of others are not part of a lab; make it a node of kind linux",
}
_PRIVATE_FOLDERS = ("/etc", "/run", "/var", "/tmp")
_DEVICES = ("/dev/net/tun", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def kind_of(node: Declared) -> Kind:
    """The node's kind; TopologyError for none, and for kinds that the lab has not."""
    kind = node.section.kind
    if not kind:
        raise node.error(f"has no kind; set it here, in its group or in defaults; known: {', '.join(_KINDS)}")
    if kind not in _KINDS:
        hint = f"; {_NEIGHBOURS[kind]}" if kind in _NEIGHBOURS else meant(kind, _KINDS)
        raise node.error(f"kind {kind!r} cannot be run here; expected one of {', '.join(_KINDS)}{hint}", "kind")
    return _KINDS[kind]


def refuse(node: Declared, kind: Kind) -> None:
    """TopologyError on the first key of the node that cannot be honoured."""
    for rule in _RULES:
        for path, reason in rule(node, kind):
            raise node.error(reason, *path)


Refusal = tuple[tuple[str | int, ...], str]
Rule = Callable[[Declared, Kind], Iterator[Refusal]]


def _modes(node: Declared, _: Kind) -> Iterator[Refusal]:
    mode = node.section.network_mode
    if mode not in (None, "none", "bridge"):
        yield ("network-mode",), f"{mode!r} would join another network namespace; expected none, or no such key"


def _volumes(node: Declared, _: Kind) -> Iterator[Refusal]:
    if node.section.volumes:
        yield ("volumes",), "volumes outlive a lab, and nothing of a lab may; use binds, which are copied"


def _devices(node: Declared, _: Kind) -> Iterator[Refusal]:
    for index, device in enumerate(node.section.devices or ()):
        if device.split(":")[0] not in _DEVICES:
            yield ("devices", index), f"{device!r} is a device of the host; expected one of {', '.join(_DEVICES)}"


def _tmpfs(node: Declared, _: Kind) -> Iterator[Refusal]:
    for path in node.section.tmpfs or ():
        if not path.startswith(tuple(f"{folder}/" for folder in _PRIVATE_FOLDERS)) and path not in _PRIVATE_FOLDERS:
            yield ("tmpfs", path), f"{path!r} is not the node's own; these are: {', '.join(_PRIVATE_FOLDERS)}"


def _components(node: Declared, _: Kind) -> Iterator[Refusal]:
    if node.section.components:
        yield ("components",), "components are cards of SR OS, and this is no such node; take them out"


def _certificate(node: Declared, _: Kind) -> Iterator[Refusal]:
    if node.section.certificate and node.section.certificate.issue:
        yield ("certificate", "issue"), "the lab has no certificate authority; bring the certificate by binds"


def _startup(node: Declared, kind: Kind) -> Iterator[Refusal]:
    if node.section.startup_config and kind is not Kind.FRR:
        yield ("startup-config",), f"kind {kind} has none; use kind frr, or bind it: source:/etc/frr/frr.conf"


def _extras(node: Declared, kind: Kind) -> Iterator[Refusal]:
    extras = node.section.extras
    for key in extras.model_fields_set if extras else ():
        if key != "frr" or kind is not Kind.FRR:
            spelt = key if key == "k8s_kind" else key.replace("_", "-")
            yield ("extras", spelt), f"means nothing to kind {kind}; expected extras.frr on kind frr, or nothing"


def _frr_daemons(node: Declared, _: Kind) -> Iterator[Refusal]:
    frr = node.section.extras.frr if node.section.extras else None
    for index, daemon in enumerate((frr.daemons if frr else None) or ()):
        if daemon not in (*DAEMONS, *ALWAYS_RUNNING):
            hint = meant(daemon, DAEMONS) or f"; known: {', '.join(DAEMONS)}"
            yield ("extras", "frr", "daemons", index), f"FRR has no daemon {daemon!r}{hint}"


def _environment(node: Declared, _: Kind) -> Iterator[Refusal]:
    if (node.section.env or {}).get("__IMPORT_ENVS", "false").lower() in ("true", "1", "yes"):
        yield ("env", "__IMPORT_ENVS"), "the caller's environment is not handed to nodes; name the variables"


def _not_a_system(node: Declared, kind: Kind) -> Iterator[Refusal]:
    unread = {Kind.BRIDGE: ("binds", "exec", "sysctls", "env-files"), Kind.HOST: ("binds", "sysctls")}.get(kind, ())
    for key in unread:
        if key in node.own:
            yield (key,), f"kind {kind} is not a system of its own; take {key} out, or use kind linux"


def _management(node: Declared, kind: Kind) -> Iterator[Refusal]:
    for key, value in (("mgmt-ipv4", node.section.mgmt_ipv4), ("mgmt-ipv6", node.section.mgmt_ipv6)):
        if value and (kind in (Kind.BRIDGE, Kind.HOST) or node.section.network_mode == "none"):
            yield (key,), "the node is not on the management network; take the address or network-mode: none out"


_RULES: tuple[Rule, ...] = (
    _modes,
    _volumes,
    _devices,
    _tmpfs,
    _components,
    _certificate,
    _startup,
    _extras,
    _frr_daemons,
    _environment,
    _not_a_system,
    _management,
)
