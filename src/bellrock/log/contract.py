"""What every log promises: lines enter at the end, durably and in order; they leave by position.

A *line* is one NDJSON line without its newline, never empty. A *position* is the number of lines
before it, so the first line has position 0 and positions never change. A line is visible to readers
exactly if it is durable, and an append is visible whole or not at all.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Chunk(NamedTuple):
    """Consecutive lines, and the position after the last of them."""

    lines: list[bytes]
    position: int


class LogWriter(Protocol):
    """The one writer of a log; one thread at a time may use it."""

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end; they are durable when this returns.

        Raises LogUnavailable if the log cannot take them, and then keeps none of them; a later
        append may succeed. Raises ValueError if a line is empty or holds a newline.
        """

    def probe(self) -> None:
        """Add nothing, but raise LogUnavailable if the log could take nothing now."""

    def close(self) -> None:
        """Release the log; everything appended is already durable."""


class LogReader(Protocol):
    """One of any number of readers of a log; one thread at a time may use it."""

    def read(self, position: int, limit: int) -> Chunk:
        """Return up to `limit` (>= 1) lines from `position` on, none if nothing is there yet.

        Raises LogUnavailable if the log cannot be read, or no longer holds that position.
        """

    def end(self) -> int:
        """Return the position after the last durable line, 0 for an empty log."""

    def close(self) -> None:
        """Release the log."""


def as_block(lines: Sequence[bytes]) -> bytes:
    """Join lines to NDJSON, every line with its newline.

    Raises ValueError if a line is empty or holds a newline.
    """
    block = b"\n".join([*lines, b""])
    if block.count(b"\n") != len(lines) or b"" in lines:
        raise ValueError("a log line is empty or holds a newline: encode it as JSON first")
    return block
