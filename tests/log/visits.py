"""Lines of sessions, and whether a log of many partitions has them in their order."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from bellrock.log.contract import PartitionedLog, PartitionReader

SESSIONS = 60


def visits() -> Iterator[list[bytes]]:
    """What a collector appends, one append after the other, for ever: each has one line of every session."""
    for number in count():
        yield [
            b'{"at":%d,"beacon":{"session":"session-%010d","seq":%d}}' % (number, session, number)
            for session in range(SESSIONS)
        ]


def read_all(log: PartitionedLog) -> list[bytes]:
    """Every line, partition after partition."""
    return [line for partition in log.partitions.values() for line in lines_in(partition)]


def lines_in(partition: PartitionReader) -> Iterator[bytes]:
    """Every line of a partition."""
    position = 0
    while (chunk := partition.read(position, 1000)).lines:
        yield from chunk.lines
        position = chunk.position


def assert_in_order(found: Sequence[bytes], sent: Iterable[Sequence[bytes]]) -> None:
    """Every line that was sent is there; of each session they begin in the order in which they were sent."""
    wanted = [line for lines in sent for line in lines]
    once = list(dict.fromkeys(found))
    assert set(once) == set(wanted)
    assert by_session(once) == by_session(wanted)


def by_session(lines: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    sessions: dict[bytes, list[bytes]] = {}
    for line in lines:
        sessions.setdefault(line.split(b'"session":')[1][:20], []).append(line)
    return sessions
