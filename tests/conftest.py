"""Which tests can run here. Kernel tests are skipped where labs can not run, and fail where CI says that they must."""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a kernel that this machine does not give, unless in CI, where nothing is skipped silently."""
    needing = [item for item in items if item.get_closest_marker("kernel") or item.path.suffix in (".yml", ".yaml")]
    if not needing or os.environ.get("CI"):
        return
    from lab.preflight import preflight

    lacking = [finding.what for finding in preflight() if finding.fatal]
    for item in needing if lacking else ():
        item.add_marker(pytest.mark.skip(reason=f"labs can not run here: {'; '.join(lacking)}"))
