"""Microseconds for a line.

Live: 1,080 lines a second of the log, and in each second a step of every lane. Backlog: steps of many lines
in one lane, beside the bare pipeline on the same lines, by turns; and what it would be to step for each line.
Both begin with the state of lines that came before.
"""

from collections.abc import Sequence
from itertools import groupby
from statistics import median
from time import process_time
from typing import NamedTuple

from bellrock.claims.memory import MemoryClaims
from bellrock.log.blocks import cut
from bellrock.normalise.decode import route_of
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.flink.session import MOST_LINES
from bench.engine.lines import sites
from bench.engine.states import batches
from bench.flink.job import SETTINGS, Drop, Lanes, Marks, Slots, blocks_of

RATE = 1080
BEGIN_MS = 1_795_000_020_000  # the first of a minute
BEFORE, MEASURED = 60, 60  # seconds of the log

_WARM = 40_000  # lines of the backlog whose state is there when it begins
_BACKLOG = 40_000
_ENOUGH = 10_000  # lines of which a step costs a line nearly as little as it can
_ROUNDS = 5
_ALONE = 500  # steps of one line: each takes as long as one of hundreds


class Cost(NamedTuple):
    """Processor time in microseconds for a line."""

    sessions: float
    summaries: float


def report_live(lines: Sequence[bytes]) -> None:
    """Measure and print."""
    print(f"Live, {RATE:,} lines/s of the log: processor time, us for a line")
    print(f"  {'lanes':>8}{'sessions':>12}{'summaries':>12}{'of a core':>12}")
    for lanes in (128, 16, 4):
        cost = live(lines, lanes)
        share = sum(cost) * RATE / 1e6
        print(f"  {lanes:>8}{cost.sessions:>12.0f}{cost.summaries:>12.0f}{share:>12.0%}")


def report_backlog(lines: Sequence[bytes]) -> None:
    """Measure and print."""
    lines = lines[: _WARM + _BACKLOG]
    print("Backlog, one lane: processor time, us for a line")
    print(f"  {'a step':>8}{'pipeline':>12}{'lane':>12}{'ratio':>12}")
    bare = 0.0
    for size in (MOST_LINES, _ENOUGH):
        rounds = [backlog(lines, size) for _ in range(_ROUNDS)]
        bare, lane = median(one for one, _ in rounds), median(one for _, one in rounds)
        ratio = median(one / other for one, other in rounds)
        print(f"  {size:>8,}{bare:>12.1f}{lane:>12.1f}{ratio:>12.0%}")
    _, lane = backlog(lines[: _WARM + _ALONE], 1)
    print(f"  {1:>8,}{'':>12}{lane:>12.1f}{bare / lane:>12.2%} of the pipeline above")


def live(lines: Sequence[bytes], lanes: int) -> Cost:
    """A second after the other, from a state that the lines before led to."""
    job, slots = Lanes(lanes, sites()), Slots(Drop())
    seconds = [
        list(own) for _, own in groupby(lines, lambda line: (route_of(line)[0] or 0) // 1000)
    ]
    job.gather(cut([line for second in seconds[:BEFORE] for line in second]))
    slots.take(job.step(time_of(BEFORE)))
    slots.flush(time_of(BEFORE), hours=True)
    count, spent = 0, [0.0, 0.0]
    for number, second in enumerate(seconds[BEFORE:], BEFORE + 1):
        blocks, count = blocks_of(second), count + len(second)
        began = process_time()
        job.gather(blocks)
        parcels = list(job.step(time_of(number)))
        folded = process_time()
        slots.take(parcels)
        if number % SETTINGS.flush_seconds == 0:
            slots.flush(time_of(number), hours=number % SETTINGS.hours_seconds == 0)
        spent[0] += folded - began
        spent[1] += process_time() - folded
    return Cost(*(1e6 * seconds / count for seconds in spent))


def backlog(lines: Sequence[bytes], size: int) -> tuple[float, float]:
    """Processor time of the pipeline, and of one lane, in microseconds for a line."""
    bare, job = Pipeline(sites(), MemoryClaims(), Marks(), State()), Lanes(1, sites())
    bare.step(lines[:_WARM])
    job.gather(blocks_of(lines[:_WARM]))
    list(job.step(BEGIN_MS))
    lines = lines[_WARM:]
    spent = [0.0, 0.0]
    for part in batches(lines, size):
        blocks = blocks_of(part)
        began = process_time()
        bare.step([line for block in blocks for line in block.data.splitlines()])
        stepped = process_time()
        job.gather(blocks)
        list(job.step(route_of(part[0])[0] or 0))
        spent[0] += stepped - began
        spent[1] += process_time() - stepped
    return 1e6 * spent[0] / len(lines), 1e6 * spent[1] / len(lines)


def time_of(second: int) -> int:
    """A second of the log, in ms."""
    return BEGIN_MS + 1000 * second
