"""Configurations of BIRD that several tests read: those of a cloud of 2015 and of today, BIRD 1 and 2."""

from sim.device import Device
from sim.devices import parse_files
from sim.topology.model import Node

CONF = "/etc/bird/bird.conf"


def parsed(text: str, **others: str) -> Device:
    """The Device of a node with this bird.conf; `others` are further files below /etc/bird, by name."""
    files = {CONF: text, **{f"/etc/bird/{name.replace('__', '/')}.conf": body for name, body in others.items()}}
    return parse_files(Node("n1", "linux"), files)


COMPUTE_BIRD1 = """\
router id 192.168.10.22;

filter export_bgp {
  if ( (ifname ~ "tap*") || (ifname ~ "cali*") || (ifname ~ "dummy1") ) then {
    if net != 0.0.0.0/0 then accept;
  }
  reject;
}
protocol kernel {
  learn;
  persist;
  scan time 2;
  import all;
  graceful restart;
  export all;
}
protocol device { scan time 2; }
protocol direct {
  debug all;
  interface "-dummy0", "dummy1", "eth*", "em*", "en*", "br-mgmt";
}
protocol bgp 'rr1_ipv4' {
  description "Connection to BGP route reflector rr1_ipv4";
  local as 65535;
  neighbor 172.17.16.20 as 65535;
  multihop;
  import all;
  graceful restart;
  export filter export_bgp;
  next hop self;
  source address 172.17.16.22;
}
"""

COMPUTE = """\
log syslog { info, fatal };
router id 192.168.10.22;
filter export_bgp {
  if ( (ifname ~ "tap*") || (ifname ~ "cali*") || (ifname ~ "dummy1") ) then {
    if net != 0.0.0.0/0 then accept;
  }
  reject;
}
protocol kernel kernel4 {
  ipv4 { import all; export all; };
  learn;
  persist;
  scan time 2;
  graceful restart;
}
protocol device { scan time 2; }
protocol direct direct4 {
  ipv4;
  interface "-dummy0", "dummy1", "eth*", "em*", "en*", "br-mgmt";
}
protocol bgp rr1_ipv4 {
  description "rr1_ipv4";
  local 172.17.16.22 as 65535;
  neighbor 172.17.16.20 as 65535;
  multihop;
  graceful restart;
  ipv4 { import all; export filter export_bgp; next hop self; };
}
"""

REFLECTOR = """\
log syslog all;
router id 192.168.10.20;
protocol device { scan time 2; }
template bgp rr_client {
  local 172.17.16.20 as 65535;
  multihop;
  rr client;
  graceful restart;
  ipv4 { import all; export all; };
}
protocol bgp l1_ipv4 from rr_client { neighbor 172.17.16.1  as 65535; }
protocol bgp c1_ipv4 from rr_client { neighbor 172.17.16.22 as 65535; }
"""

TODAY = """\
log syslog { info, fatal };
router id 172.16.1.40;
define ANYCAST_DNS4 = 158.39.77.252/32;
filter import_kernel  { if net != 0.0.0.0/0 then accept; reject; }
filter import_peer    { if dest = RTD_UNREACHABLE then reject; accept; }
filter to_kernel4 {
  if dest = RTD_UNREACHABLE then reject;
  if net != 0.0.0.0/0 && net != ANYCAST_DNS4 then accept;
  reject;
}
ipv4 table private4;
protocol kernel k4_main {
  ipv4 { table master4; import all; export filter to_kernel4; };
  merge paths yes; kernel table 254; graceful restart; persist; learn; scan time 2;
}
protocol pipe main_to_private {
  table master4; peer table private4; import filter import_kernel; export filter to_kernel4;
}
protocol kernel k4_private {
  ipv4 { table private4; import filter import_kernel; export all; };
  merge paths yes; kernel table 240; learn; scan time 2;
}
protocol bfd { neighbor 172.18.6.1; neighbor fd00::6:1; }
protocol device { scan time 2; }
protocol direct { ipv4; ipv6; interface "-dummy*", "eth*", "em*", "en*", "br-mgmt", "bond*", "team*"; }
template bgp rr4 {
  local 172.18.1.40 as 65501; multihop; graceful restart;
  ipv4 { import filter import_peer; export none; next hop self; add paths rx; };
}
template bgp rr6 {
  local fd00::1:40 as 65501; multihop; graceful restart;
  ipv6 { import filter import_peer; export none; next hop self; add paths rx; };
}
protocol bgp rr1_ipv4 from rr4 { neighbor 172.18.6.1 as 65501; }
protocol bgp rr1_ipv6 from rr6 { neighbor fd00::6:1 as 65501; }
"""
