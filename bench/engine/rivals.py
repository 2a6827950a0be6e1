"""Others on the same lines: Flink SQL and Spark Structured Streaming, as ratios to what ours costs.

Each does the job with few lines and with all; the difference is what lines cost without the start. Spark is
run with micro-batches as large as ours, five times as large, and with all lines in one, which is no stream any
more, but the least that it can cost. Ours runs between them, and the median counts.
"""

from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bellrock.runners.fold import read_lines
from bench.engine.agreement import require_agreement
from bench.engine.contenders import FLINK, OURS, SPARK, Contender, Cost
from bench.engine.lines import COUNT, write_file, write_parts
from bench.engine.states import batches

_PART = 10_000
"""Lines of a file in a folder, and of the few."""


class Run(NamedTuple):
    """A contender with options, and what that is called."""

    name: str
    contender: Contender
    options: tuple[str, ...] = ()


_OURS = Run("bellrock, batches of 10k", OURS)
_RUNS = (
    _OURS,
    Run("Flink SQL", FLINK),
    _OURS,
    Run("Spark, batches of 10k", SPARK, ("--files", "1")),
    Run("Spark, batches of 50k", SPARK, ("--files", "5")),
    _OURS,
    Run("Spark, one batch", SPARK, ("--files", str(COUNT // _PART))),
)


class Inputs(NamedTuple):
    """The same lines as a file and as a folder of files."""

    file: Path
    folder: Path

    def of(self, contender: Contender) -> Path:
        """The one that a contender takes."""
        return self.folder if contender.folder else self.file


def report(stream: Path) -> None:
    """Measure and print."""
    print(f"\nRivals: {COUNT:,} lines; goals are 2 for Flink and 3 for Spark")
    require_agreement(stream)
    few = Inputs(stream.with_name("few.json"), stream.with_name("few"))
    first = list(islice(read_lines([stream]), _PART))
    write_file(few.file, first)
    write_parts(few.folder, [first])
    every = Inputs(stream, stream.with_name("parts"))
    write_parts(every.folder, batches(read_lines([stream]), _PART))
    starts = {one: one.run(few.of(one)) for one in (OURS, FLINK, SPARK)}
    found: dict[Run, list[Cost]] = {}
    for run in _RUNS:
        cost = run.contender.run(every.of(run.contender), *run.options)
        found.setdefault(run, []).append(cost)
    _print(starts, {run: _median(costs) for run, costs in found.items()})


def _median(costs: list[Cost]) -> Cost:
    return Cost(*map(median, zip(*costs, strict=True)))


def _print(starts: dict[Contender, Cost], whole: dict[Run, Cost]) -> None:
    lines = {run: _per_line(starts[run.contender], cost) for run, cost in whole.items()}
    print("  seconds of the processor (on the clock), and their ratios to the first")
    print(
        f"  {'':<24}{'few lines':>16}{'all lines':>16}{'lines/s':>10}{'per line':>14}{'whole':>14}"
    )
    for run, cost in whole.items():
        start, line = starts[run.contender], lines[run]
        print(
            f"  {run.name:<24}{_seconds(start):>16}{_seconds(cost):>16}{1 / line.cpu:>10,.0f}"
            f"{_ratio(line, lines[_OURS]):>14}{_ratio(cost, whole[_OURS]):>14}"
        )


def _per_line(few: Cost, every: Cost) -> Cost:
    return Cost(*((b - a) / (COUNT - _PART) for a, b in zip(few, every, strict=True)))


def _seconds(cost: Cost) -> str:
    return f"{cost.cpu:.1f} ({cost.wall:.1f})"


def _ratio(cost: Cost, ours: Cost) -> str:
    return f"{cost.cpu / ours.cpu:.2f} ({cost.wall / ours.wall:.2f})"
