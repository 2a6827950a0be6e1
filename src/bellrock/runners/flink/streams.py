"""Streams for a lake: what ended, and every line with its issues, each as a log of its own.

Enters: what steps of a lane found. Leaves: records by shard, numbered one by one, durable when a call returns
(`docs/spec/streams.md`). What always holds: the records of a shard, and their numbers, depend on the log alone.
A job that goes back to a checkpoint writes some again, with the same numbers: so whoever takes of each shard
the number that is next, and nothing else, has every record once and in order.
"""

from collections.abc import Iterable
from contextlib import ExitStack

import msgspec

from bellrock.log.blocks import BlockWriter, blocks_of, shard_of, shard_of_session
from bellrock.log.open import place_of
from bellrock.names import Names
from bellrock.operators.ended import ended_records
from bellrock.operators.lines import line_records
from bellrock.pipeline import Step
from bellrock.runners.flink.settings import StreamSettings
from bellrock.schema.records import EndedRecord, LineRecord

_encode = msgspec.json.Encoder().encode


class Numbers(msgspec.Struct, array_like=True):
    """How many records each shard has had, in each stream."""

    ended: dict[int, int] = {}
    lines: dict[int, int] = {}


class Streams:
    """The streams of a job; nothing is made for one that it has not."""

    def __init__(self, ended: BlockWriter | None = None, lines: BlockWriter | None = None) -> None:
        """Write to logs of many partitions."""
        self._ended, self._lines = ended, lines

    def write(self, step: Step, names: Names, numbers: Numbers) -> None:
        """Write what a step found, and count it in `numbers`; `names` are those of the state just now.

        Raises what the writers raise: then the numbers mean nothing, and it must be written again, from a state
        before it.
        """
        if self._ended is not None:
            ended = [record for part in step.ended for record in ended_records(part, names)]
            shards = [shard_of_session(record.session) for record in ended]
            _write(self._ended, zip(shards, ended, strict=True), numbers.ended)
        if self._lines is not None and step.lines is not None:
            shards = list(map(shard_of, step.lines.present()))
            records = line_records(step.lines, names)
            _write(self._lines, zip(shards, records, strict=True), numbers.lines)

    def close(self) -> None:
        """Let go of the logs."""
        for writer in (self._ended, self._lines):
            if writer is not None:
                writer.close()


NO_STREAMS = Streams()


def open_streams(settings: StreamSettings) -> Streams:
    """The streams that are set; raises ConfigurationError where one is not there, LogUnavailable."""
    with ExitStack() as opened:
        ended, lines = (_open(url, opened) for url in (settings.ended, settings.lines))
        opened.pop_all()
        return Streams(ended, lines)


def _open(url: str, opened: ExitStack) -> BlockWriter | None:
    if not url:
        return None
    writer = place_of(url).writer()
    opened.callback(writer.close)
    return writer


def _write(
    writer: BlockWriter,
    records: Iterable[tuple[int, EndedRecord | LineRecord]],
    numbers: dict[int, int],
) -> None:
    """Write records by shard."""
    by_shard: dict[int, list[bytes]] = {}
    for shard, record in records:
        number = numbers.get(shard, 0)
        numbers[shard] = number + 1
        line = b'%b,"shard":%d,"number":%d}' % (_encode(record)[:-1], shard, number)
        by_shard.setdefault(shard, []).append(line)
    if by_shard:
        writer.put(
            [block for shard, lines in by_shard.items() for block in blocks_of(shard, lines)]
        )
