"""Topology texts for tests: a small valid one, and one helper that reads a text from a folder of its own."""

from pathlib import Path
from textwrap import dedent

from sim.topology.model import Topology
from sim.topology.reader import read_topology

VALID = """\
name: small
mgmt:
  network: lab
  ipv4-subnet: 172.31.255.0/24
topology:
  defaults:
    kind: linux
    env: {SITE: bergen}
  kinds:
    frr:
      image: quay.io/frrouting/frr:10.5.1
  groups:
    router:
      kind: frr
      binds:
        - configs/__clabNodeName__:/etc/frr
      config:
        vars: {asn: 65000, storage: local-file}
    compute:
      network-mode: none
      labels: {rack: 7}
  nodes:
    r1:
      group: router
      exec: [ip link show]
    r2:
      group: router
      mgmt-ipv4: 172.31.255.9
    c1:
      group: compute
      config:
        vars:
          workloads:
            - name: web
              tap: tap0
              address: 10.17.0.5
              services: [{name: http, port: 80, protocol: http}]
              policy: [{protocol: tcp, port: 80, from: 10.0.0.0/8}]
    br0:
      kind: bridge
  links:
    - endpoints: ["r1:eth1", "r2:eth1"]
      mtu: 1500
      ipv4: [10.0.0.1/31, 10.0.0.0/31]
    - type: veth
      endpoints:
        - {node: r1, interface: eth2, ipv6: "2001:db8::1/64"}
        - {node: c1, interface: eth0, mac: "aa:c1:ab:00:00:01"}
    - endpoints: ["r2:eth2", "br0:r2"]
    - endpoints: ["r2:eth3", "host:r2-host"]
"""


def write(folder: Path, text: str, name: str = "lab.clab.yml") -> Path:
    """A topology file in a folder, with the configuration that VALID binds."""
    for router in ("r1", "r2"):
        (folder / "configs" / router).mkdir(parents=True, exist_ok=True)
        (folder / "configs" / router / "frr.conf").write_text(f"hostname {router}\nrouter bgp 65000\n")
    file = folder / name
    file.write_text(text)
    return file


def read(folder: Path, text: str, **options: object) -> Topology:
    """The topology of a text, dedented."""
    return read_topology(write(folder, dedent(text)), environment={}, **options)  # type: ignore[arg-type]
