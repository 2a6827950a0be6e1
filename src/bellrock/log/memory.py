"""A log in memory: lines enter and leave as the contract says, and end with the process."""

from collections.abc import Sequence

from bellrock.log.contract import Chunk, as_block


class MemoryLog:
    """A whole log in one object, writer and reader at once, for tests and simulations."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lines: list[bytes] = []

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end."""
        as_block(lines)
        self._lines.extend(lines)

    def probe(self) -> None:
        """Do nothing: memory is there."""

    def read(self, position: int, limit: int) -> Chunk:
        """Return up to `limit` lines from `position` on."""
        lines = self._lines[position : position + limit]
        return Chunk(lines, position + len(lines))

    def end(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def passed(self, position: int) -> None:
        """Do nothing: nothing is deleted."""

    def close(self) -> None:
        """Do nothing: the lines stay readable as long as the object lives."""
