"""Engines over a log in memory, and what their stores have to hold.

Enters: lines in their order, an open store. Leaves: an engine that has folded nothing of them yet, or that
runs on a thread until the block ends; the fold of the lines.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bellrock.log.memory import MemoryLog
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.sites import Sites, parse_sites
from bellrock.store.duckdb import DuckDBStore
from reference.stream import stream
from stored import Folding, Holding

PATIENCE = 60.0
"""Seconds after which a thread that should have ended is taken for one that never will."""


def hostile(seed: int, count: int) -> tuple[Sites, list[bytes]]:
    """A stream of lines as a log can hold them, with its sites."""
    toml, lines = stream(seed, count)
    return parse_sites(toml, "stream"), [line for line in lines if line and b"\n" not in line]


def cut(lines: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    """The lines by so many, the last ones as they are left."""
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def log_of(lines: Sequence[bytes]) -> MemoryLog:
    log = MemoryLog()
    log.append(lines)
    return log


def engine_on(lines: Sequence[bytes], store: DuckDBStore, sites: Sites, **options: Any) -> Engine:
    options.setdefault("wall_clock", lambda: 0.0)
    return Engine(log_of(lines), store, sites, options.pop("progress", Progress()), **options)


def drain(engine: Engine) -> list[int]:
    """Step until every line is folded; how many lines each step folded."""
    return list(iter(engine.step, 0))


def folded(lines: Sequence[bytes], sites: Sites) -> Holding:
    """What a store has to hold after these lines."""
    folding = Folding(sites)
    folding.fold(lines)
    return folding.holding()


class Running:
    """An engine that runs on a thread."""

    def __init__(self, engine: Engine, thread: ThreadPoolExecutor) -> None:
        self.engine, self.stop = engine, threading.Event()
        self._ended: Future[None] = thread.submit(engine.run, self.stop)

    def result(self) -> None:
        """Wait until it has ended; raises what made it end."""
        self._ended.result(PATIENCE)


@contextmanager
def running(engine: Engine) -> Iterator[Running]:
    """The engine runs; at the end of the block it is told to stop, and waited for."""
    with ThreadPoolExecutor(1, "engine") as thread:
        run = Running(engine, thread)
        try:
            yield run
        finally:
            run.stop.set()
