"""Programs that a node needs, and the Debian package of each: what appliers and preflight look for."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A program. It is there if any of its places is: a name to be found on the path, or an absolute path."""

    name: str
    package: str
    places: tuple[str, ...] = ()

    def is_missing(self, missing: Collection[str]) -> bool:
        """Whether it is not there, given what is missing of the places of some programs."""
        return all(place in missing for place in self.places or (self.name,))

    def __str__(self) -> str:
        return f"{self.name} ({self.package})"


IFUPDOWN2_FOLDERS = ("/usr/share/ifupdown2", "/run/fabriclab/tools/usr/share/ifupdown2")

IP = Program("ip", "iproute2")
SYSCTL = Program("sysctl", "procps")
IFUPDOWN2 = Program("ifup", "ifupdown2", tuple(f"{folder}/__main__.py" for folder in IFUPDOWN2_FOLDERS))
IPTABLES = Program("iptables-restore", "iptables")
IP6TABLES = Program("ip6tables-restore", "iptables")
NFT = Program("nft", "nftables")
ZEBRA = Program("zebra", "frr", ("/usr/lib/frr/zebra",))
VTYSH = Program("vtysh", "frr")
BIRD = Program("bird", "bird2")
DNSMASQ = Program("dnsmasq", "dnsmasq-base")
DHCLIENT = Program("dhclient", "isc-dhcp-client")
SSHD = Program("sshd", "openssh-server", ("/usr/sbin/sshd",))
SSH = Program("ssh", "openssh-client")
