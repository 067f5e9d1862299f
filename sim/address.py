"""Addresses and prefixes as numbers: the simulator's own, because it compares millions of them.

An `Address` is (value, version), a `Prefix` (network, length, version), both tuples that hash and sort fast: an IPv4
and an IPv6 one never compare equal, since the version is part of the tuple. `InterfaceAddress` keeps the host bits of
`10.0.0.1/24`. `parse_*` raise ValueError with what was found; `str()` gives the canonical text (RFC 5952 for IPv6).
"""

from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple

BITS = {4: 32, 6: 128}


class Address(NamedTuple):
    """An IP address as an integer."""

    value: int
    version: int = 4

    def __str__(self) -> str:
        if self.version == 6:
            return str(IPv6Address(self.value))
        value = self.value
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"

    @property
    def is_link_local(self) -> bool:
        """Whether it means something on one link only (RFC 3927, RFC 4291 2.5.6)."""
        return self.value >> 118 == 0x3FA if self.version == 6 else self.value >> 16 == 0xA9FE

    @property
    def host(self) -> "Prefix":
        """The prefix that holds this address alone."""
        return Prefix(self.value, BITS[self.version], self.version)


class Prefix(NamedTuple):
    """An IP prefix; no bit of `network` beyond `length` is set."""

    network: int
    length: int
    version: int = 4

    def __str__(self) -> str:
        return f"{Address(self.network, self.version)}/{self.length}"

    def holds(self, other: "Prefix | Address") -> bool:
        """Whether an address, or a prefix that is the same or longer, lies in this one."""
        if other.version != self.version:
            return False
        shift = BITS[self.version] - self.length
        if isinstance(other, Address):
            return other.value >> shift == self.network >> shift
        return other.length >= self.length and other.network >> shift == self.network >> shift

    @property
    def first(self) -> Address:
        """Its lowest address."""
        return Address(self.network, self.version)


class InterfaceAddress(NamedTuple):
    """An interface's address with the length of its network: `10.0.0.1/24`."""

    value: int
    length: int
    version: int = 4

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"

    @property
    def address(self) -> Address:
        """The address alone."""
        return Address(self.value, self.version)

    @property
    def network(self) -> Prefix:
        """The prefix that the interface is connected to."""
        shift = BITS[self.version] - self.length
        return Prefix(self.value >> shift << shift, self.length, self.version)


@lru_cache(1 << 17)
def parse_address(text: str) -> Address:
    """`10.0.0.1` or `2001:db8::1`; ValueError for anything else."""
    if ":" in text:
        return Address(int(IPv6Address(text)), 6)
    parts = text.split(".")
    if len(parts) == 4 and text.isascii() and text.replace(".", "").isdigit() and "" not in parts and len(text) < 16:
        a, b, c, d = map(int, parts)
        if a < 256 and b < 256 and c < 256 and d < 256:
            return Address(a << 24 | b << 16 | c << 8 | d)
    raise ValueError(f"{text!r} is not an IP address")


@lru_cache(1 << 17)
def parse_interface(text: str) -> InterfaceAddress:
    """`10.0.0.1/24` with its host bits; without a length it is a host's (/32, /128). ValueError for anything else."""
    head, slash, tail = text.partition("/")
    address = parse_address(head)
    if not slash:
        return InterfaceAddress(address.value, BITS[address.version], address.version)
    length = int(tail) if tail.isdecimal() else _mask_length(tail, address.version)
    if length > BITS[address.version]:
        raise ValueError(f"{text!r} has a length of more than {BITS[address.version]}")
    return InterfaceAddress(address.value, length, address.version)


@lru_cache(1 << 17)
def parse_prefix(text: str) -> Prefix:
    """`10.0.0.0/24`, host bits cleared; without a length it is a host's. ValueError for anything else."""
    return parse_interface(text).network


def _mask_length(text: str, version: int) -> int:
    """The length of a dotted mask; ValueError for one with holes."""
    mask = parse_address(text)
    ones = mask.value.bit_count()
    if version != 4 or mask.version != 4 or mask.value != ((1 << ones) - 1) << (32 - ones):
        raise ValueError(f"{text!r} is not a netmask")
    return ones
