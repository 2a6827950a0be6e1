"""A collector's log, an engine and its store in one directory, moved by hand, and what a crash leaves of them.

Enters: the lines that will ever be appended, a directory. Always holds, and `check` looks after a crash: the
log has what was acknowledged and at most the append that was under way, whole; the store has what was
committed and at most the step that was under way, whole, and it is what the fold of those lines is.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Self

from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.progress import Progress
from bellrock.runners.embedded import engine
from bellrock.store.duckdb import DuckDBStore
from simulation.points import Reached, points
from stored import Folding, Holding, Sites, difference, holding

ROTATE_BYTES = 16_000


class Expected:
    """What a store has to hold after any number of lines."""

    def __init__(self, sites: Sites, lines: Sequence[bytes]) -> None:
        """Fold nothing yet."""
        self.sites, self.lines = sites, list(lines)
        self._known: dict[int, Holding] = {}
        self._folding = Folding(sites)

    def after(self, position: int) -> Holding:
        """What the fold of that many lines holds."""
        if position not in self._known:
            if position < self._folding.position:
                self._folding = Folding(self.sites)
            self._folding.fold(self.lines[self._folding.position : position])
            self._known[position] = self._folding.holding()
        return self._known[position]


@dataclass
class Told:
    """What is acknowledged, in lines, and what will be when what is under way is done."""

    kept: int = 0
    keeping: int = 0
    folded: int = 0
    folding: int = 0


class World:
    """The processes that run on one directory; a context manager that lets go of it as it is."""

    def __init__(self, directory: Path, expected: Expected, told: Told, reached: Reached) -> None:
        """Nothing is opened yet; `reached` is told of every point."""
        self.directory, self.told = directory, told
        self._expected, self._reached = expected, reached
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the processes on what is there."""
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of all files; nothing is settled any more."""
        self._stack.close()

    def _start(self) -> None:
        told, log = self.told, self.directory / "log"
        self._stack.enter_context(points(self._reached))
        self._writer = SqliteLogWriter(log, ROTATE_BYTES)
        self._stack.callback(self._writer.close)
        self._reader = SqliteLogReader(log)
        told.kept = told.keeping = self._reader.end()
        self._store = DuckDBStore(self.directory / "store.duckdb")
        self._engine = engine.Engine(
            self._reader, self._store, self._expected.sites, Progress(), wall_clock=lambda: 0.0
        )
        told.folded = told.folding = self._engine.position

    @property
    def over(self) -> bool:
        """Whether every line is appended and folded."""
        return self.told.folded == len(self._expected.lines)

    def append(self, count: int) -> None:
        """The collector keeps the next lines together."""
        told = self.told
        lines = self._expected.lines[told.kept : told.kept + count]
        told.keeping = told.kept + len(lines)
        self._writer.append(lines)
        told.kept = told.keeping

    def step(self) -> None:
        """The engine folds what is there."""
        told = self.told
        told.folding = min(told.kept, told.folded + engine.MOST_LINES)
        self._engine.step()
        told.folded = self._engine.position
        assert told.folded == told.folding

    def moves(self, chance: Random) -> list[Callable[[], object]]:
        """Who might go next, the likelier ones more than once; housekeeping is one of them."""

        def append() -> None:
            self.append(chance.randrange(1, 16))

        store = self._store
        return [
            *[append, self.step] * 4,
            store.settle,
            store.compact,
            store.compact,
            store.checkpoint,
        ]


def check(directory: Path, told: Told, expected: Expected) -> None:
    """Open what a crash left of a world, and see that all of it is there and nothing more."""
    with (
        closing(SqliteLogReader(directory / "log")) as log,
        closing(DuckDBStore(directory / "store.duckdb")) as store,
    ):
        lines = log.read(0, len(expected.lines) + 1).lines
        assert len(lines) == log.end()
        assert len(lines) in {told.kept, told.keeping}
        assert lines == expected.lines[: len(lines)]
        found = holding(store, expected.sites)
        assert found.position in {told.folded, told.folding}
        assert not difference(found, expected.after(found.position))
