"""What a line costs one TaskManager that drains a backlog, beside the bare pipeline and Flink SQL.

Each folds few lines, and then all; the difference is what lines cost without the start, in processor time. That
of the TaskManager has all in it: Flink's source, its network and state, Python, and writing to the store.
"""

from collections.abc import Sequence
from pathlib import Path
from time import process_time

from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.garbage import sparing_what_stays
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bellrock.sites import load_sites
from bench.cluster.place import SITES, Place, processor_seconds
from bench.cluster.table import Table
from bench.engine.contenders import FLINK, Contender
from bench.engine.lines import write_file
from bench.engine.states import batches
from bench.load import declare_sites

_RATE = 1080.0
_FEW = 10_000
_STEP = 10_000
_APPEND = 1_000
_BEGIN_MS = 1_795_000_020_000


def report(place: Place, count: int, table: Table) -> None:
    """Measure with `count` lines, more than `_FEW`."""
    sites = place.folder / "knee-sites.toml"
    traffic = Traffic(rate=_RATE, seed=1, sites=tuple(declare_sites(sites, SITES)))
    end = _BEGIN_MS + round(2000 * count / _RATE)
    lines = list(past_lines(traffic, begin_ms=_BEGIN_MS, end_ms=end))[:count]
    few = lines[:_FEW]
    in_blocks, alone = "one TaskManager, blocks", "one TaskManager, a record for each beacon"
    found = {"the bare pipeline": _bare(sites, lines) - _bare(sites, few)}
    for name, append in ((in_blocks, _APPEND), (alone, 1)):
        # The first of all warms the worker up.
        _, start, every = (
            _drained(place, f"knee-{append}-{number}", sites, part, append)
            for number, part in enumerate((few, few, lines))
        )
        found[name] = every - start
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


def _expected(sites: Path, lines: Sequence[bytes]) -> int:
    """How many beacons the documents have in the end."""
    folding = Pipeline(load_sites(sites), MemoryClaims(), MemoryMarks(), State())
    return sum(
        int(folding.step(part).deltas.minutes["beacons"].sum()) for part in batches(lines, _STEP)
    )


def _drained(place: Place, name: str, sites: Path, lines: Sequence[bytes], append: int) -> float:
    """What the worker takes until all lines can be found in the store."""
    expected = _expected(sites, lines)
    worker = place.cluster.workers[0].pid
    began = processor_seconds(worker)
    with place.job(name, sites, list(batches(lines, append))) as job:
        place.wait(lambda: job.beacons() == expected)
        return processor_seconds(worker) - began


def _peer(peer: Contender, place: Place, lines: Sequence[bytes]) -> float:
    file = place.folder / f"{len(lines)}.json"
    write_file(file, lines)
    return peer.run(file).cpu
