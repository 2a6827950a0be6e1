"""The named readers of a SQLite log: how far each has come, so that nothing is deleted before.

Enters: positions that a reader will never ask for again, because what it made of the lines before them is
durable elsewhere. Leaves: the positions of all readers. A reader's own truth lies with what it made; this
is written after it and may be behind it. What cannot be read counts as position 0, which holds all lines.
"""

import os
import re
from pathlib import Path
from zlib import crc32

from bellrock.errors import ConfigurationError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_RECORD = re.compile(rb"(\d{20}) ([0-9a-f]{8})\n")


class Readers:
    """The readers of the log in a directory."""

    def __init__(self, directory: Path) -> None:
        """Of a log that need not exist yet."""
        self._directory = directory / "readers"

    def positions(self) -> dict[str, int]:
        """The position of each reader, by its name."""
        return {path.name: _position(path) for path in sorted(self._directory.glob("*"))}

    def record(self, name: str, position: int) -> None:
        """Let a reader need nothing before a position any more; raises OSError."""
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"the reader {name!r}", "is no name", "Use a to z, 0 to 9 and -, up to 63."
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        digits = b"%020d" % position
        # In place, which works on a full disk, too: that may be what the log waits for.
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(descriptor, b"%s %08x\n" % (digits, crc32(digits)), 0)
        finally:
            os.close(descriptor)

    def drop(self, name: str) -> bool:
        """Forget a reader; whether there was one of that name."""
        try:
            (self._directory / name).unlink()
        except FileNotFoundError:
            return False
        return True


def _position(path: Path) -> int:
    try:
        found = _RECORD.fullmatch(path.read_bytes())
    except OSError:
        return 0
    # Half of a record that is being written, or that a crash left.
    return int(found[1]) if found and int(found[2], 16) == crc32(found[1]) else 0
