"""Who answers for an address on a cable: ARP (RFC 826) and ND (RFC 4861 4.3). Two MACs are a duplicate."""

import select
import socket
import time

from harness.probes.instruments import Instruments
from harness.probes.netlink import Device

LISTEN_S = 0.5
ETH_P_ARP, ETH_P_IPV6 = 0x0806, 0x86DD


def who_has(instruments: Instruments, node: str, device: Device, address: str, source: str) -> tuple[str, ...]:
    """Every MAC that answers for the address on the node's interface, sorted. Listens half a second for all of them."""
    six = ":" in address
    kind = socket.htons(ETH_P_IPV6 if six else ETH_P_ARP)
    sock = instruments.get(node, socket.AF_PACKET, socket.SOCK_RAW, kind, "who has")
    sock.setblocking(False)
    _heard(sock, device.name, address)
    sock.sendto(_question(device.mac.hex(":"), address, source), (device.name, 0))
    found: set[str] = set()
    deadline = time.monotonic() + LISTEN_S
    while (left := deadline - time.monotonic()) > 0:
        select.select([sock], [], [], left)
        found |= _heard(sock, device.name, address)
    return tuple(sorted(found))


def _question(mac: str, address: str, source: str) -> bytes:
    from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
    from scapy.layers.l2 import ARP, Ether
    from scapy.utils6 import in6_getnsma, in6_getnsmac

    if ":" not in address:
        return bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=mac, psrc=source, pdst=address))
    group = in6_getnsma(socket.inet_pton(socket.AF_INET6, address))
    ip = IPv6(src=source, dst=socket.inet_ntop(socket.AF_INET6, group), hlim=255)
    ether = Ether(src=mac, dst=in6_getnsmac(group))
    return bytes(ether / ip / ICMPv6ND_NS(tgt=address) / ICMPv6NDOptSrcLLAddr(lladdr=mac))


def _heard(sock: socket.socket, interface: str, address: str) -> set[str]:
    """The MACs in the answers that have come in so far."""
    from scapy.layers.inet6 import ICMPv6ND_NA
    from scapy.layers.l2 import ARP, Ether

    found: set[str] = set()
    while True:
        try:
            data, sender = sock.recvfrom(256)
        except BlockingIOError:
            return found
        frame = Ether(data)
        if sender[0] != interface:
            continue
        if ARP in frame and frame[ARP].op == 2 and frame[ARP].psrc == address:
            found.add(str(frame[ARP].hwsrc))
        if ICMPv6ND_NA in frame and frame[ICMPv6ND_NA].tgt == address:
            found.add(str(frame.src))
