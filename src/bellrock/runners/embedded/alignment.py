"""The partitions of a log, read so that none runs ahead of the others in time.

Enters: a reader for each partition, and where to begin. Leaves: portions, minute by minute. What always holds:
when a portion of minute M is given, all lines of earlier minutes have been, of every partition, as far as
the log's own times go; so sessions end, and user agents are judged, as if the log had one partition. With
several collectors a line may come later than that by as much as their clocks differ.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from bellrock.log.contract import Chunk, PartitionReader
from bellrock.log.stamp import time_of
from bellrock.operators.time import minute_of


class Portion(NamedTuple):
    """Lines by partition; `minute` is that of the first of them."""

    minute: int
    shares: dict[str, list[bytes]]


class Taken(NamedTuple):
    """Portions in the order of their minutes, and the positions after them."""

    portions: list[Portion]
    positions: dict[str, int]


class Alignment:
    """Reads all partitions of a log together."""

    def __init__(
        self, readers: Mapping[str, PartitionReader], positions: Mapping[str, int]
    ) -> None:
        """Begin at positions; a partition that is not among them at its beginning."""
        self._feeds = {
            name: _Feed(reader, positions.get(name, 0)) for name, reader in readers.items()
        }

    @property
    def behind(self) -> bool:
        """Whether a partition has more than was read of it."""
        return not all(feed.at_end for feed in self._feeds.values())

    def take(self, lines: int) -> Taken:
        """About so many lines of all partitions together, none where nothing is there.

        Raises LogUnavailable, and then keeps all that was read for the next call.
        """
        taken = self._take(lines)
        if not taken.portions and any(feed.waiting for feed in self._feeds.values()):
            # What was read is newer than anything before, so it waited for this second look.
            taken = self._take(lines)
        return taken

    def _take(self, lines: int) -> Taken:
        # Whatever is older than this was in the log before any partition is asked now.
        newest = max((feed.newest for feed in self._feeds.values()), default=0)
        share = max(1, lines // len(self._feeds))
        for feed in self._feeds.values():
            feed.read(share)
        horizon = min(
            max(feed.newest, newest) if feed.at_end else feed.newest
            for feed in self._feeds.values()
        )
        found: dict[int, dict[str, list[bytes]]] = {}
        positions = {}
        for name, feed in self._feeds.items():
            while feed.waiting and feed.waiting[0].first <= horizon:
                record = feed.waiting.popleft()
                shares = found.setdefault(record.first, {})
                shares.setdefault(name, []).extend(record.chunk.lines)
                positions[name] = record.chunk.position
        return Taken([Portion(minute, found[minute]) for minute in sorted(found)], positions)


class _Record(NamedTuple):
    first: int  # minute
    chunk: Chunk


class _Feed:
    """A partition: what of it was read and waits for the others; `newest` is its newest minute so far."""

    def __init__(self, reader: PartitionReader, position: int) -> None:
        self._reader, self._position = reader, position
        self.waiting: deque[_Record] = deque()
        self.newest = 0
        self.at_end = False

    def read(self, lines: int) -> None:
        """Have about so many lines waiting, or all that there are."""
        wanted = lines - sum(len(record.chunk.lines) for record in self.waiting)
        if wanted <= 0:
            self.at_end = False
            return
        records = self._reader.records(self._position, wanted)
        self.at_end = sum(len(record.lines) for record in records) < wanted
        for record in records:
            self._position = record.position
            minutes = [self._minute(line) for line in record.lines]
            self.waiting.append(_Record(minutes[0] if minutes else self.newest, record))

    def _minute(self, line: bytes) -> int:
        at = time_of(line)
        self.newest = max(self.newest, 0 if at is None else minute_of(at))
        return self.newest
