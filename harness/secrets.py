"""Secrets in configuration, and the one way they may be shown: as `***`.

Everything that quotes a node's file or a tool's words (differences, errors, reports) passes through `masked`.
"""

import re

MASK = "***"

_PATTERNS = tuple(
    re.compile(
        pattern, re.MULTILINE | re.IGNORECASE | re.DOTALL if "BEGIN" in pattern else re.MULTILINE | re.IGNORECASE
    )
    for pattern in (
        # PEM: everything between the marks
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----\s*).*?(?=\s*-----END|\Z)",
        # FRR: neighbor X password W; [enable] password [8] W; the digest and authentication keys of OSPF, RIP, IS-IS
        r"(\bneighbor\s+\S+\s+password\s+).+$",
        r"((?:^|[\s:'])(?:no\s+)?(?:enable\s+|username\s+\S+\s+)?password\s+(?:\d+\s+)?)[^\s\"'=:{].*$",
        r"(\b(?:message-digest-key|authentication-key|ip ospf authentication-key)\s+(?:\d+\s+md5\s+)?).+$",
        r"(\b(?:key-string|area-password|domain-password|isis password|authentication string)\s+).+$",
        r"(\bauthentication\b.*\bkey\s+)(?!-id\b)\S+",
        # Community strings of SNMP; keys of RADIUS and TACACS+; keepalived; ifupdown's options; command lines
        r"(\b(?:snmp-server|r[ow])[ -]?community6?\s+)\S+",
        r"(\b(?:radius|tacacs)(?:-server|_server)?\b.*\bkey\s+)\S+",
        r"(\bauth_pass\s+)\S+",
        r"(\b(?:wpa-(?:psk|passphrase)|wireless-key\d?)\s+)[^\s=].*$",
        r"(--[\w-]*(?:passw(?:or)?d|passphrase|secret|token|psk)\s+)\S+",
        # URLs: mysql://nova:W@controller/nova
        r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)",
        # BIRD: password "..."; secret "..."
        r"(\b(?:password|secret)\s+\")[^\"\n]*(?=\")",
        # WireGuard, wpa_supplicant, libvirt and everybody: key = value, key: value
        r"((?:^|[\s;{,\"'])[\w.-]*"
        r"(?:passw(?:or)?d|passphrase|secret|token|psk|(?:private|preshared|api|encryption)[_-]?key)"
        r"[\w.-]*[\"']?\s*[=:]\s*)[^\s=].*$",
        # Ceph's keyrings: key = AQ...==
        r"(^\s*key\s*=\s*)\S.*$",
    )
)


def masked(text: str) -> str:
    """The text with every password, key, token and private key in it replaced by `***`."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: found.group(1) + MASK, text)
    return text
