"""What the lines of a log become, for a store to keep: where a log has many partitions.

Each partition has a pipeline and a state of its own; all share the claims, the marks, and the evidence by
which user agents are marked. What always holds: the positions and states of all partitions of a step, the
evidence, the deltas, claims and marks are in one `StoredStep`. Orders are claimed portion by portion, and
within one partition by partition: of two sessions in different partitions that bring the same order in the
same minute, either may own it.
"""

import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import structlog

from bellrock.errors import LogUnavailable
from bellrock.log.contract import PartitionedLog
from bellrock.marks.contract import Marks
from bellrock.operators.behaviour import EndedAgent, Evidence, Saved
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline, Step
from bellrock.runners.embedded.alignment import Alignment, Portion, Taken
from bellrock.runners.embedded.folding import Ledgers, Saving, of_another_log, summed
from bellrock.runners.fold import Ledger
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredPartition, StoredStep

_PATIENCE = 60.0  # seconds for which a log may be away before the engine ends
_NOTHING = np.empty(0, np.uint64)
_logger = structlog.get_logger(__name__)


class ManyPartitions:
    """See `folding.Folding`; of a log in Kafka or Kinesis."""

    def __init__(
        self, log: PartitionedLog, store: DuckDBStore, sites: Mapping[str, Site], ledgers: Ledgers
    ) -> None:
        """Go on from where the store stands; raises ConfigurationError where that is in another log."""
        positions = store.positions()
        self._lines, self._watermark = store.progress()
        if self._lines and set(positions) != set(log.partitions):
            raise of_another_log(store)
        self._ledgers = ledgers
        self._common = State()  # nothing but the evidence
        self._saving = Saving(self._common, store.state())
        self._partitions = {
            name: _Partition(sites, ledgers, self._common.evidence, store.state(name))
            for name in log.partitions
        }
        self._alignment = Alignment(log.partitions, positions)
        self._positions = {name: positions.get(name, 0) for name in log.partitions}
        self._away_since: float | None = None

    @property
    def states(self) -> Sequence[State]:
        """See `Folding.states`."""
        return [partition.state for partition in self._partitions.values()]

    @property
    def watermark(self) -> int | None:
        """See `Folding.watermark`."""
        return max((s.watermark for s in self.states if s.watermark is not None), default=None)

    @property
    def behind(self) -> bool:
        """See `Folding.behind`."""
        return self._away_since is None and self._alignment.behind

    def fold(self, most_lines: int, small_state: int) -> StoredStep | None:
        """See `Folding.fold`; raises LogUnavailable where the log has been away for a minute."""
        taken = self._take(most_lines)
        if not taken.portions:
            return None
        steps = [step for portion in taken.portions for step in self._fold(portion)]
        ledger = Ledger()
        for step in steps:
            ledger.add(step.deltas)
        self._positions |= taken.positions
        balance = summed([step.balance for step in steps])
        self._lines += balance.lines
        evidence = self._common.encode(_NOTHING, _NOTHING, _NOTHING)
        [state], base = self._saving.save([evidence], small_state)
        return StoredStep(
            deltas=msgspec.structs.asdict(ledger.sums()),
            claims=self._ledgers.claims.pending(),
            marks=self._ledgers.marks.pending(),
            state=state,
            base=base,
            position=self._lines,
            watermark=self.watermark,
            balance=balance,
            partitions={
                name: partition.stored(self._positions[name], small_state)
                for name, partition in self._partitions.items()
            },
        )

    def committed(self) -> None:
        """See `Folding.committed`; the servers of such a log delete by rules of their own."""

    def _take(self, lines: int) -> Taken:
        """Read on; a log that is away for a moment has nothing new, and its dashboard stays."""
        try:
            taken = self._alignment.take(lines)
        except LogUnavailable as error:
            now = time.monotonic()
            if self._away_since is None:
                self._away_since = now
                _logger.error("log unavailable", reason=str(error))
            if now - self._away_since > _PATIENCE:
                raise
            return Taken([], {})
        self._away_since = None
        return taken

    def _fold(self, portion: Portion) -> list[Step]:
        """Fold a portion; all partitions pass its boundary before any goes on, so all see the same marks."""
        partitions = self._partitions
        steps = [partition.advance(portion.minute) for partition in partitions.values()]
        self._common.evidence.judge(self._ledgers.marks)
        steps += [partitions[name].step(lines) for name, lines in portion.shares.items() if lines]
        return [step for step in steps if step is not None]


class _Partition:
    """A partition's pipeline, and what of its state is not saved yet."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        ledgers: Ledgers,
        evidence: Evidence,
        parts: Sequence[bytes],
    ) -> None:
        self.state = State()
        self._saving = Saving(self.state, parts)
        self.state.evidence = _Lent(evidence)
        self._pipeline = Pipeline(sites, ledgers.claims, ledgers.marks, self.state)
        self._changes: list[bytes] = []

    def advance(self, minute: int) -> Step | None:
        """End what is due by a minute, where something is."""
        if not len(self.state.sessions.dues(minute)):
            return None
        step = self._pipeline.pass_boundaries(minute)
        self._changes.append(step.changes)
        return step

    def step(self, lines: Sequence[bytes]) -> Step:
        """Fold lines."""
        step = self._pipeline.step(lines)
        self._changes.append(step.changes)
        return step

    def stored(self, position: int, small: int) -> StoredPartition:
        """What is to be stored of all that was done since this was asked for."""
        changes, self._changes = self._changes, []
        parts, base = self._saving.save(changes, small)
        return StoredPartition(position, parts, base=base)


class _Lent(Evidence):
    """The evidence of all partitions, as one of them has it: it is saved elsewhere, once."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(b"")
        self._common = evidence

    def note(self, ended: Iterable[EndedAgent]) -> None:
        self._common.note(ended)

    def judge(self, marks: Marks) -> None:
        self._common.judge(marks)

    def saved(self) -> list[Saved]:
        return []

    def unsaved(self) -> list[Saved]:
        return []
