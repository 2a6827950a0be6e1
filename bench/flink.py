"""What Python does in the job on Flink, without Flink: `python -m bench.flink`, some two minutes on one core.

Keyed state is in memory, everything is judged, and documents are dropped when they are encoded for a store.
Live: 1,080 lines a second of the log, and in each second a step of every lane. Backlog: steps of many lines
in one lane, beside the bare pipeline on the same lines, by turns. Seconds are processor time.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from statistics import median
from time import process_time
from typing import NamedTuple

from bellrock.claims.memory import MemoryClaims
from bellrock.log.blocks import Block, cut
from bellrock.marks.memory import MemoryMarks
from bellrock.normalise.decode import route_of
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.pipeline import Pipeline
from bellrock.runners.flink.horizon import Horizon
from bellrock.runners.flink.journal import Journal
from bellrock.runners.flink.lanes import lane_by_shard
from bellrock.runners.flink.session import ENOUGH_LINES, MOST_LINES, LaneState, SessionFunction
from bellrock.runners.flink.summary import SlotState, SummaryFunction
from bellrock.runners.garbage import sparing_what_stays
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bench.engine.lines import sites

_RATE = 1080
_BEGIN_MS = 1_795_000_020_000  # the first of a minute
_BEFORE, _MEASURED = 60, 10  # seconds of the log
_APPEND = 100  # lines of which a collector makes blocks
_LATE_MS = 60_000
_FLUSH_SECONDS = 3
_SLOTS = 32
_ROUNDS = 3


class _Value:
    def __init__(self) -> None:
        self._data: bytes | None = None

    def value(self) -> bytes | None:
        return self._data

    def update(self, value: bytes) -> None:
        self._data = value


class _Values:
    def __init__(self) -> None:
        self._data: list[bytes] = []

    def get(self) -> list[bytes]:
        return list(self._data)

    def add(self, value: bytes) -> None:
        self._data.append(value)

    def update(self, values: list[bytes]) -> None:
        self._data = list(values)


class _Table(dict[str, bytes]):
    put = dict.__setitem__
    remove = dict.__delitem__


class _Everything:
    """See `Judged`: all evidence is judged already."""

    def read(self) -> int:
        return 1 << 40

    def write(self, minute: int) -> None:
        raise AssertionError(minute)


class _Marks(MemoryMarks):
    """See `SharedMarks`."""

    def refresh(self, minute: int) -> None:
        """Do nothing: nobody else marks."""


class _Drop:
    """See `DocumentWriter`."""

    def write(self, documents: Deltas, version: int, *, level: str) -> None:
        """Do nothing."""


class _Lanes:
    """All lanes of a job in one worker."""

    def __init__(self, number: int) -> None:
        self._lanes = lane_by_shard("kafka://", number)
        marks = _Marks()
        horizon = Horizon(_Everything(), marks, process_time)
        self._function = SessionFunction(sites(), MemoryClaims(), marks, horizon, _SLOTS)
        self._states = [LaneState(_Values(), Journal(_Value(), _Values())) for _ in range(number)]

    def gather(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            lane = self._lanes[block.shard]
            self._function.gather(lane, self._states[lane], block.data)

    def step(self, at: int) -> Iterator[tuple[int, bytes]]:
        """Step every lane; parcels, each with its slot."""
        for lane, state in enumerate(self._states):
            stepped = self._function.step(lane, state, at - _LATE_MS)
            assert not stepped.waits
            yield from stepped.parcels.items()


class _Slots:
    """All slots of a job in one worker."""

    def __init__(self) -> None:
        self._function = SummaryFunction(_Drop(), 1)
        self._states = [SlotState(_Value(), _Values(), _Table()) for _ in range(_SLOTS)]

    def take(self, parcels: Iterable[tuple[int, bytes]]) -> None:
        for slot, parcel in parcels:
            self._function.gather(self._states[slot], parcel)

    def flush(self, at: int) -> None:
        for state in self._states:
            self._function.flush(state, at - _LATE_MS)


class Cost(NamedTuple):
    """Processor time in microseconds for a line."""

    sessions: float
    summaries: float


def live(lines: Sequence[bytes], lanes: int) -> Cost:
    """A second after the other, from a state that the lines before led to."""
    job, slots = _Lanes(lanes), _Slots()
    seconds = [
        list(own) for _, own in groupby(lines, lambda line: (route_of(line)[0] or 0) // 1000)
    ]
    job.gather(cut([line for second in seconds[:_BEFORE] for line in second]))
    slots.take(job.step(_time(_BEFORE)))
    slots.flush(_time(_BEFORE))
    count, spent = 0, [0.0, 0.0]
    for number, second in enumerate(seconds[_BEFORE:], _BEFORE + 1):
        blocks, count = _blocks(second), count + len(second)
        began = process_time()
        job.gather(blocks)
        parcels = list(job.step(_time(number)))
        folded = process_time()
        slots.take(parcels)
        if number % _FLUSH_SECONDS == 0:
            slots.flush(_time(number))
        spent[0] += folded - began
        spent[1] += process_time() - folded
    return Cost(*(1e6 * seconds / count for seconds in spent))


def backlog(lines: Sequence[bytes], size: int) -> tuple[float, float]:
    """Processor time of the pipeline, and of one lane, in microseconds for a line."""
    bare, job = Pipeline(sites(), MemoryClaims(), _Marks(), State()), _Lanes(1)
    spent = [0.0, 0.0]
    for at in range(0, len(lines) - size + 1, size):
        part = lines[at : at + size]
        blocks = _blocks(part)
        began = process_time()
        bare.step([line for block in blocks for line in block.data.splitlines()])
        stepped = process_time()
        job.gather(blocks)
        list(job.step(route_of(part[0])[0] or 0))
        spent[0] += stepped - began
        spent[1] += process_time() - stepped
    count = len(lines) // size * size
    return 1e6 * spent[0] / count, 1e6 * spent[1] / count


def main() -> None:
    """Measure and print."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    traffic = Traffic(rate=_RATE, seed=1, sites=tuple(sites()))
    lines = list(past_lines(traffic, begin_ms=_BEGIN_MS, end_ms=_time(_BEFORE + _MEASURED)))
    with sparing_what_stays():
        print(f"Live, {_RATE:,} lines/s of the log: processor time, us for a line")
        print(f"  {'lanes':>6}{'sessions':>12}{'summaries':>12}{'of a core':>12}")
        for lanes in (128, 16, 4):
            cost = live(lines, lanes)
            share = sum(cost) * _RATE / 1e6
            print(f"  {lanes:>6}{cost.sessions:>12.0f}{cost.summaries:>12.0f}{share:>12.0%}")
        print("Backlog, one lane: processor time, us for a line")
        print(f"  {'a step':>6}{'pipeline':>12}{'lane':>12}{'ratio':>12}")
        for size in (ENOUGH_LINES, MOST_LINES):
            rounds = [backlog(list(islice(lines, 60_000)), size) for _ in range(_ROUNDS)]
            bare, lane = median(one for one, _ in rounds), median(one for _, one in rounds)
            ratio = median(one / other for one, other in rounds)
            print(f"  {size:>6,}{bare:>12.1f}{lane:>12.1f}{ratio:>12.0%}")


def _time(second: int) -> int:
    return _BEGIN_MS + 1000 * second


def _blocks(lines: Sequence[bytes]) -> list[Block]:
    """What collectors append, one append after the other."""
    return [
        block for at in range(0, len(lines), _APPEND) for block in cut(lines[at : at + _APPEND])
    ]


if __name__ == "__main__":
    main()
