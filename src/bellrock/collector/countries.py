"""The countries of addresses: a file in MaxMind's format is asked, and read anew when it has changed.

Enters: an address. Leaves: its country as the file names it, nothing else of what the file says. A file that is
replaced by a broken one is told in the journal, and the one before it stays in use.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import maxminddb
import structlog

from bellrock.collector.addresses import unpack
from bellrock.errors import ConfigurationError

LOOK_SECONDS = 10.0  # between two looks at the file; there is no timer, the next beacon looks

_journal = structlog.get_logger(__name__)


class CountryDatabase:
    """An MMDB file: GeoLite2 and GeoIP2 Country or City, DB-IP, IPinfo."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Open a file; raises ConfigurationError where there is none that can be read."""
        self._path, self._clock = path, clock
        self._reader, self._version = _open(path)
        self._looked = clock()

    def find(self, address: bytes) -> str:
        """The country of an address as two letters, empty where the file has none."""
        if self._clock() - self._looked >= LOOK_SECONDS:
            self._look()
        try:
            return _country(self._reader.get(unpack(address)))
        except (maxminddb.InvalidDatabaseError, ValueError):  # of IPv6, in a file of IPv4
            return ""

    def _look(self) -> None:
        self._looked = self._clock()
        try:
            if _version(self._path) != self._version:
                # The one before is not closed: its memory goes when nothing refers to it.
                self._reader, self._version = _open(self._path)
                _journal.info("country database read anew", file=str(self._path))
        except (ConfigurationError, OSError) as error:
            _journal.error("country database not read anew", reason=str(error))


def _open(path: Path) -> tuple[maxminddb.Reader, tuple[int, int, int]]:
    try:
        version = _version(path)
        return maxminddb.open_database(path), version
    except OSError as error:
        raise ConfigurationError(
            str(path),
            f"cannot be read ({error.strerror or error})",
            "Name the MMDB file with the setting country_database.",
        ) from error
    except maxminddb.InvalidDatabaseError as error:
        raise ConfigurationError(
            str(path),
            "is no MMDB database, or is broken",
            "Fetch it again, and put it in its place by renaming.",
        ) from error


def _version(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _country(record: Any) -> str:
    """The country of a record: `country.iso_code` of MaxMind and DB-IP, `country_code` of IPinfo."""
    if not isinstance(record, dict):
        return ""
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code")
    return code if isinstance(code, str) else ""
