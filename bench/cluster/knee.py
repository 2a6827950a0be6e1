"""What a line costs one TaskManager that drains a backlog, beside the bare pipeline and Flink SQL.

Each folds `_WARM` lines first, and then those that are measured, in processor time: so the start is not in it,
nor most of what Java compiles. That of a TaskManager has all else in it: Flink's source, its network and state,
Python, and writing to the store.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import NamedTuple

from bellrock.claims.dynamodb import DynamoClaims
from bellrock.claims.memory import MemoryClaims
from bellrock.dynamodb.client import connect
from bellrock.log.blocks import cut
from bellrock.marks.memory import MemoryMarks
from bellrock.normalise.decode import route_of
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.garbage import sparing_what_stays
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bellrock.sites import load_sites
from bench.cluster.place import (
    APPEND,
    LANES,
    PARTITIONS,
    SITES,
    Place,
    processor_seconds,
    send,
)
from bench.cluster.table import Table
from bench.engine.contenders import FLINK, Contender
from bench.engine.lines import write_file
from bench.engine.states import batches
from bench.flink.job import Lanes, Slots
from bench.load import declare_sites
from servers.dynamodb import make_tables

_RATE = 1080.0
_WARM = 300_000
_STEP = 10_000
_FEW_LANES = PARTITIONS
_LINES_AT_ONCE = 96_000  # what 64 MiB are, which gather before lanes step
_LINES_WRITTEN = 192_000  # and of how many documents are written together
_BEGIN_MS = 1_795_000_020_000


class _Way(NamedTuple):
    """How a backlog is drained: `append` lines were sent together, as blocks of 128 shards."""

    append: int
    lanes: int


_WAYS = {
    f"records of 8 lines, {LANES} lanes": _Way(APPEND, LANES),
    f"a record for each beacon, {LANES} lanes": _Way(1, LANES),
    f"records of 8 lines, {_FEW_LANES} lanes": _Way(APPEND, _FEW_LANES),
}


class _Backlog(NamedTuple):
    """Lines of `sites` that come first, and those that are measured."""

    sites: Path
    first: Sequence[bytes]
    lines: Sequence[bytes]


class _Folded(NamedTuple):
    """What the bare pipeline took, and how many beacons there are in the lines that come first, and in all."""

    seconds: float
    first: int
    all: int


def report(place: Place, count: int, table: Table) -> None:
    """Measure with `count` lines."""
    backlog = _backlog(place, count)
    bare = _bare(backlog)
    found = {"the bare pipeline": bare.seconds}
    for lanes in (LANES, _FEW_LANES):
        found[f"the same functions without Flink, {lanes} lanes"] = _alone(place, backlog, lanes)
    for name, way in _WAYS.items():
        found[f"one TaskManager, {name}"] = _drained(place, backlog, way, bare)
    if FLINK.python.exists():
        found["Flink SQL"] = _peer(FLINK, place, backlog)
    for name, seconds in found.items():
        table.row("knee", name, count / seconds, "beacons/s and core")
        table.row("knee", name, 100 * bare.seconds / seconds, "% of the bare pipeline")


def _backlog(place: Place, count: int) -> _Backlog:
    sites = place.folder / "knee-sites.toml"
    traffic = Traffic(rate=_RATE, seed=1, sites=tuple(declare_sites(sites, SITES)))
    every = _WARM + count
    end = _BEGIN_MS + round(2000 * every / _RATE)
    lines = list(past_lines(traffic, begin_ms=_BEGIN_MS, end_ms=end))[:every]
    return _Backlog(sites, lines[:_WARM], lines[_WARM:])


def _bare(backlog: _Backlog) -> _Folded:
    with sparing_what_stays():
        folding = Pipeline(load_sites(backlog.sites), MemoryClaims(), MemoryMarks(), State())

        def fold(lines: Sequence[bytes]) -> int:
            steps = (folding.step(part) for part in batches(lines, _STEP))
            return sum(int(step.deltas.minutes["beacons"].sum()) for step in steps)

        first = fold(backlog.first)
        began = process_time()
        rest = fold(backlog.lines)
        return _Folded(process_time() - began, first, first + rest)


def _alone(place: Place, backlog: _Backlog, lanes: int) -> float:
    """Lanes and slots in this process, with the same store and claims; marks are in memory."""
    name = f"alone-{lanes}"
    with (
        closing(place.store(name)) as store,
        closing(connect(endpoint=place.tables)) as client,
        sparing_what_stays(),
    ):
        make_tables(client, name)
        claims = DynamoClaims(client, f"{name}-claims")
        job, slots = Lanes(lanes, load_sites(backlog.sites), claims), Slots(store)

        def fold(lines: Sequence[bytes]) -> float:
            parts = [
                (route_of(part[-1])[0] or 0, cut(part)) for part in batches(lines, _LINES_AT_ONCE)
            ]
            began = process_time()
            for number, (at, blocks) in enumerate(parts, 1):
                job.gather(blocks)
                slots.take(job.step(at))
                last = number == len(parts)
                if last or not number * _LINES_AT_ONCE % _LINES_WRITTEN:
                    slots.flush(at, hours=last)
            return process_time() - began

        fold(backlog.first)
        return fold(backlog.lines)


def _drained(place: Place, backlog: _Backlog, way: _Way, expected: _Folded) -> float:
    """What the worker takes until all lines can be found in the store; the first of them could be before."""
    worker = place.cluster.workers[0].pid
    name = f"knee-{way.append}-{way.lanes}"
    with place.job(name, backlog.sites, backlog.first, way.lanes, way.append) as job:
        place.wait(lambda: job.beacons() == expected.first)
        began = processor_seconds(worker)
        send(job.topic, backlog.lines, way.append)
        place.wait(lambda: job.beacons() == expected.all)
        return processor_seconds(worker) - began


def _peer(peer: Contender, place: Place, backlog: _Backlog) -> float:
    """What all lines take more than those that come first."""
    taken = []
    for lines in (backlog.first, [*backlog.first, *backlog.lines]):
        file = place.folder / f"{len(lines)}.json"
        write_file(file, lines)
        taken.append(peer.run(file).cpu)
    return taken[1] - taken[0]
