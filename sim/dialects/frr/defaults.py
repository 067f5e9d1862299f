"""What FRR assumes where a file says nothing: by profile (`frr defaults`) and version.

A default is fixed when `router bgp` is read, so that a profile named later changes nothing. The version counts as far
as FRR's own table of defaults names one; it is that of the FRR which wrote the file (`frr version`), and of the one
that runs where the file does not say.
"""

MODELLED = "8.4"
"""The FRR that runs on a node of which nothing else is known."""

Version = tuple[int, ...]


def parse_version(text: str) -> Version:
    """`8.4`, `10.5.1-dev`: the numbers at its beginning; empty where there are none."""
    numbers: list[int] = []
    for part in text.split("-")[0].split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)


def bgp_defaults(profile: str, version: Version) -> dict[str, object]:
    """BgpInstance's fields that profile or version decides."""
    datacenter = profile == "datacenter"
    old = bool(version) and version < (7, 4)
    return {
        "ebgp_requires_policy": not datacenter and not old,
        "network_import_check": datacenter or not old,
        "deterministic_med": datacenter,
        "enforce_first_as": version >= (9, 1),
        "timers": (3, 9) if datacenter else (60, 180),
    }
