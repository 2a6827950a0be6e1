"""The engine: reads the log, steps the pipeline, commits what it yields.

Enters: a log and a store. Leaves: the store, one whole step after the other. What always holds: deltas,
changed state, claims, marks and log position are committed together, so that after a crash at any point the
engine reads the store and goes on, and nobody can tell.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from bellrock.claims.duckdb import EmbeddedClaims
from bellrock.log.contract import LogReader
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.metrics import Metrics, Standing, StepFigures, issue_lines
from bellrock.operators.balance import Balance
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline, Step
from bellrock.progress import Progress
from bellrock.runners.embedded.housekeeping import MANY_ROWS, Housekeeping
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

MOST_LINES = 20_000
"""Lines of one step: what vectorising gains is gained by then, and memory stays bounded."""

_SMALL_STATE = 4 << 20  # bytes of changes that are never worth a new base
_CHANGES_PER_BASE = 0.25
_MOST_FRESH = 3 * MANY_ROWS  # rows: housekeeping has fallen behind, so the engine waits for it
_logger = structlog.get_logger(__name__)


class Engine:
    """Folds a log into a store from where the store stands."""

    def __init__(
        self,
        log: LogReader,
        store: DuckDBStore,
        sites: Mapping[str, Site],
        progress: Progress,
        *,
        metrics: Metrics | None = None,
        step_seconds: float = 1.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Restore the state from the store; `step_seconds` is how long lines are gathered for a step."""
        self._log = log
        self._store = store
        self._progress = progress
        self._metrics = metrics or Metrics()
        self._step_seconds = step_seconds
        self._wall_clock = wall_clock
        self._claims = EmbeddedClaims(store.owners)
        self._marks = EmbeddedMarks(store.marks, store.edition)
        parts = store.state()
        state = State()
        state.restore(parts)
        self._base_bytes = len(parts[0]) if parts else 0
        self._changed_bytes = sum(map(len, parts[1:]))
        self._pipeline = Pipeline(sites, self._claims, self._marks, state)
        self._position, _ = store.progress()
        self._balance = store.balance()
        self._metrics.show(self._standing())
        # When the newest line was folded is not stored: after a night without visitors it is no lag.
        self._tell(state.watermark or 0)

    @property
    def position(self) -> int:
        """The log position after the last committed step."""
        return self._position

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set; every step that was begun is committed before this returns."""
        with Housekeeping(self._store) as housekeeping:
            while not stop.is_set():
                began = time.monotonic()
                lines = self.step()
                housekeeping.require_sound()
                if self._store.fresh_rows > _MOST_FRESH:
                    self._store.settle()
                if lines < MOST_LINES:
                    stop.wait(max(0.0, began + self._step_seconds - time.monotonic()))
        self._store.settle()

    def step(self) -> int:
        """Fold and commit the lines that are there, up to `MOST_LINES`; returns how many."""
        began = time.monotonic()
        chunk = self._log.read(self._position, MOST_LINES)
        if not chunk.lines:
            return 0
        step = self._fold(chunk.lines, chunk.position)
        issues = issue_lines(step.deltas.issues.select("issue", "lines").iter_rows())
        self._metrics.count(StepFigures(len(chunk.lines), time.monotonic() - began, issues))
        self._metrics.show(self._standing())
        self._tell(int(self._wall_clock() * 1000))
        return len(chunk.lines)

    def _fold(self, lines: Sequence[bytes], position: int) -> Step:
        self._marks.refresh()
        step = self._pipeline.step(lines)
        if step.balance.difference:
            _logger.error("lines are unaccounted for", **msgspec.structs.asdict(step.balance))
        base = self._changed_bytes + len(step.changes) > max(
            _SMALL_STATE, self._base_bytes * _CHANGES_PER_BASE
        )
        state = self._pipeline.state.snapshot() if base else step.changes
        self._store.commit(
            StoredStep(
                deltas=msgspec.structs.asdict(step.deltas),
                claims=self._claims.pending(),
                marks=self._marks.pending(),
                state=state,
                base=base,
                position=position,
                watermark=self._pipeline.state.watermark,
                balance=step.balance,
            )
        )
        self._claims.committed()
        self._marks.committed()
        if base:
            self._base_bytes, self._changed_bytes = len(state), 0
        else:
            self._changed_bytes += len(state)
        self._position = position
        self._balance = _sum(self._balance, step.balance)
        return step

    def _standing(self) -> Standing:
        state = self._pipeline.state
        return Standing(
            sessions=len(state.sessions),
            impressions=len(state.impressions),
            state_bytes=state.sessions.nbytes + state.impressions.nbytes,
            balance=self._balance,
        )

    def _tell(self, at_wall_ms: int) -> None:
        self._progress.advance(self._position, self._pipeline.state.watermark, at_wall_ms)


def _sum(one: Balance, other: Balance) -> Balance:
    return Balance(
        *(getattr(one, name) + getattr(other, name) for name in Balance.__struct_fields__)
    )
