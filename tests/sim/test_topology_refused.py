"""What a topology file may not say: each is refused in one line that names the file and the line."""

import re
from pathlib import Path

import pytest
from topology_texts import write

from sim.errors import TopologyError
from sim.topology.reader import read_topology

HEAD = "name: bad\ntopology:\n"
NODES = HEAD + "  nodes:\n"
TWO = HEAD + "  defaults: {kind: linux}\n  nodes:\n    n1: {}\n    n2: {}\n  links:\n"
N1 = NODES + "    n1:\n      kind: linux\n"
VARS = N1 + "      config:\n        vars:\n"


def node(line: str) -> str:
    return N1 + f"      {line}\n"


def links(*lines: str) -> str:
    return TWO + "".join(f"    - {line}\n" for line in lines)


TUNNEL = "{type: vxlan, endpoint: {node: n1, interface: e0}, remote: 10.0.0.1, vni: 7}"
REFUSED = [
    # YAML
    ("an empty file", "", 0, "empty"),
    ("not YAML", "name: [a\n", 2, "not YAML"),
    ("a tab", "name: a\ntopology:\n\tnodes: {}\n", 3, "not YAML"),
    ("a list", "- a\n- b\n", 1, "expected a mapping"),
    ("a text", "hello\n", 0, "expected a mapping"),
    (
        "a duplicate key",
        HEAD + "  nodes:\n    n1: {kind: linux}\n    n1: {kind: linux}\n",
        5,
        "'n1' stands twice .*line 4",
    ),
    ("two documents", "name: a\n---\nname: b\n", 2, "second document"),
    ("an unknown alias", N1.replace("linux", "*k"), 5, "alias"),
    ("a recursive alias", "name: &a [*a]\n", 1, "alias"),
    ("a key that is a list", "? [a]\n: b\n", 1, "expected a name"),
    ("a template without its variables", "name: a\n# {{ .Name }}\n", 2, "Name is not set"),
    ("an open brace", "name: a${B\n", 1, "not closed"),
    ("a nameless variable", "name: a\nprefix: ${}\n", 2, "variable's name"),
    ("an escape for a control character", 'name: "a\\0b"\n', 1, "control character"),
    ("a tag that does not fit", "name: !!int x\n", 1, "tag"),
    ("a merge of a text", N1 + "      <<: text\n", 6, "takes a mapping"),
    # the file
    ("no name", "topology:\n  nodes:\n    n1: {kind: linux}\n", 1, "'name' is missing"),
    ("no topology", "name: a\n", 1, "'topology' is missing"),
    ("no nodes", "name: a\ntopology: {}\n", 2, "'nodes' is missing"),
    ("no node", "name: a\ntopology:\n  nodes: {}\n", 3, "1 or more"),
    ("an unknown key", "name: a\ntopolgy: {}\n", 2, "did you mean 'topology'"),
    ("an extension key", "name: a\nx-mine: 1\ntopology: {nodes: {n1: {kind: linux}}}\n", 2, "known: debug, mgmt"),
    ("a name with a slash", "name: ../a\ntopology: {nodes: {n1: {kind: linux}}}\n", 1, "expected letters"),
    ("a name with a semicolon", "name: a;reboot\ntopology: {nodes: {n1: {kind: linux}}}\n", 1, "expected letters"),
    ("a name beyond 63", f"name: {'a' * 64}\ntopology: {{nodes: {{n1: {{kind: linux}}}}}}\n", 1, "at most 63"),
    ("a prefix with a slash", "name: a\nprefix: a/b\ntopology: {nodes: {n1: {kind: linux}}}\n", 2, "prefix"),
    ("a list for a name", "name: [a]\ntopology: {nodes: {n1: {kind: linux}}}\n", 1, "expected text"),
    # nodes
    ("a misspelt key", node("imge: x"), 6, "unknown key 'imge'; did you mean 'image'"),
    ("an unheard-of key", node("zzz: x"), 6, "known: aliases, auto-remove"),
    ("a node that is a list", NODES + "    n1: []\n", 4, "expected a mapping"),
    ("no kind", NODES + "    n1: {}\n", 4, "has no kind"),
    ("a misspelt kind", N1.replace("linux", "linx"), 5, "did you mean 'linux'"),
    ("a vendor's kind", N1.replace("linux", "nokia_srlinux"), 5, "cannot be run here; expected one of linux, frr"),
    ("a virtual machine's kind", N1.replace("linux", "nvidia_cumulusvx"), 5, "cumulus_cvx"),
    ("a reserved name", NODES + "    mgmt-net: {kind: linux}\n", 4, "reserved"),
    ("a name with a blank", NODES + "    'a b': {kind: linux}\n", 4, "expected a name"),
    ("a name that is a path", NODES + "    ../x: {kind: linux}\n", 4, "expected a name"),
    ("a long bridge", NODES + "    a-bridge-too-far-away: {kind: bridge}\n", 4, "at most 15"),
    ("text for a list", node("exec: ip link"), 6, "found 'ip link'; expected a list"),
    ("a mapping in a list", node("exec: [{a: b}]"), 6, "expected text"),
    ("a list for text", node("image: [a]"), 6, "expected text"),
    ("a number for a flag", node("privileged: 1"), 6, "expected true or false"),
    ("text for a number", node("startup-delay: soon"), 6, "expected a whole number"),
    ("a bad link mode", node("link-apply-mode: slow"), 6, "one of 'live'"),
    ("a bad hostname", node("hostname: a_b"), 6, "hostname"),
    ("another's network", node("network-mode: container:x"), 6, "join another"),
    ("volumes", node("volumes: [data:/data]"), 6, "use binds"),
    ("a device", node("devices: [/dev/kvm]"), 6, "device of the host"),
    ("tmpfs elsewhere", node("tmpfs: {/srv: rw}"), 6, "not the node's own"),
    ("components", node("components: [{slot: A}]"), 6, "SR OS"),
    ("a certificate", node("certificate: {issue: yes}"), 6, "certificate authority"),
    ("startup-config on linux", node("startup-config: frr.conf"), 6, "use kind frr"),
    ("extras of others", node("extras: {srl-agents: [a]}"), 6, "means nothing"),
    ("an unknown daemon", node("extras: {frr: {daemons: [bgp]}}").replace("linux", "frr"), 6, "did you mean 'bgpd'"),
    ("a file to download", node("startup-config: https://x/y").replace("linux", "frr"), 6, "nothing is downloaded"),
    ("a missing startup-config", node("startup-config: nofile").replace("linux", "frr"), 6, "no file or folder"),
    ("imported variables", node("env: {__IMPORT_ENVS: true}"), 6, "caller's environment"),
    ("a bad variable", node("env: {'a b': c}"), 6, "variable's name"),
    ("a missing env file", node("env-files: [none.env]"), 6, "no file or folder"),
    ("a bad sysctl", node("sysctls: {'a;b': 1}"), 6, "expected a sysctl"),
    ("a bad alias", node("aliases: ['a b']"), 6, "host's name"),
    ("a node's name as alias", node("aliases: [n2]") + "    n2: {kind: linux}\n", 6, "another node"),
    ("waiting for a node's health", node("stages: {create: {wait-for: [{node: n1, stage: healthy}]}}"), 6, "no health"),
    (
        "waiting for itself",
        node("stages: {create: {wait-for: [{node: n1, stage: exit}]}}"),
        6,
        "circle: n1:create -> n1:exit -> n1:healthy -> n1:configure -> n1:create-links -> n1:create;",
    ),
    ("waiting for nobody", node("stages: {exit: {wait-for: [{node: n2, stage: create}]}}"), 6, "no node named 'n2'"),
    (
        "two that wait for each other",
        NODES
        + "    n1: {kind: linux, stages: {create: {wait-for: [{node: n2, stage: configure}]}}}\n"
        + "    n2: {kind: linux, stages: {configure: {wait-for: [{node: n1, stage: create}]}}}\n",
        4,
        "n1:create -> n2:configure -> n1:create;",
    ),
    ("an unheard-of test of health", node("healthcheck: {test: [curl, localhost]}"), 6, "expected .CMD"),
    ("a shell's test in two words", node("healthcheck: {test: [CMD-SHELL, curl, localhost]}"), 6, "one line"),
    ("a stage unheard of", node("stages: {begin: {}}"), 6, "unknown key 'begin'"),
    ("a command elsewhere", node("stages: {exit: {exec: [{command: x, target: moon}]}}"), 6, "one of 'container'"),
    ("binds of a bridge", NODES + "    b0:\n      kind: bridge\n      binds: [configs:/etc]\n", 6, "not a system"),
    ("an empty command", node("exec: ['']"), 6, "expected a command"),
    ("a command with open quotes", node("exec: [ip link, 'sh -c \"x']"), 6, r"exec\[1\].*no closing quotation"),
    (
        "a group misspelt",
        HEAD + "  groups: {compute: {kind: linux}}\n  nodes:\n    n1: {kind: linux, group: comptue}\n",
        5,
        "no group 'comptue' is defined; did you mean 'compute'",
    ),
    ("a kind misspelt among kinds", HEAD + "  kinds:\n    linus: {}\n  nodes:\n    n1: {kind: linux}\n", 4, "'linux'"),
    # binds
    ("a bind without destination", node("binds: [configs]"), 6, "expected source:"),
    ("a relative destination", node("binds: [configs:etc]"), 6, "absolute path"),
    ("a destination that climbs", node("binds: [configs:/etc/../root]"), 6, "without '..'"),
    ("the root as destination", node("binds: [configs:/]"), 6, "absolute path"),
    ("a missing source", node("binds: [nowhere:/etc/x]"), 6, "no file or folder 'nowhere'"),
    ("a source outside", node("binds: [/etc/hostname:/etc/x]"), 6, "leaves the topology's folder"),
    (
        "a source that climbs",
        node("binds: ['../../../../etc/passwd:/etc/x']"),
        6,
        "leaves the topology's folder|no file",
    ),
    ("a device as source", node("binds: [/dev/null:/etc/x]"), 6, "neither a file nor a folder"),
    ("a source too long", node(f"binds: [{'a' * 300}:/etc/x]"), 6, "expected a file or folder"),
    ("what containerlab makes", node("binds: [__clabDir__/topology-data.json:/x/y]"), 6, "made by containerlab"),
    # management
    (
        "host bits in the subnet",
        "name: a\nmgmt:\n  ipv4-subnet: 10.0.0.1/24\ntopology: {nodes: {n1: {kind: linux}}}\n",
        3,
        "without host bits",
    ),
    (
        "a gateway elsewhere",
        "name: a\nmgmt:\n  ipv4-gw: 10.0.0.1\ntopology: {nodes: {n1: {kind: linux}}}\n",
        3,
        "an address of 172.20.20.0/24",
    ),
    ("an address elsewhere", node("mgmt-ipv4: 10.0.0.1"), 6, "an address of 172.20.20.0/24"),
    ("the gateway's own", node("mgmt-ipv4: 172.20.20.1"), 6, "already used by the gateway"),
    ("the gateway's own by IPv6", node('mgmt-ipv6: "3fff:172:20:20::1"'), 6, "already used by the gateway"),
    ("a resolver by name", node("dns: {servers: [192.0.2.1, dns.example.org]}"), 6, "expected an IP address"),
    ("no address", node("mgmt-ipv4: 172.20.20.300"), 6, "address without length"),
    (
        "an address without network",
        node("mgmt-ipv4: 172.20.20.4") + "      network-mode: none\n",
        6,
        "not on the management",
    ),
    (
        "one address twice",
        node("mgmt-ipv4: 172.20.20.4") + "    n2: {kind: linux, mgmt-ipv4: 172.20.20.4}\n",
        7,
        "already used by nodes.n1",
    ),
    # links
    (
        "an endpoint used twice",
        links("endpoints: [n1:eth1, n2:eth1]", "endpoints: [n1:eth1, n2:eth2]"),
        9,
        r"links\[1\]: n1:eth1 is already used by links\[0\]",
    ),
    ("one end", links("endpoints: [n1:eth1]"), 8, "2 or more"),
    ("three ends", links("endpoints: [n1:eth1, n2:eth1, n1:eth2]"), 8, "at most 2"),
    ("an end without interface", links("endpoints: [n1, n2:eth1]"), 8, "expected node:interface"),
    ("a node unknown", links("endpoints: [n1:eth1, spine1:eth1]"), 8, "no node named 'spine1'; known: n1, n2"),
    ("eth0 under management", links("endpoints: [n1:eth0, n2:eth1]"), 8, "network-mode: none"),
    ("an interface's name beyond 63", links(f"endpoints: [n1:{'e' * 64}, n2:eth1]"), 8, "1 to 15"),
    ("a path for an interface", links("endpoints: [n1:../eth1, n2:eth1]"), 8, "1 to 15"),
    ("the same long name twice", links("endpoints: [n1:GigabitEthernet0/0/0, n1:GigabitEthernet0/0/0]"), 8, "already"),
    ("the loopback", links("endpoints: [n1:lo, n2:eth1]"), 8, "kernel's own"),
    ("an unknown type", links("type: wire"), 8, "unknown link type 'wire'; expected one of veth"),
    ("a macvlan on nothing", links("{type: macvlan, endpoint: {node: n1, interface: eth1}}"), 8, "host-interface"),
    (
        "a macvlan's mode",
        links("{type: macvlan, endpoint: {node: n1, interface: eth1}, host-interface: e, mode: x}"),
        8,
        "one of 'bridge'",
    ),
    ("a macvlan of two hosts", links("endpoints: [host:x, macvlan:enp0s3]"), 8, "neither end is a node"),
    (
        "a macvlan larger than what it stands on",
        links("{endpoints: [n1:eth1, macvlan:x], mtu: 9000}"),
        8,
        "the 1500 of x",
    ),
    (
        "a macvlan of a bridge's port",
        links("endpoints: [n1:eth1, mgmt-net:x]", "endpoints: [n2:eth1, macvlan:x]"),
        9,
        "is a port of br-mgmt",
    ),
    (
        "a tunnel without its number",
        links("{type: vxlan, endpoint: {node: n1, interface: e1}, remote: 10.0.0.1}"),
        8,
        "'vni' is missing",
    ),
    (
        "a tunnel to a name",
        links("{type: vxlan, endpoint: {node: n1, interface: e1}, remote: far.example, vni: 7}"),
        8,
        "names are not looked up",
    ),
    (
        "a tunnel of three ends",
        links(*(TUNNEL.replace("e0", f"e{at}") for at in range(3))),
        10,
        "has two ends already",
    ),
    (
        "brief ends in an extended link",
        links("type: veth\n      endpoints: [n1:eth1, n2:eth1]"),
        9,
        "expected a mapping",
    ),
    (
        "a host link without its name",
        links("type: host\n      endpoint: {node: n1, interface: eth1}"),
        8,
        "host-interface",
    ),
    ("two far sides", links("endpoints: [host:a, mgmt-net:b]"), 8, "neither end is a node"),
    ("a far name twice", links("endpoints: [n1:eth1, host:a]", "endpoints: [n2:eth1, host:a]"), 9, "already used by"),
    ("an MTU too small", links("endpoints: [n1:eth1, n2:eth1]\n      mtu: 10"), 9, "at least 68"),
    ("no IPv4 address", links("endpoints: [n1:eth1, n2:eth1]\n      ipv4: [10.0.0.1, '']"), 9, "with its length"),
    ("IPv6 for IPv4", links("endpoints: [n1:eth1, n2:eth1]\n      ipv4: ['2001:db8::1/64']"), 9, "IPv4 address"),
    (
        "a multicast MAC",
        links(
            "type: veth\n      endpoints:\n        - {node: n1, interface: a, mac: '01:00:00:00:00:01'}\n"
            "        - {node: n2, interface: a}"
        ),
        10,
        "unicast MAC",
    ),
    ("no link", links("null"), 8, "found nothing"),
    ("links as a mapping", TWO + "    a: b\n", 7, "expected a list"),
    # facts
    ("a port out of range", VARS + "          services:\n            - {name: x, port: 70000}\n", 9, "at most 65535"),
    ("a port by name", VARS + "          services:\n            - {name: x, port: http}\n", 9, "whole number"),
    ("a protocol unknown", VARS + "          services: [{name: x, port: 1, protocol: sctp}]\n", 8, "one of 'tcp'"),
    ("a fact's key unknown", VARS + "          services: [{name: x, prot: 1}]\n", 8, "did you mean 'port'"),
    ("a fact's key missing", VARS + "          services:\n            - {name: x}\n", 9, "'port' is missing"),
    ("open quotes", VARS + '          services: [{name: x, port: 1, command: "a \'b"}]\n', 8, "no closing quotation"),
    ("a backend unknown", VARS + "          storage: zfs\n", 8, "one of 'local-lvm'"),
    ("a backend without servers", VARS + "          storage: nfs\n", 8, "name them in storage_servers"),
    ("a server unknown", VARS + "          storage_servers: [n9]\n", 8, "no node named 'n9'"),
    ("a workload without address", VARS + "          workloads:\n            - {name: w, tap: tap0}\n", 9, "'address'"),
    (
        "an address that is none",
        VARS + "          workloads:\n            - {name: w, tap: t, address: 1}\n",
        9,
        "IPv4",
    ),
    (
        "a tap beyond 15",
        VARS + f"          workloads: [{{name: w, tap: {'t' * 16}, address: 10.0.0.1}}]\n",
        8,
        "matches",
    ),
    (
        "a workload named as a node",
        VARS + "          workloads: [{name: n1, tap: t, address: 10.0.0.1}]\n",
        8,
        "another node",
    ),
    (
        "a policy with host bits",
        VARS + "          workloads:\n            - name: w\n              tap: t\n"
        "              address: 10.0.0.1\n              policy: [{protocol: tcp, from: 10.0.0.1/8}]\n",
        12,
        "host bits",
    ),
    (
        "two workloads on one tap",
        VARS + "          workloads:\n            - {name: v, tap: t, address: 10.0.0.1}\n"
        "            - {name: w, tap: t, address: 10.0.0.2}\n",
        10,
        "n1:t is already used by workload v",
    ),
    (
        "two workloads of one address",
        VARS + "          workloads:\n            - {name: v, tap: t, address: 10.0.0.1}\n"
        "            - {name: w, tap: u, address: 10.0.0.1}\n",
        10,
        "already v's",
    ),
    (
        "a workload on a bridge",
        NODES + "    b0:\n      kind: bridge\n      config:\n        vars:\n"
        "          workloads:\n            - {name: v, tap: t, address: 10.0.0.1}\n",
        9,
        "carries no workloads",
    ),
    ("vars that are a list", N1 + "      config:\n        vars: [a]\n", 7, "expected a mapping"),
]


@pytest.mark.parametrize(("text", "line", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_in_one_line_with_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(TopologyError) as caught:
        read_topology(file, environment={})
    said = str(caught.value)
    assert said.startswith(f"{file}:{line}: " if line else f"{file}: "), said
    assert "\n" not in said
    assert re.search(words, said), said
    assert caught.value.exit_status == 2
