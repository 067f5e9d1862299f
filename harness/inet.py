"""Addresses as text and as bytes, remembered: making one from the other costs 1 to 2 us, and a lab has few."""

from functools import lru_cache
from ipaddress import ip_address


@lru_cache(1 << 16)
def packed(address: str) -> bytes:
    """An address in network byte order."""
    return ip_address(address).packed


@lru_cache(1 << 16)
def text(address: bytes) -> str:
    """An address in its canonical form (RFC 5952)."""
    return str(ip_address(address))


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    try:
        packed(text)
    except ValueError:
        return False
    return True
