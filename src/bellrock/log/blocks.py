"""Lines by shard: how a log of many partitions keeps the lines of a session together, and in order.

Lines enter in their order; blocks leave, each NDJSON of one shard. What always holds: a session is in one
shard, and the blocks of a shard, one after the other, are its lines in their order.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec

from bellrock.bounded import bounded
from bellrock.log.contract import LogWriter, as_block
from bellrock.schema import wire

SHARDS = 128
"""What a topic or stream is divided by; more partitions than these would stay empty."""

BLOCK_BYTES = 256 * 1024
"""Of a block; only a line that is longer is a longer block, by itself."""


class Block(NamedTuple):
    """Lines of one shard (0 to `SHARDS` - 1) as NDJSON, every line with its newline."""

    shard: int
    data: bytes

    @property
    def key(self) -> str:
        """The shard as a log's key."""
        return str(self.shard)


class BlockWriter(LogWriter, Protocol):
    """A writer of a log of many partitions, which also takes lines that are blocks already."""

    def put(self, blocks: Sequence[Block]) -> None:
        """Add blocks, durably; those of a shard in their order. Raises as `append` does."""


class _Beacon(msgspec.Struct):
    session: str | None = None


class _Line(msgspec.Struct):
    beacon: _Beacon | None = None


_MANY_BRACKETS = 64  # with no more, a line cannot be nested deeper than is read
_decode = msgspec.json.Decoder(_Line).decode
_is_identifier = re.compile(wire.IDENTIFIER).match


def shard_of(line: bytes) -> int:
    """The shard of the session that a line names; 0 where it names none that can be one."""
    session = _session(line)
    return shard_of_session(session) if session else 0


def shard_of_session(session: str) -> int:
    """The shard of a session's id."""
    return crc32(session.encode()) % SHARDS


def cut(lines: Sequence[bytes]) -> list[Block]:
    """Lines as blocks; raises ValueError if a line is empty or holds a newline."""
    shards: dict[int, list[bytes]] = {}
    for line in lines:
        shards.setdefault(shard_of(line), []).append(line)
    return [block for shard, own in shards.items() for block in blocks_of(shard, own)]


def blocks_of(shard: int, lines: Sequence[bytes]) -> list[Block]:
    """Lines of one shard as blocks; raises as `cut` does."""
    sizes = [len(line) + 1 for line in lines]
    return [Block(shard, as_block(lines[part])) for part in bounded(sizes, BLOCK_BYTES)]


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a block, each without its newline."""
    return [line for line in data.split(b"\n") if line]


def _session(line: bytes) -> str | None:
    if line.count(b"{") + line.count(b"[") > _MANY_BRACKETS:
        return _exactly(line)
    try:
        if not line.isascii():
            line.decode()  # the decoder does not look at the texts that it skips
        beacon = _decode(line).beacon
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _exactly(line)
    session = beacon.session if beacon else None
    return session if session and _is_identifier(session) else None


def _exactly(line: bytes) -> str | None:
    # What the fold needs to read an odd line, a collector without such lines need not load.
    from bellrock.normalise.decode import route_of

    return route_of(line)[1]
