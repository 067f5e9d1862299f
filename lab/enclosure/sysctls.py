"""Kernel parameters that a node's plan asks for (sysctl(8)), written in its namespaces."""

from collections.abc import Collection


def write(values: dict[str, str], wanted: Collection[str]) -> None:
    """Set sysctls, by their paths below /proc/sys. Of those not `wanted`, one that this kernel lacks is passed over."""
    for key, value in values.items():
        _write(key, value, key in wanted)


def _write(key: str, value: str, wanted: bool) -> None:
    try:
        with open(f"/proc/sys/{key}", "w") as file:
            file.write(value)
    except FileNotFoundError:
        if wanted:
            raise OSError(f"sysctl {key.replace('/', '.')}: this kernel has none of that name for a node") from None
    except OSError as error:
        raise OSError(f"sysctl {key.replace('/', '.')} = {value!r}: {error.strerror}") from None
