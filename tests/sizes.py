"""Sizes so small that what is rare happens all the time: base snapshots, small steps, housekeeping, new files."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from bellrock.collector import server
from bellrock.log.sqlite import ROTATE_BYTES, SqliteLogWriter
from bellrock.runners.embedded import engine, housekeeping


@contextmanager
def small_sizes(
    *,
    most_lines: int,
    small_state: int,
    housekeeping_every: float = 60.0,
    rotate_bytes: int = ROTATE_BYTES,
) -> Iterator[None]:
    """Engines that fold `most_lines` in a step and write a base after `small_state` bytes of changes.

    They keep house every so many seconds; a collector begins a new file after `rotate_bytes`.
    """
    keeping = partial(housekeeping.Housekeeping, every=housekeeping_every)
    with (
        patch.multiple(
            engine, MOST_LINES=most_lines, _SMALL_STATE=small_state, Housekeeping=keeping
        ),
        patch.object(housekeeping, "_LOOK_EVERY", min(0.5, housekeeping_every)),
        patch.object(
            server, "SqliteLogWriter", partial(SqliteLogWriter, rotate_bytes=rotate_bytes)
        ),
    ):
        yield
