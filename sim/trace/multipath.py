"""Which of several next hops Linux takes for a flow: the kernel's own hash, bit by bit, where its seed is known.

The flow's keys (`struct flow_keys` from `basic` on) are hashed by SipHash-2-4 under a key made of the namespace's seed
(net.ipv4.fib_multipath_hash_seed, Linux 6.11), and the upper 31 of the hash's lower 32 bits are compared with the next
hops' upper bounds, which share 2^31 by weight (hash-threshold, RFC 2992). The keys are put in order first, so that both
directions of a flow hash alike. Policy 0 hashes addresses, policy 1 addresses, ports and protocol; 2 and 3 are not
modelled. Verified against `ip route get ... iif` of Linux 6.18 on x86-64 (2026-11-25): the byte order is little-endian.
"""

import struct
from collections.abc import Sequence

from sim.dataclasses import dataclass
from sim.snapshot import NextHop

_MASK = (1 << 64) - 1
_V4_BYTES, _V6_BYTES = 48, 72  # what is hashed: 36 bytes before the addresses, the addresses, and the struct's padding
MODELLED_POLICIES = (0, 1)


@dataclass(frozen=True, slots=True)
class Keys:
    """What is hashed of a packet. Addresses are integers; `ports` are 0 where the policy or the protocol has none."""

    source: int
    destination: int
    version: int = 4
    protocol: int = 0
    ports: tuple[int, int] = (0, 0)
    flow_label: int = 0


def keys_of(
    source: int, destination: int, version: int, protocol: int, ports: tuple[int, int], policy: int
) -> Keys | None:
    """The keys that a policy hashes; None where it is not modelled. IPv6's policy 0 has the protocol among them."""
    if policy not in MODELLED_POLICIES:
        return None
    if policy == 0:
        return Keys(source, destination, version, protocol if version == 6 else 0)
    return Keys(source, destination, version, protocol, ports)


def multipath_hash(keys: Keys, seed: int) -> int:
    """The hash of 31 bits that is compared with upper bounds."""
    found = _siphash(_bytes(keys), seed) & 0xFFFFFFFF
    return (found or 1) >> 1


def _bytes(keys: Keys) -> bytes:
    size = 4 if keys.version == 4 else 16
    low, high = (value.to_bytes(size, "big") for value in (keys.source, keys.destination))
    if _less(high, low):
        low, high = high, low
    sport, dport = (struct.pack("!H", port) for port in keys.ports)
    if int.from_bytes(dport, "little") < int.from_bytes(sport, "little"):
        sport, dport = dport, sport
    basic = struct.pack("<HBB", 0, keys.protocol, 0) + struct.pack("<I", keys.flow_label)
    head = basic + bytes(16) + bytes(4) + sport + dport + bytes(4)  # VLANs, key id, ports, ICMP
    return (head + low + high).ljust(_V4_BYTES if keys.version == 4 else _V6_BYTES, b"\0")


def _less(one: bytes, two: bytes) -> bool:
    """IPv4 addresses are compared as the processor's integers, IPv6 ones byte by byte (memcmp)."""
    if len(one) == 4:
        return int.from_bytes(one, "little") < int.from_bytes(two, "little")
    return one < two


def _siphash(data: bytes, seed: int) -> int:
    """SipHash-2-4 (Aumasson and Bernstein, 2012); both halves of the key are the seed, twice."""
    key = seed << 32 | seed
    state = [key ^ start for start in _START]
    whole = len(data) - len(data) % 8
    words = [*struct.unpack(f"<{whole // 8}Q", data[:whole])]
    words.append(len(data) << 56 & _MASK | int.from_bytes(data[whole:], "little"))
    for word in words:
        state[3] ^= word
        _round(state)
        _round(state)
        state[0] ^= word
    state[2] ^= 0xFF
    for _ in range(4):
        _round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def _round(state: list[int]) -> None:
    a, b, c, d = state
    a = (a + b) & _MASK
    b = _turn(b, 13) ^ a
    a = _turn(a, 32)
    c = (c + d) & _MASK
    d = _turn(d, 16) ^ c
    a = (a + d) & _MASK
    d = _turn(d, 21) ^ a
    c = (c + b) & _MASK
    b = _turn(b, 17) ^ c
    c = _turn(c, 32)
    state[:] = a, b, c, d


def _turn(value: int, by: int) -> int:
    return (value << by | value >> (64 - by)) & _MASK


def upper_bounds(weights: Sequence[int]) -> list[int]:
    """The highest hash of each next hop (fib_rebalance): 2^31 shared by weight, rounded to the nearest."""
    total, sofar, found = sum(weights), 0, []
    for weight in weights:
        sofar += weight
        found.append(((sofar << 31) + total // 2) // total - 1)
    return found


def choose(hops: Sequence[NextHop], found: int) -> NextHop:
    """The next hop for a hash; `hops` in the order in which the kernel holds them."""
    bounds = upper_bounds([hop.weight for hop in hops])
    return next(hop for hop, bound in zip(hops, bounds, strict=True) if found <= bound)
