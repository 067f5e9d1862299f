"""How xdist spreads test items where scenarios are among them."""

from typing import Any

from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]


class _WholeScenarios(LoadGroupScheduling):  # type: ignore[misc]
    """The items of one scenario file are one unit of work; so are those of an `xdist_group`; any other is its own.

    Units begin in the order of collection: what a conftest puts first, because it takes longest, begins first.
    """

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False  # else the unit of most items would be first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.endswith((".yml", ".yaml")) else str(super()._split_scope(nodeid))


def whole_scenarios(config: Any, log: Any) -> LoadGroupScheduling:
    """The scheduler for a run with scenarios."""
    return _WholeScenarios(config, log)
