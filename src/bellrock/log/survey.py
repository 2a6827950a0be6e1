"""What a SQLite log consists of: its files, what each holds, and whether it is whole.

Enters: a directory, which another process may be writing. Leaves: a report on each file. Damage is a part
of the report, never an error.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bellrock.errors import LogDamaged
from bellrock.log.files import LogFile, log_files
from bellrock.log.stamp import time_of
from bellrock.log.table import Table, damaged

_STEP = 20_000


class FileReport(NamedTuple):
    """A file: its lines from `first` to before `end`, its bytes on disk, times in ms since 1970.

    `damage` says what is wrong with it, as far as was looked.
    """

    name: str
    first: int
    end: int
    size: int
    first_at: int | None
    last_at: int | None
    damage: str | None


def survey(directory: Path, *, verify: bool = False) -> list[FileReport]:
    """Report on each file, and on gaps between them; `verify` reads every line. Raises sqlite3.Error."""
    files = log_files(directory)
    return [
        _report(file, files[number + 1 : number + 2], verify=verify)
        for number, file in enumerate(files)
    ]


def _report(file: LogFile, following: Sequence[LogFile], *, verify: bool) -> FileReport:
    end, damage = file.first, None
    times: tuple[int | None, int | None] = None, None
    try:
        with closing(Table(file)) as table:
            end = _verified_end(table) if verify else table.end()
            times = _time(table, file.first), _time(table, end - 1)
        if following and end != following[0].first:
            reason = f"they are in no file; the next one is {following[0].path.name}"
            raise damaged(file.path, end, following[0].first, reason)
    except LogDamaged as error:
        damage = str(error)
    return FileReport(file.path.name, file.first, end, file.size(), *times, damage)


def _time(table: Table, position: int) -> int | None:
    lines = table.lines(position, 1) if position >= table.file.first else []
    return time_of(lines[0]) if lines else None


def _verified_end(table: Table) -> int:
    position = table.file.first
    # In steps, because whoever reads for long keeps the writer from using its side file again.
    while lines := table.lines(position, _STEP):
        position += len(lines)
    return position
