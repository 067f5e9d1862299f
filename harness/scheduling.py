"""How xdist spreads test items where scenarios are among them."""

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]


class _WholeScenarios(LoadScopeScheduling):  # type: ignore[misc]
    """The items of one scenario file are one unit of work, every other item is its own."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.endswith((".yml", ".yaml")) else nodeid


def whole_scenarios(config: Any, log: Any) -> LoadScopeScheduling:
    """The scheduler for a run with scenarios."""
    return _WholeScenarios(config, log)
