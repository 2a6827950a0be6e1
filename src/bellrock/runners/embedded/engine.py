"""The engine: reads the log, steps the pipeline, commits what it yields.

Enters: a log and a store. Leaves: the store, one whole step after the other. What always holds: deltas,
changed state, claims and log position are committed together, so that after a crash at any point the
engine reads the store and goes on, and nobody can tell.
"""

import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from bellrock.claims.duckdb import EmbeddedClaims
from bellrock.log.contract import LogReader
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.progress import Progress
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

MOST_LINES = 20_000
"""Lines of one step: what vectorising gains is gained by then, and memory stays bounded."""

_SMALL_STATE = 4 << 20  # bytes of changes that are never worth a new base
_CHANGES_PER_BASE = 0.25
_SETTLE_EVERY = 60.0  # seconds


class Engine:
    """Folds a log into a store from where the store stands."""

    def __init__(
        self,
        log: LogReader,
        store: DuckDBStore,
        sites: Mapping[str, Site],
        progress: Progress,
        *,
        step_seconds: float = 1.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Restore the state from the store; `step_seconds` is how long lines are gathered for a step."""
        self._log = log
        self._store = store
        self._progress = progress
        self._step_seconds = step_seconds
        self._wall_clock = wall_clock
        self._claims = EmbeddedClaims(store.owners)
        state = State()
        parts = store.state()
        state.restore(parts)
        self._base_bytes = len(parts[0]) if parts else 0
        self._changed_bytes = sum(map(len, parts[1:]))
        self._pipeline = Pipeline(sites, self._claims, state)
        self._position, _ = store.progress()
        self._settled_at = time.monotonic()
        self._tell()

    @property
    def position(self) -> int:
        """The log position after the last committed step."""
        return self._position

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set; every step that was begun is committed before this returns."""
        while not stop.is_set():
            began = time.monotonic()
            lines = self.step()
            if lines < MOST_LINES:
                self._settle_if_due()
                stop.wait(max(0.0, began + self._step_seconds - time.monotonic()))
        self._store.settle()

    def step(self) -> int:
        """Fold and commit the lines that are there, up to `MOST_LINES`; returns how many."""
        chunk = self._log.read(self._position, MOST_LINES)
        if not chunk.lines:
            return 0
        step = self._pipeline.step(chunk.lines)
        self._changed_bytes += len(step.changes)
        base = self._changed_bytes > max(_SMALL_STATE, self._base_bytes * _CHANGES_PER_BASE)
        state = self._pipeline.state.snapshot() if base else step.changes
        self._store.commit(
            StoredStep(
                deltas=msgspec.structs.asdict(step.deltas),
                claims=self._claims.pending(),
                state=state,
                base=base,
                position=chunk.position,
                watermark=self._pipeline.state.watermark,
            )
        )
        self._claims.committed()
        if base:
            self._base_bytes, self._changed_bytes = len(state), 0
        self._position = chunk.position
        self._tell()
        return len(chunk.lines)

    def _settle_if_due(self) -> None:
        if time.monotonic() - self._settled_at >= _SETTLE_EVERY:
            self._store.settle()
            self._settled_at = time.monotonic()

    def _tell(self) -> None:
        self._progress.advance(
            self._position, self._pipeline.state.watermark, int(self._wall_clock() * 1000)
        )
