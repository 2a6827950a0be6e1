"""How large a log may become, and which of its files may go.

Enters: a bound in bytes, the files of a log, the positions of its readers. Leaves: fewer files. What always
holds: only whole finished files are deleted, the oldest first, and none that a named reader has not passed.
"""

from itertools import pairwise
from pathlib import Path

import structlog

from bellrock.errors import LogUnavailable
from bellrock.log.files import log_files
from bellrock.log.readers import Readers

_FILES = 8  # at least, of a log at its bound: it loses one at a time

_journal = structlog.get_logger(__name__)


class Retention:
    """The bound of the log in a directory; without a bound nothing is ever deleted."""

    def __init__(self, directory: Path, keep_bytes: int | None) -> None:
        """Hold the log at about `keep_bytes`."""
        self._directory, self._keep = directory, keep_bytes
        self._readers = Readers(directory)
        self._finished = 0

    def rotate_bytes(self, wanted: int) -> int:
        """How large a file may become, where so much is wanted."""
        return wanted if self._keep is None else min(wanted, self._keep // _FILES)

    def look(self) -> None:
        """Take notice of the files that are finished."""
        if self._keep is not None:
            self._finished = sum(file.size() for file in log_files(self._directory)[:-1])

    def require_room(self, writing: int) -> None:
        """Make room where the file that is written has so many bytes; raises LogUnavailable."""
        if self._keep is None or self._finished + writing <= self._keep:
            return
        self.look()
        self._delete(self._finished + writing - self._keep)
        if self._finished + writing > self._keep:
            raise LogUnavailable(self._full())

    def _delete(self, excess: int) -> None:
        """Delete the oldest files that all readers have passed, until so many bytes are gone."""
        passed = min(self._readers.positions().values(), default=None)
        for file, following in pairwise(log_files(self._directory)):
            if excess <= 0 or (passed is not None and passed < following.first):
                return
            size = file.size()
            file.delete()
            excess -= size
            self._finished -= size
            _journal.info("log file deleted", file=file.path.name, until=following.first)

    def _full(self) -> str:
        positions = self._readers.positions()
        name, position = min(positions.items(), key=lambda item: item[1], default=("", 0))
        return (
            f"{self._directory}: the log has its {self._keep} bytes (log_keep_gib), and the reader "
            f"{name!r} still needs the lines from position {position} on. Start that reader, "
            f"or raise log_keep_gib; `bellrock log forget {name}` deletes what it has not read."
        )
