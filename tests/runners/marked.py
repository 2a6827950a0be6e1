"""Stores that hold marks, and a process that has one open.

Enters: the path of a store that nobody has open. Leaves: marks in it, as a step at the begin of the log
would have committed them; or a process of its own that holds the file until the block ends.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl

from bellrock.marks.contract import Mark
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.operators.state import State
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

SINCE = 29_923_542
"""A minute, which is 2026-11-23T05:42Z."""

_HOLD = """
import sys
from pathlib import Path
from bellrock.store.duckdb import DuckDBStore
store = DuckDBStore(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
store.close()
"""


def put_marks(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Mark user agents, given as (site, user agent), before the first line; an engine goes on from there."""
    with closing(DuckDBStore(path)) as store:
        marks = EmbeddedMarks(store.marks, store.edition)
        marks.mark([Mark(site, agent, SINCE, 25, 24) for site, agent in pairs])
        state = State().snapshot()
        store.commit(StoredStep({}, pl.DataFrame(), state, True, 0, None, marks=marks.pending()))


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has the store open."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == b"open\n"
        yield
    finally:
        process.communicate()
        assert process.returncode == 0
