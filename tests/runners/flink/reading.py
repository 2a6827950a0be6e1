"""How a stream of records is read: of each shard the number that is next, and nothing else.

A job that went back to a checkpoint writes again what it had written since; and of an append that failed
a later record may be there before an earlier one, which then comes again with all that follow.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing

from bellrock.log.blocks import shard_of, shard_of_session
from bellrock.log.contract import PartitionReader
from bellrock.log.open import place_of
from recorded import Record, Told, read

_AT_ONCE = 10_000

ByShard = dict[int, list[Record]]


def taken(lines: Iterable[bytes]) -> ByShard:
    """The records by shard, each once and in order, without shard and number."""
    found: ByShard = defaultdict(list)
    for line in lines:
        record = read(line)
        shard, number = record.pop("shard"), record.pop("number")
        if number == len(found[shard]):
            found[shard].append(record)
    return dict(found)


def expected_ended(told: Told) -> ByShard:
    """What a stream of all that ended must say."""
    found: ByShard = defaultdict(list)
    for record in told.ended:
        found[shard_of_session(record["session"])].append(record)
    return dict(found)


def expected_lines(told: Told, lines: Iterable[bytes]) -> ByShard:
    """What a stream of lines must say."""
    found: ByShard = defaultdict(list)
    for line, record in zip(lines, told.lines, strict=True):
        found[shard_of(line)].append(record)
    return dict(found)


def read_stream(url: str) -> list[bytes]:
    """All that a stream has, partition by partition."""
    with closing(place_of(url).log()) as log:
        return [line for partition in log.partitions.values() for line in _all(partition)]


def _all(partition: PartitionReader) -> Iterator[bytes]:
    position = 0
    while (chunk := partition.read(position, _AT_ONCE)).lines:
        position = chunk.position
        yield from chunk.lines
