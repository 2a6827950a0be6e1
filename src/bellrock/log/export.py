"""The lines of a log from one place to another, for a program that reads NDJSON.

Enters: a log, and where to begin and to end, as positions or as times. Leaves: lines in their order. What
always holds: what is appended after the beginning is left out, so that this ends.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge

from bellrock.errors import ConfigurationError
from bellrock.log.contract import PartitionedLog, PartitionReader, WholeLogReader
from bellrock.log.stamp import time_of

_STEP = 20_000


def parse_place(text: str) -> int | datetime:
    """A position, or a time (ISO 8601; of UTC where it names no zone); raises ConfigurationError."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"the place {text!r}",
            "is neither a position nor a time",
            "Write it like 120000 or 2026-11-26T14:00Z.",
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def lines_between(
    reader: WholeLogReader, start: int | datetime, end: int | datetime | None
) -> Iterator[list[bytes]]:
    """Lines from a place to before another, or to the end, in batches; raises LogUnavailable."""
    last = reader.end()
    until = last if end is None else min(_position(reader, end, last), last)
    position = _position(reader, start, last)
    while position < until:
        lines, position = reader.read(position, min(_STEP, until - position))
        yield lines[: len(lines) + min(0, until - position)]


def merged(log: PartitionedLog) -> Iterator[bytes]:
    """All lines of a log of many partitions, by their times as far as each partition's order allows."""
    timed = [_timed(reader) for reader in log.partitions.values()]
    return (line for _, line in merge(*timed, key=lambda pair: pair[0]))


def _position(reader: WholeLogReader, place: int | datetime, end: int) -> int:
    """Where the lines of a time begin."""
    if isinstance(place, int):
        return place
    at = int(place.timestamp() * 1000)
    lines, position = reader.read(0, 1)
    first = position - len(lines)

    def time(offset: int) -> int:
        return time_of(reader.read(first + offset, 1).lines[0]) or 0

    return first + bisect_left(range(end - first), at, key=time)


def _timed(reader: PartitionReader) -> Iterator[tuple[int, bytes]]:
    """Each line with its time, or with that of a line before it which is later."""
    position = newest = 0
    while (chunk := reader.read(position, _STEP)).lines:
        position = chunk.position
        for line in chunk.lines:
            newest = max(newest, time_of(line) or 0)
            yield newest, line
