"""Records that were fetched and not yet asked for.

Enters: batches of records of a partition, as a server gives them. Leaves: as many as a reader wants, from
the position that it names. What always holds: whoever asks for another position gets what is there.
"""

from collections import deque
from collections.abc import Callable, Sequence

from bellrock.log.contract import Chunk


class Ahead:
    """The records from a position on; `open_at` goes to one, `fetch` yields the next batch, none at the end."""

    def __init__(
        self, open_at: Callable[[int], None], fetch: Callable[[], Sequence[Chunk] | None]
    ) -> None:
        """Begin nowhere."""
        self._open_at, self._fetch = open_at, fetch
        self._position: int | None = None
        self._records: deque[Chunk] = deque()

    def take(self, position: int, limit: int) -> list[Chunk]:
        """Records from a position on with about `limit` lines, fewer where the log ends."""
        if position != self._position:
            self._records.clear()
            self._position = None  # should the next fail
            self._open_at(position)
            self._position = position
        taken: list[Chunk] = []
        lines = 0
        while lines < limit and self._there():
            record = self._records.popleft()
            taken.append(record)
            lines += len(record.lines)
            self._position = record.position
        return taken

    def _there(self) -> bool:
        while not self._records:
            batch = self._fetch()
            if batch is None:
                return False
            self._records.extend(batch)
        return True
