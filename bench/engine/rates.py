"""Beacons a second of processor time, and the share of each stage.

A round folds the same late lines from the same state at each size of a batch, and once more with everything
that the embedded engine does. There are several rounds, by turns; of each column the median round is shown.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import NamedTuple

from bellrock.runners.garbage import sparing_what_stays
from bench.engine.lines import COUNT, read_stream
from bench.engine.stages import STAGES, watched
from bench.engine.states import batches, catch_up, engine, pipeline, pipeline_after, store_with

_SIZES = (2_000, 10_000, 50_000)
_STORED = 10_000
_MEASURED = 200_000
_ROUNDS = 5


class Round(NamedTuple):
    """Processor seconds that the measured lines took, and those of each stage."""

    seconds: float
    stages: Mapping[str, float]


def report(stream: Path) -> None:
    """Measure and print."""
    filled = pipeline_after(read_stream(stream, 0, COUNT - _MEASURED))
    live, snapshot = len(filled.state.impressions), filled.state.snapshot()
    lines = read_stream(stream, COUNT - _MEASURED, COUNT)
    rounds: dict[str, list[Round]] = {}
    with sparing_what_stays():  # as `bellrock serve` does
        for _ in range(_ROUNDS):
            for size in _SIZES:
                rounds.setdefault(f"{size:,}", []).append(_fold(snapshot, lines, size))
            stored = _store(snapshot, lines, stream.with_name("rates.duckdb"))
            rounds.setdefault(f"{_STORED:,} stored", []).append(stored)
    print(
        f"\nRates: {_MEASURED:,} lines from {live:,} live impressions on, by the lines of a batch"
    )
    _print(rounds)


def _fold(snapshot: bytes, lines: Sequence[bytes], size: int) -> Round:
    """The pipeline alone: its deltas and changes of state are made, and dropped."""
    folding = pipeline(snapshot)
    with watched() as stages:
        began = process_time()
        for part in batches(lines, size):
            assert folding.step(part).balance.difference == 0
        return Round(process_time() - began, stages)


def _store(snapshot: bytes, lines: Sequence[bytes], path: Path) -> Round:
    """The embedded engine, with the housekeeping that falls due when it catches up."""
    with closing(store_with(pipeline(snapshot).state, path)) as store:
        folding = engine(store, lines, _STORED)
        with watched() as stages:
            began = process_time()
            catch_up(folding, store)
            seconds = process_time() - began
    path.unlink()
    return Round(seconds, stages)


def _print(rounds: dict[str, list[Round]]) -> None:
    ordered = {name: sorted(found, key=lambda one: one.seconds) for name, found in rounds.items()}
    middle = {name: found[len(found) // 2] for name, found in ordered.items()}

    def row(title: str, cells: Sequence[str]) -> None:
        print(f"  {title:<24}" + "".join(f"{cell:>16}" for cell in cells))

    row("", list(rounds))
    row("beacons/s (goal: 100k)", [f"{_MEASURED / one.seconds:,.0f}" for one in middle.values()])
    row(
        "slowest to fastest",
        [
            f"{_MEASURED / found[-1].seconds / 1000:.0f}k to {_MEASURED / found[0].seconds / 1000:.0f}k"
            for found in ordered.values()
        ],
    )
    for stage in STAGES:
        row(stage, [_share(one.stages.get(stage), one.seconds) for one in middle.values()])
    rest = [1 - sum(one.stages.values()) / one.seconds for one in middle.values()]
    row("the rest", [f"{share:.1%}" for share in rest])


def _share(part: float | None, whole: float) -> str:
    return "" if part is None else f"{part / whole:.1%}"
