"""The engine: reads the log, steps the pipeline, commits what it yields.

Enters: a log and a store. Leaves: the store, one whole step after the other. What always holds: deltas,
changed state, claims, marks and log position are committed together, so that after a crash at any point the
engine reads the store and goes on, and nobody can tell.
"""

import threading
import time
from collections.abc import Callable, Mapping

import msgspec
import structlog

from bellrock.log.contract import PartitionedLog, WholeLogReader
from bellrock.metrics import Metrics, Standing, StepFigures, issue_lines
from bellrock.progress import Progress
from bellrock.runners.embedded.folding import Folding, Ledgers, OnePartition, summed
from bellrock.runners.embedded.housekeeping import MANY_ROWS, Housekeeping
from bellrock.runners.embedded.partitions import ManyPartitions
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

MOST_LINES = 20_000
"""Lines of one step: what vectorising gains is gained by then, and memory stays bounded."""

_SMALL_STATE = 4 << 20  # bytes of changes that are never worth a new base
_MOST_FRESH = 3 * MANY_ROWS  # rows: housekeeping has fallen behind, so the engine waits for it
_logger = structlog.get_logger(__name__)


class Engine:
    """Folds a log into a store from where the store stands."""

    def __init__(
        self,
        log: WholeLogReader | PartitionedLog,
        store: DuckDBStore,
        sites: Mapping[str, Site],
        progress: Progress,
        *,
        metrics: Metrics | None = None,
        step_seconds: float = 1.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Restore the state from the store; `step_seconds` is how long lines are gathered for a step.

        Raises ConfigurationError where the store stands in another log.
        """
        self._store = store
        self._progress = progress
        self._metrics = metrics or Metrics()
        self._step_seconds = step_seconds
        self._wall_clock = wall_clock
        self._ledgers = Ledgers(store)
        self._folding = _folding(log, store, sites, self._ledgers)
        self._folding.committed()
        self._position, _ = store.progress()
        self._balance = store.balance()
        self._metrics.show(self._standing())
        # When the newest line was folded is not stored: after a night without visitors it is no lag.
        self._tell(self._folding.watermark or 0)

    @property
    def position(self) -> int:
        """How many log lines were folded after the last committed step."""
        return self._position

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set; every step that was begun is committed before this returns."""
        with Housekeeping(self._store) as housekeeping:
            while not stop.is_set():
                began = time.monotonic()
                self.step()
                housekeeping.require_sound()
                if self._store.fresh_rows > _MOST_FRESH:
                    self._store.settle()
                if not self._folding.behind:
                    stop.wait(max(0.0, began + self._step_seconds - time.monotonic()))
        self._store.settle()

    def step(self) -> int:
        """Fold and commit the lines that are there, up to `MOST_LINES`; returns how many."""
        self._ledgers.marks.refresh()
        began = time.monotonic()
        while (step := self._folding.fold(MOST_LINES, _SMALL_STATE)) is not None:
            if lines := self._commit(step, began):
                return lines
            began = time.monotonic()
        return 0

    def _commit(self, step: StoredStep, began: float) -> int:
        """Commit a step that began then; returns how many lines it folded."""
        if step.balance.difference:
            _logger.error("lines are unaccounted for", **msgspec.structs.asdict(step.balance))
        self._store.commit(step)
        self._ledgers.committed()
        self._folding.committed()
        # The position may begin anywhere: the oldest line that is left need not be the first that ever was.
        lines, self._position = step.balance.lines, step.position
        self._balance = summed([self._balance, step.balance])
        issues = issue_lines(step.deltas["issues"].select("issue", "lines").iter_rows())
        self._metrics.count(StepFigures(lines, time.monotonic() - began, issues))
        self._metrics.show(self._standing())
        if lines:
            self._tell(int(self._wall_clock() * 1000))
        return lines

    def _standing(self) -> Standing:
        states = self._folding.states
        return Standing(
            sessions=sum(len(state.sessions) for state in states),
            impressions=sum(len(state.impressions) for state in states),
            state_bytes=sum(state.sessions.nbytes + state.impressions.nbytes for state in states),
            balance=self._balance,
        )

    def _tell(self, at_wall_ms: int) -> None:
        self._progress.advance(self._position, self._folding.watermark, at_wall_ms)


def _folding(
    log: WholeLogReader | PartitionedLog,
    store: DuckDBStore,
    sites: Mapping[str, Site],
    ledgers: Ledgers,
) -> Folding:
    if isinstance(log, PartitionedLog):
        return ManyPartitions(log, store, sites, ledgers)
    return OnePartition(log, store, sites, ledgers)
