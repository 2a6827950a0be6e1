"""What a line costs one TaskManager that drains a backlog, beside the bare pipeline and Flink SQL.

Each folds few lines, and then all; the difference is what lines cost without the start, in processor time. That
of a TaskManager has all in it: Flink's source, its network and state, Python, and writing to the store. It has
drained the backlog once before, so that most of its Java is compiled.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import NamedTuple

from bellrock.claims.memory import MemoryClaims
from bellrock.log.blocks import cut
from bellrock.marks.memory import MemoryMarks
from bellrock.normalise.decode import route_of
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.garbage import sparing_what_stays
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bellrock.sites import load_sites
from bench.cluster.place import LANES, PARTITIONS, SITES, Place, processor_seconds
from bench.cluster.table import Table
from bench.engine.contenders import FLINK, Contender
from bench.engine.lines import write_file
from bench.engine.states import batches
from bench.flink.job import Lanes, Slots
from bench.load import declare_sites

_RATE = 1080.0
_FEW = 10_000
_STEP = 10_000
_APPEND = 1_000
_FEW_LANES = PARTITIONS
_LINES_AT_ONCE = 48_000  # what 32 MiB are, which gather before lanes step
_LINES_WRITTEN = 96_000  # and of how many documents are written together
_BEGIN_MS = 1_795_000_020_000


class _Way(NamedTuple):
    """How a backlog is drained: `append` lines were sent together, as blocks of 128 shards."""

    append: int
    lanes: int


_WAYS = {
    f"records of 8 lines, {LANES} lanes": _Way(_APPEND, LANES),
    f"a record for each beacon, {LANES} lanes": _Way(1, LANES),
    f"records of 8 lines, {_FEW_LANES} lanes": _Way(_APPEND, _FEW_LANES),
}


def report(place: Place, count: int, table: Table) -> None:
    """Measure with `count` lines, more than `_FEW`."""
    sites = place.folder / "knee-sites.toml"
    traffic = Traffic(rate=_RATE, seed=1, sites=tuple(declare_sites(sites, SITES)))
    end = _BEGIN_MS + round(2000 * count / _RATE)
    lines = list(past_lines(traffic, begin_ms=_BEGIN_MS, end_ms=end))[:count]
    few = lines[:_FEW]
    found = {
        "the bare pipeline": _bare(sites, lines) - _bare(sites, few),
        f"the same functions without Flink, {_FEW_LANES} lanes": _alone(place, sites, lines)
        - _alone(place, sites, few),
    }
    _drained(place, "knee-warm", sites, lines, _Way(_APPEND, LANES))
    for name, way in _WAYS.items():
        start, every = (
            _drained(place, f"knee-{way.append}-{way.lanes}-{len(part)}", sites, part, way)
            for part in (few, lines)
        )
        found[f"one TaskManager, {name}"] = every - start
    if FLINK.python.exists():
        found["Flink SQL"] = _peer(FLINK, place, lines) - _peer(FLINK, place, few)
    for name, seconds in found.items():
        table.row("knee", name, (len(lines) - len(few)) / seconds, "beacons/s and core")
        share = found["the bare pipeline"] / seconds
        table.row("knee", name, 100 * share, "% of the bare pipeline")


def _bare(sites: Path, lines: Sequence[bytes]) -> float:
    began = process_time()
    with sparing_what_stays():
        folding = Pipeline(load_sites(sites), MemoryClaims(), MemoryMarks(), State())
        for part in batches(lines, _STEP):
            folding.step(part)
    return process_time() - began


def _alone(place: Place, sites: Path, lines: Sequence[bytes]) -> float:
    """Lanes and slots in this process, which write to the store; claims and marks are in memory."""
    parts = [(route_of(part[-1])[0] or 0, cut(part)) for part in batches(lines, _LINES_AT_ONCE)]
    with closing(place.store(f"alone-{len(lines)}")) as store, sparing_what_stays():
        began = process_time()
        job, slots = Lanes(_FEW_LANES, load_sites(sites)), Slots(store)
        for number, (at, blocks) in enumerate(parts, 1):
            job.gather(blocks)
            slots.take(job.step(at))
            last = number == len(parts)
            if last or not number * _LINES_AT_ONCE % _LINES_WRITTEN:
                slots.flush(at, hours=last)
        return process_time() - began


def _expected(sites: Path, lines: Sequence[bytes]) -> int:
    """How many beacons the documents have in the end."""
    folding = Pipeline(load_sites(sites), MemoryClaims(), MemoryMarks(), State())
    return sum(
        int(folding.step(part).deltas.minutes["beacons"].sum()) for part in batches(lines, _STEP)
    )


def _drained(place: Place, name: str, sites: Path, lines: Sequence[bytes], way: _Way) -> float:
    """What the worker takes until all lines can be found in the store."""
    expected = _expected(sites, lines)
    worker = place.cluster.workers[0].pid
    began = processor_seconds(worker)
    with place.job(name, sites, list(batches(lines, way.append)), way.lanes) as job:
        place.wait(lambda: job.beacons() == expected)
        return processor_seconds(worker) - began


def _peer(peer: Contender, place: Place, lines: Sequence[bytes]) -> float:
    file = place.folder / f"{len(lines)}.json"
    write_file(file, lines)
    return peer.run(file).cpu
