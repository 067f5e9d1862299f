"""What automation tools read of a lab, as containerlab writes it: inventories of Ansible and Nornir, topology data; and
OpenSSH's configuration, by which every tool that reads one (ssh, Ansible, Netmiko, NAPALM) reaches the nodes.

Ansible: hosts by their long names, in groups by kind and by label `ansible-group`; `ansible_host` unless the label
`ansible-no-host-var` is "true". Nornir: by their short names, groups by labels that begin with `nornir-group`.
Beside containerlab's keys stand those by which nodes with an SSH server are logged in to. A lab's management network is
no network of the machine, so connections go through `fabriclab connect`.
"""

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from harness.completion import INVENTORIES
from lab import naming
from lab.lab import Lab
from lab.management import Port
from sim.errors import InputError
from sim.topology.model import Endpoint, Kind, LinkType, Node

USER = "root"
_INTERNAL = (Kind.BRIDGE, Kind.HOST, Kind.WORKLOAD)  # no containers in containerlab, and in none of its inventories
_ANSIBLE_HEAD = """\
all:
  vars:
    # for use on this machine: no proxy of its environment is on the way to a node
    ansible_httpapi_use_proxy: false
  children:
"""


def ansible(lab: Lab) -> str:
    """`ansible-inventory.yml`."""
    groups: dict[str, list[Node]] = {}
    named: dict[str, list[Node]] = {}
    for node in _nodes(lab):
        groups.setdefault(str(node.kind), []).append(node)
        if group := node.labels.get("ansible-group"):
            named.setdefault(group, []).append(node)
    blocks = [block for found in (groups, named) for name in sorted(found) for block in _group(lab, name, found[name])]
    return _ANSIBLE_HEAD + "".join(f"{line}\n" for line in blocks)


def _group(lab: Lab, name: str, nodes: list[Node]) -> Iterator[str]:
    yield f"    {name}:"
    yield "      hosts:"
    for node in sorted(nodes, key=lambda each: each.name):
        yield f"        {naming.long_name(lab.topology, node.name)}:"
        port = lab.ports.get(node.name)
        if node.labels.get("ansible-no-host-var") != "true":
            yield f"          ansible_host: {port.ipv4 if port else ''}".rstrip()
        if has_ssh(lab, node):
            yield f"          ansible_user: {USER}"
            yield f"          ansible_ssh_common_args: {json.dumps('-F ' + shlex.quote(str(ssh_config_file(lab))))}"
            yield f"          ansible_control_path: {json.dumps(f'%(directory)s/{_incarnation(lab)}-%%h')}"


def nornir(lab: Lab) -> str:
    """`nornir-simple-inventory.yml`. `CLAB_NORNIR_PLATFORM_NAME_SCHEMA` names no platform of these kinds."""
    lines = ["---"]
    for node in sorted(_nodes(lab), key=lambda each: (each.kind, each.name)):
        port = lab.ports.get(node.name)
        lines.append(f"{node.name}:")
        lines.append(f"    username: {USER if has_ssh(lab, node) else ''}".rstrip())
        lines.append("    password:")
        lines.append(f"    platform: {node.kind}")
        lines.append(f"    hostname: {port.ipv4 if port else ''}".rstrip())
        groups = sorted(value for key, value in node.labels.items() if key.startswith("nornir-group"))
        lines += ["    groups:", *(f"      - {group}" for group in groups)] if groups else []
        lines += _nornir_options(lab) if has_ssh(lab, node) else []
    return "".join(f"{line}\n" for line in lines)


def _nornir_options(lab: Lab) -> Iterator[str]:
    """How nornir-netmiko and nornir-napalm log in: the configuration of OpenSSH, and the lab's key."""
    config, key = json.dumps(str(ssh_config_file(lab))), json.dumps(str(lab.keys.user().file))
    yield "    connection_options:"
    yield f"      netmiko: {{extras: {{ssh_config_file: {config}, use_keys: true, key_file: {key}}}}}"
    yield f"      napalm: {{extras: {{optional_args: {{ssh_config_file: {config}, use_keys: true, key_file: {key}}}}}}}"


def topology_data(lab: Lab) -> str:
    """`topology-data.json`, as containerlab's default template writes it."""
    topology, net = lab.topology, lab.topology.management
    nodes = [node for node in topology.nodes.values() if node.kind is not Kind.WORKLOAD]
    management = {
        "network": net.network,
        "bridge": net.bridge,
        "ipv4-subnet": net.ipv4_subnet,
        "ipv6-subnet": net.ipv6_subnet,
        "mtu": net.mtu_bytes,
    }
    document = {
        "name": topology.name,
        "type": "clab",
        "clab": {"config": {"prefix": topology.prefix, "mgmt": management}},
        "ssh-pub-keys": [lab.keys.user().public] if any(has_ssh(lab, node) for node in nodes) else [],
        "nodes": {node.name: _data(lab, node, index) for index, node in enumerate(nodes)},
        "links": [_link(lab, link) for link in topology.links if link.type in (LinkType.VETH, LinkType.DUMMY)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _data(lab: Lab, node: Node, index: int) -> dict[str, Any]:
    net, port = lab.topology.management, lab.ports.get(node.name)
    return {
        "index": str(index),
        "shortname": node.name,
        "longname": naming.long_name(lab.topology, node.name),
        "fqdn": f"{node.name}.{lab.name}.io",
        "group": node.group or "",
        "labdir": str(lab.topology.file.parent / f"clab-{lab.name}" / node.name),
        "kind": str(node.kind),
        "image": node.image or "",
        "mgmt-net": net.network if port else "",
        "mgmt-intf": "eth0" if port else "",
        "mgmt-ipv4-address": port.ipv4 if port else "",
        "mgmt-ipv4-prefix-length": ip_network(net.ipv4_subnet).prefixlen if port else 0,
        "mgmt-ipv6-address": port.ipv6 if port and not port.by_dhcp else "",
        "mgmt-ipv6-prefix-length": ip_network(net.ipv6_subnet).prefixlen if port and not port.by_dhcp else 0,
        "mac-address": "",
        "labels": dict(node.labels),
        "port-bindings": [],
    }


def _link(lab: Lab, link: Any) -> dict[str, Any]:
    ends = list(zip("az", link.endpoints, strict=False))
    told = {name: _end(lab, end, "dummy" if len(ends) == 1 else "az".replace(name, "")) for name, end in ends}
    return {"endpoints": told} | ({"vars": dict(link.vars)} if link.vars else {})


def _end(lab: Lab, end: Endpoint, peer: str) -> dict[str, Any]:
    families = {"ipv6" if ":" in address else "ipv4": address for address in end.addresses}
    mac = end.mac or naming.mac_address(lab.name, end.node, end.interface)
    told = {"node": end.node, "interface": end.interface, "mac": mac, **families}
    return told | ({"vars": dict(end.vars)} if end.vars else {}) | {"peer": peer}


def ssh_config(lab: Lab) -> str:
    """OpenSSH's configuration for the nodes with an SSH server, by short name, long name and management addresses."""
    hosts = [(node, lab.ports[node.name]) for node in _nodes(lab) if has_ssh(lab, node)]
    return f"# OpenSSH's configuration for lab {lab.name}: ssh -F FILE NODE\n" + "".join(
        f"""
Host {" ".join(_names(lab, port))}
  HostName {port.ipv4}
  User {USER}
  IdentityFile {_quoted(lab.keys.user().file)}
  IdentitiesOnly yes
  UserKnownHostsFile {_quoted(known_hosts_file(lab))}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ProxyCommand {_proxy(lab, node)}
"""
        for node, port in hosts
    )


def known_hosts(lab: Lab) -> str:
    """The keys by which the nodes are known, so that nobody is asked to trust one."""
    found = ((lab.ports[node.name], lab.keys.host(node.name).public) for node in _nodes(lab) if has_ssh(lab, node))
    return "".join(f"{','.join(_names(lab, port))} {key}\n" for port, key in found)


def ssh_config_file(lab: Lab) -> Path:
    """Where `ssh_config` stands while the lab lives."""
    return lab.keys.folder / "ssh_config"


def known_hosts_file(lab: Lab) -> Path:
    """Where `known_hosts` stands while the lab lives."""
    return lab.keys.folder / "known_hosts"


def has_ssh(lab: Lab, node: Node) -> bool:
    """Whether a node serves SSH on the management network."""
    return node.facts.ssh and node.name in lab.ports


def _incarnation(lab: Lab) -> str:
    """A word that no other lab has, nor an earlier one of this name: Ansible keeps connections by address, and many
    labs use the same addresses."""
    return hashlib.sha256(lab.keys.user().public.encode()).hexdigest()[:8]


def is_listed(node: Node) -> bool:
    """Whether a node is one for tools of automation."""
    return node.kind not in _INTERNAL


def _nodes(lab: Lab) -> list[Node]:
    return [node for node in lab.topology.nodes.values() if is_listed(node)]


def _names(lab: Lab, port: Port) -> list[str]:
    node = lab.topology.nodes[port.node]
    six = [] if port.by_dhcp else [port.ipv6]
    return list(dict.fromkeys([node.name, naming.long_name(lab.topology, node.name), *node.aliases, port.ipv4, *six]))


def _proxy(lab: Lab, node: Node) -> str:
    """The command that is the way to a node: this program, on this lab."""
    run_folder = f"FABRICLAB_RUN={lab.folder.parent}"
    words = ["env", run_folder, *program(), "connect", lab.name, f"{node.name}:22"]
    return shlex.join(words).replace("%", "%%")


def program() -> list[str]:
    """How this program is called from anywhere."""
    installed = Path(sys.executable).with_name("fabriclab")
    if os.access(installed, os.X_OK):
        return [str(installed)]
    root = str(Path(__file__).resolve().parents[1])
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); from harness.cli import main; main()"]


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("%", "%%") + '"'


def write(lab: Lab, form: str) -> str:
    """One of completion.INVENTORIES. InputError for another."""
    forms = dict(zip(INVENTORIES, (ansible, nornir, topology_data, ssh_config), strict=True))
    if form not in forms:
        raise InputError(f"unknown {form!r}; known: {', '.join(forms)}", "--format")
    return forms[form](lab)
