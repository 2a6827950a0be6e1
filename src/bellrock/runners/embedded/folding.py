"""What the lines of a log become, for a store to keep: where a log has one partition.

Enters: a log, a store as it stands. Leaves: one `StoredStep` after the other, each to be committed before the
next is asked for. `partitions` does the same for a log that has many.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import structlog

from bellrock.claims.duckdb import EmbeddedClaims
from bellrock.errors import ConfigurationError
from bellrock.log.contract import WholeLogReader
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.operators.balance import Balance
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

_CHANGES_PER_BASE = 0.25
_logger = structlog.get_logger(__name__)


class Ledgers:
    """What all partitions of an engine share: who owns an order, and which user agents are bots."""

    def __init__(self, store: DuckDBStore) -> None:
        """Begin with what the store has."""
        self.claims = EmbeddedClaims(store.owners)
        self.marks = EmbeddedMarks(store.marks, store.edition)

    def committed(self) -> None:
        """What was pending is durable now."""
        self.claims.committed()
        self.marks.committed()


class Folding(Protocol):
    """Folds a log, step by step."""

    @property
    def states(self) -> Sequence[State]:
        """The states of all partitions."""

    @property
    def watermark(self) -> int | None:
        """The newest `at` folded, in ms since 1970."""

    @property
    def behind(self) -> bool:
        """Whether the log has more than was folded last, as far as is known."""

    def fold(self, most_lines: int, small_state: int) -> StoredStep | None:
        """Fold about `most_lines` that are there; None where there are none.

        Where much is to be ended first, the step has no lines.

        Changes of the state that are no more than `small_state` bytes are not worth a new base.
        """

    def committed(self) -> None:
        """What was folded last is durable: nobody will ask for those lines again."""


class Saving:
    """How a state is saved: as a base and the changes since, until these are worth a new base."""

    def __init__(self, state: State, parts: Sequence[bytes]) -> None:
        """Restore an empty state from what was saved of it."""
        state.restore(parts)
        self._state = state
        self._base = len(parts[0]) if parts else 0
        self._changed = sum(map(len, parts[1:]))

    def save(self, changes: Sequence[bytes], small: int) -> tuple[Sequence[bytes], bool]:
        """What is to be saved after these changes, and whether it is a base."""
        self._changed += sum(map(len, changes))
        if self._changed <= max(small, self._base * _CHANGES_PER_BASE):
            return changes, False
        base = self._state.snapshot()
        self._base, self._changed = len(base), 0
        return [base], True


class OnePartition:
    """See `Folding`; of a log whose positions are numbers of lines."""

    def __init__(
        self, log: WholeLogReader, store: DuckDBStore, sites: Mapping[str, Site], ledgers: Ledgers
    ) -> None:
        """Go on from where the store stands; raises ConfigurationError where that is in another log."""
        if store.positions():
            raise of_another_log(store)
        self._log, self._ledgers = log, ledgers
        self._state = State()
        self._saving = Saving(self._state, store.state())
        self._pipeline = Pipeline(sites, ledgers.claims, ledgers.marks, self._state)
        self._position, _ = store.progress()
        self.behind = False

    @property
    def states(self) -> Sequence[State]:
        """See `Folding.states`."""
        return [self._state]

    @property
    def watermark(self) -> int | None:
        """See `Folding.watermark`."""
        return self._state.watermark

    def fold(self, most_lines: int, small_state: int) -> StoredStep | None:
        """See `Folding.fold`."""
        lines, position = self._log.read(self._position, most_lines)
        self.behind = len(lines) >= most_lines
        if not lines:
            return None
        step = self._pipeline.make_room(lines)
        if step is None:
            step, self._position = self._pipeline.step(lines), position
        [state], base = self._saving.save([step.changes], small_state)
        return StoredStep(
            deltas=msgspec.structs.asdict(step.deltas),
            claims=self._ledgers.claims.pending(),
            marks=self._ledgers.marks.pending(),
            state=state,
            base=base,
            position=self._position,
            watermark=self.watermark,
            balance=step.balance,
        )

    def committed(self) -> None:
        """See `Folding.committed`."""
        self._log.passed(self._position)


def summed(balances: Sequence[Balance]) -> Balance:
    """The balance of several steps."""
    fields = Balance.__struct_fields__
    return Balance(*(sum(getattr(one, name) for one in balances) for name in fields))


def of_another_log(store: DuckDBStore) -> ConfigurationError:
    """The refusal to fold a log into a store that stands in another one."""
    return ConfigurationError(
        str(store.path),
        "was folded from a log with other partitions",
        "Name the log that it belongs to with --log, or fold this one into a new --data directory.",
    )
