"""A small lab for the docker runtime, and Docker asked by its own client.

r1's image starts FRR by itself, as FRR's own does; r2 idles until it is pushed to. Beside them are a bridge and a guest
of a compute, which are no containers.
"""

import json
import subprocess
from typing import Any

OWN_START = """\
#!/bin/bash
install -d -o frr -g frr /run/frr
. /usr/lib/frr/frrcommon.sh
/usr/lib/frr/watchfrr $(daemon_list)
"""
ROUTER = """\
router bgp {own}
 bgp router-id 192.0.2.{own}
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 192.0.2.{peer} remote-as {peer}
 neighbor 192.0.2.{peer} timers connect 1
 address-family ipv4 unicast
  network 198.51.100.{own}/32
"""
TOPOLOGY = """\
name: boxes
prefix: net
mgmt: {{ipv4-subnet: 172.31.249.0/24}}
topology:
  defaults: {{kind: linux, image: {image}}}
  nodes:
    r1:
      kind: frr
      image: {own_frr}
      group: router
      config: {{vars: {{ssh: true}}}}
      memory: 256mb
      cpu: 1.5
      shm-size: 32mb
      labels: {{rack: a7}}
      env: {{COLOUR: red}}
      healthcheck: {{test: [CMD-SHELL, "true"], interval: 7}}
      binds: ["frr/r1.conf:/etc/frr/frr.conf", "frr/daemons:/etc/frr/daemons"]
      exec: [ip address add 192.0.2.1/24 dev eth1]
    r2:
      network-mode: none
      sysctls: {{net.ipv4.conf.all.log_martians: 1}}
      binds: ["frr/r2.conf:/etc/frr/frr.conf", "frr/daemons:/etc/frr/daemons", "interfaces:/etc/network/interfaces"]
    compute:
      group: compute
      network-mode: none
      config: {{vars: {{workloads: [{{name: web, tap: tap0, address: 10.17.0.5}}]}}}}
      exec: [ip address add 203.0.113.1/24 dev eth1, ip route add default via 203.0.113.2]
    sw: {{kind: bridge}}
  links:
    - endpoints: [r1:eth1, sw:p1]
    - endpoints: [r2:eth1, sw:p2]
    - endpoints: [r2:eth2, compute:eth1]
"""
INTERFACES = "auto eth1\niface eth1\n    address 192.0.2.2/24\n    mtu 1400\n"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def containers() -> list[str]:
    return docker("ps", "-a", "--filter", "label=containerlab=boxes", "--format", "{{.Names}}").split()


def inspected(name: str) -> dict[str, Any]:
    [found] = json.loads(docker("inspect", name))
    return dict(found)
