"""Where a measurement begins: a pipeline, or a whole engine, with a state that was saved before."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from bellrock.claims.memory import MemoryClaims
from bellrock.log.contract import Chunk
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.embedded.housekeeping import MANY_ROWS, Housekeeping
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep
from bench.engine.lines import sites

_BATCH = 20_000


def batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Lines by `size`; the last batch may be smaller."""
    rest = iter(lines)
    while part := list(islice(rest, size)):
        yield part


def pipeline(snapshot: bytes | None = None) -> Pipeline:
    """A pipeline whose state is empty, or restored; its orders and marks are in memory."""
    state = State()
    state.restore([snapshot] if snapshot else [])
    return Pipeline(sites(), MemoryClaims(), MemoryMarks(), state)


def pipeline_after(lines: Iterable[bytes]) -> Pipeline:
    """A pipeline that has folded lines."""
    folding = pipeline()
    for part in batches(lines, _BATCH):
        folding.step(part)
    return folding


def store_with(state: State, path: Path) -> DuckDBStore:
    """A new store file that has a state and nothing else."""
    store = DuckDBStore(path)
    nothing = pl.DataFrame()
    store.commit(
        StoredStep(
            deltas={},
            claims=nothing,
            state=state.snapshot(),
            base=True,
            position=0,
            watermark=state.watermark,
        )
    )
    return store


class _Portions:
    """Lines as a log of which no more than `size` are read at once."""

    def __init__(self, lines: Sequence[bytes], size: int) -> None:
        """Serve lines; the first has position 0."""
        self._lines, self._size = lines, size

    def read(self, position: int, limit: int) -> Chunk:
        """See `LogReader.read`."""
        lines = list(self._lines[position : position + min(limit, self._size)])
        return Chunk(lines, position + len(lines))

    def end(self) -> int:
        """See `LogReader.end`."""
        return len(self._lines)

    def passed(self, position: int) -> None:
        """See `LogReader.passed`; nothing is deleted."""

    def close(self) -> None:
        """Do nothing."""


def engine(store: DuckDBStore, lines: Sequence[bytes], size: int) -> Engine:
    """An engine that goes on from where the store stands, over lines in batches of `size`."""
    return Engine(_Portions(lines, size), store, sites(), Progress())


def catch_up(folding: Engine, store: DuckDBStore) -> None:
    """Fold all lines into the store, with the housekeeping that falls due when there are many."""
    housekeeping = Housekeeping(store)
    while folding.step():
        if store.fresh_rows >= MANY_ROWS:
            housekeeping.round()
    housekeeping.round()
