"""What a store needs now and then, done beside the engine's steps.

A thread settles fresh deltas and moves final minutes on, piece by piece, once a minute or whenever much has
gathered, and writes the file anew once a minute or when its log is long. Steps and queries go on meanwhile:
each piece is a transaction of its own, which a crash takes back whole. Where it fails, the engine hears of it.
"""

import math
import threading
import time
from types import TracebackType
from typing import Self

from bellrock.store.duckdb import DuckDBStore

EVERY = 60.0
"""Seconds between two rounds."""

MANY_ROWS = 150_000
"""Fresh rows that do not wait for the next round; they are in memory."""

_LONG_LOG = 128 << 20  # bytes of a write-ahead log that an engine would have to read when it starts
_LOOK_EVERY = 0.5


class Housekeeping:
    """The thread, from the begin of a block to its end."""

    def __init__(self, store: DuckDBStore, every: float = EVERY) -> None:
        """Look after a store; nothing happens yet."""
        self._store = store
        self._every = every
        self._written = -math.inf
        self._stop = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="housekeeping")

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Finish the piece that was begun, and stop."""
        self._stop.set()
        self._thread.join()
        if error is None:
            self.require_sound()

    def require_sound(self) -> None:
        """Raise what made the thread fail, if something did."""
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        try:
            while self._wait():
                self.round()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the engine must hear of it
            self._failed = error

    def _wait(self) -> bool:
        """Wait until a round is due; false where it is time to stop."""
        waited = 0.0
        while waited < self._every and self._store.fresh_rows < MANY_ROWS:
            if self._stop.wait(_LOOK_EVERY):
                return False
            waited += _LOOK_EVERY
        return not self._stop.is_set()

    def round(self) -> None:
        """Settle, compact, and write the file where it is time; stops between two pieces where it must."""
        self._store.settle()
        while not self._stop.is_set() and self._store.compact():
            pass
        overdue = time.monotonic() - self._written >= self._every
        if (overdue or self._store.log_size() >= _LONG_LOG) and self._store.checkpoint():
            self._written = time.monotonic()
