"""What was measured, beside the goals, as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Measured = Mapping[str, float]
_UPS = ("floor", "fabriclab", "mininet")


@dataclass(frozen=True, slots=True)
class Goal:
    """A quantity with the value it must stay below (`at_least`: reach)."""

    what: str
    measured: float
    goal: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the measured value is good enough."""
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal

    def row(self) -> list[str]:
        """The goal as a line of the table."""
        sign = ">=" if self.at_least else "<="
        unit = f" {self.unit}" if self.unit else ""
        return [self.what, f"{sign} {self.goal:g}{unit}", f"{self.measured:.2f}{unit}", "met" if self.met else "MISSED"]


def lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines; the first is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    aligned = [
        "  ".join(
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return [aligned[0], "-" * len(aligned[0]), *aligned[1:]]


def contest_rows(routers: int, results: Mapping[str, Measured]) -> list[list[str]]:
    """One fabric: a line for each contestant."""
    floor = results.get("floor")
    return [_contest_row(routers, name, results[name], floor) for name in _UPS if name in results]


CONTEST_HEAD = ["contestant", "routers", "up s", "x floor", "cpu s", "x floor", "down s"]


def _contest_row(routers: int, name: str, found: Measured, floor: Measured | None) -> list[str]:
    times = [f"{found[key] / floor[key]:.2f}" if floor else "-" for key in ("up_s", "up_cpu_s")]
    up, cpu, down = (f"{found[key]:.2f}" for key in ("up_s", "up_cpu_s", "down_s"))
    return [name, str(routers), up, times[0], cpu, times[1], down]


def contest_goals(routers: int, results: Mapping[str, Measured]) -> list[Goal]:
    """What a contest must reach."""
    ours, found = results["fabriclab"], []
    if floor := results.get("floor"):
        found.append(Goal(f"{routers} routers up, times the floor", ours["up_s"] / floor["up_s"], 1.3))
    if (mininet := results.get("mininet")) and routers == 50:
        found.append(
            Goal("50 routers up, mininet takes times as long", mininet["up_s"] / ours["up_s"], 2, at_least=True)
        )
        down = mininet["down_s"] / ours["down_s"]
        found.append(Goal("50 routers down, mininet takes times as long", down, 10, at_least=True))
    found.append(Goal(f"memory beside the daemons, per node of {routers}", ours["Pss_mb"], 2, "MB"))
    return found


def trial_goals(found: Measured) -> list[Goal]:
    """What the trials must reach, those that were run."""
    limits = {
        "wiring_s": ("300 namespaces and 300 links", 1.0),
        "spread_s": ("ECMP check with 10,000 flows", 1.0),
        "matrix_s": ("all-pairs TCP matrix of 50 nodes", 1.0),
        "dev01_s": ("dev01 deployed and verified", 15.0),
    }
    goals = [Goal(what, found[key], limit, "s") for key, (what, limit) in limits.items() if key in found]
    if "docker_up_s" in found:
        parts = found["docker_starts_s"] + found["docker_namespaces_s"]
        goals.append(
            Goal("20 routers up on Docker, times its own starts + namespaces", found["docker_up_s"] / parts, 1.5)
        )
        goals.append(Goal("30 containers destroyed", found["docker_destroy_s"], 3, "s"))
    return goals


PAPER_HEAD = ["on paper", "wall s", "cpu s", "peak MB", "RIB entries"]
_PAPER = {
    "solve_k8": ("solve, fat-tree k=8", 0.8),
    "solve_k16": ("solve, fat-tree k=16", 2.0),
    "solve_k16u": ("solve, fat-tree k=16 unnumbered", 2.5),
    "solve_k20": ("solve, fat-tree k=20", 4.0),
    "solve_k32": ("solve, fat-tree k=32", 15.0),
    "solve_k8p": ("solve, fat-tree k=8 with policies", 5.0),
    "solve_dev01": ("solve, dev01", 0.5),
    "sweep_k16": ("every single link of k=16", 10.0),
    "sweep_k32": ("every single link of k=32", 120.0),
    "plain_k32": ("baseline: a search per prefix, k=32", None),
}


def paper_rows(found: Measured) -> list[list[str]]:
    """What each process on paper took."""
    return [
        [
            what,
            *(f"{found[f'{key}_{unit}']:.2f}" for unit in ("s", "cpu_s")),
            f"{found[f'{key}_mb']:.0f}",
            f"{found[f'{key}_entries']:,.0f}" if f"{key}_entries" in found else "-",
        ]
        for key, (what, _) in _PAPER.items()
        if f"{key}_s" in found
    ]


def paper_goals(found: Measured) -> list[Goal]:
    """What the simulator must reach: whole processes, two processors."""
    goals = [
        Goal(what, found[f"{key}_s"], limit, "s")
        for key, (what, limit) in _PAPER.items()
        if limit is not None and f"{key}_s" in found
    ]
    if "solve_k32_mb" in found:
        goals.append(Goal("peak memory of k=32", found["solve_k32_mb"], 1500, "MB"))
        ratio = found["plain_k32_cpu_s"] / found["solve_k32_cpu_s"]
        goals.append(Goal("k=32: the baseline takes times the processor", ratio, 2, at_least=True))
    if "filters_traces_s" in found:
        goals.append(Goal("10,000 flows traced through 2,000 iptables rules", found["filters_traces_s"], 1.0, "s"))
        ratio = found["filters_one_by_one_s"] / found["filters_verdicts_s"]
        goals.append(Goal("10,000 verdicts: asking rule by rule takes times as long", ratio, 20, at_least=True))
    return goals
