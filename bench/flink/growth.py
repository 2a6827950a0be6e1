"""The state of lanes that have many live impressions: its size, what seconds add to it, what restoring takes.

The impressions are of one beacon each. Then the traffic goes on, second by second. What is new in a checkpoint
is what was added to keyed state since the last one, and where a new base was written, that.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from time import process_time

from bellrock.normalise.decode import route_of
from bellrock.operators.state import State
from bench.engine.lines import sites
from bench.engine.states import batches
from bench.flink.job import Lanes, blocks_of
from bench.flink.rates import BEFORE, BEGIN_MS, MEASURED, RATE, time_of

_IMPRESSIONS = 1_000_000
_LANES = 16
_BATCH = 100_000
_BEFORE_MS = 600_000  # in which they came


def report(lines: Sequence[bytes]) -> None:
    """Measure and print; `lines` are those of `rates`, of which the last are used."""
    job = Lanes(_LANES, sites())
    for part in batches(_impressions(), _BATCH):
        job.gather(blocks_of(part))
        list(job.step(route_of(part[-1])[0] or 0))
    whole = sum(_sizes(job))
    added = second_bases = count = 0
    for _, own in groupby(lines, lambda line: (route_of(line)[0] or 0) // 1000):
        second = list(own)
        if (route_of(second[0])[0] or 0) < time_of(BEFORE):
            continue
        before = _sizes(job)
        job.gather(blocks_of(second))
        list(job.step(time_of(BEFORE)))
        for old, new in zip(before, _sizes(job), strict=True):
            added += new - old if new >= old else new
            second_bases += new < old
        count += len(second)
    began = process_time()
    states = []
    for lane in job.states:
        state = State()
        state.restore(list(lane.journal.parts.get()))
        states.append(state)
    restored = process_time()
    base = sum(len(state.snapshot()) for state in states)
    made = process_time()
    print(f"State, {_IMPRESSIONS:,} live impressions in {_LANES} lanes; then {RATE:,} lines/s")
    for name, value, unit in (
        ("bases", base / 1e6, "MB"),
        ("bases and changes, before the seconds", whole / 1e6, "MB"),
        ("added in a second", added / MEASURED / 1e6, "MB"),
        ("added for a line", added / count, "bytes"),
        ("bases made anew in these seconds", second_bases, ""),
        ("a base of one lane made in", 1000 * (made - restored) / _LANES, "ms"),
        ("all lanes restored in", restored - began, "s"),
    ):
        print(f"  {name:<40}{value:>12,.1f} {unit}")


def _impressions() -> Iterator[bytes]:
    """The lines of the impressions, before those of `rates`."""
    keys = tuple(sites())
    for n in range(_IMPRESSIONS):
        at = BEGIN_MS - _BEFORE_MS + _BEFORE_MS * n // _IMPRESSIONS
        ids = b'"session":"session-%010d","impression":"impression-%010d"' % (n, n)
        beacon = b'{"v":1,"site":"%b",%b,"seq":0,"type":"navigation"}' % (
            keys[n % len(keys)].encode(),
            ids,
        )
        yield b'{"at":%d,"ua":"Mozilla/5.0","beacon":%b}' % (at, beacon)


def _sizes(job: Lanes) -> list[int]:
    """Bytes of each lane's state."""
    return [sum(map(len, lane.journal.parts.get())) for lane in job.states]
