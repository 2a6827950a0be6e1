"""Append numbered lines to the log named on the command line; print how many are acknowledged."""

import sys
from contextlib import closing
from pathlib import Path

from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter

directory = Path(sys.argv[1])
writer = SqliteLogWriter(directory, rotate_bytes=100_000)
with closing(SqliteLogReader(directory)) as reader:
    end = reader.end()
while True:
    writer.append([b'{"line":%d}' % line for line in range(end, end + 50)])
    end += 50
    print(end, flush=True)
