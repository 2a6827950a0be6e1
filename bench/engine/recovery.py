"""Seconds from opening an engine's store to a state that goes on, with a million live impressions.

The store holds a base with a crowd in it and the changes of the lines that were folded after it.
"""

from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from bellrock.operators.state import State
from bellrock.store.duckdb import DuckDBStore
from bench.engine.crowd import Crowd
from bench.engine.lines import read_stream
from bench.engine.states import engine, pipeline_after, store_with

_FIRST = 220_000
_LIVE = 1_000_000
_SINCE = 400_000
_BATCH = 10_000
_ROUNDS = 5


def report(stream: Path) -> None:
    """Measure and print."""
    path = stream.with_name("recovery.duckdb")
    lines = read_stream(stream, _FIRST, _FIRST + _SINCE)
    _fill(stream, lines, path)
    found = [_open(lines, path) for _ in range(_ROUNDS)]
    store = DuckDBStore(path)
    parts = store.state()
    store.close()
    restored = State()
    restored.restore(parts)
    live = len(restored.impressions)
    assert live > _LIVE
    print(f"\nRecovery: {live:,} live impressions from a base of {len(parts[0]) / 1e6:.0f} MB")
    print(f"  and the changes of {len(parts) - 1} steps, {sum(map(len, parts[1:])) / 1e6:.0f} MB")
    wall, cpu = (median(seconds) for seconds in zip(*found, strict=True))
    print(f"  {wall:.2f} s, {cpu:.2f} s of processor time")


def _fill(stream: Path, lines: list[bytes], path: Path) -> None:
    state = pipeline_after(read_stream(stream, 0, _FIRST)).state
    Crowd(state).grow(_LIVE)
    store = store_with(state, path)
    folding = engine(store, lines, _BATCH)
    while folding.step():
        pass
    store.close()


def _open(lines: list[bytes], path: Path) -> tuple[float, float]:
    """Seconds on the clock and of the processor; the file is in the system's cache."""
    wall, cpu = perf_counter(), process_time()
    store = DuckDBStore(path)
    engine(store, lines, _BATCH)
    seconds = perf_counter() - wall, process_time() - cpu
    store.close()
    return seconds
