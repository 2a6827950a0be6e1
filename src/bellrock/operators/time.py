"""The time of a partition, kept by its lines: no clock is read.

A partition's minute is that of the greatest `at` so far, whatever else is wrong with the line. A line
before it is raised to its start, so no line is ever late; a line with no time of its own is in it.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from bellrock.operators.documents import MINUTE
from bellrock.schema.wire import UNTIMED

END_OF_TIME = 1 << 62
"""A minute by which every session has ended."""


class Times(msgspec.Struct, frozen=True):
    """For each line its `minute` (since 1970, never decreasing) and its `at` in ms, raised where late.

    `watermark` is the greatest `at` after them, None as long as no line had one.
    """

    minute: NDArray[np.int64]
    at: NDArray[np.int64]
    watermark: int | None


def minute_of(watermark: int | None) -> int:
    """The minute that a partition is in; 1970 before its first line."""
    return 0 if watermark is None else watermark // MINUTE


def keep_time(at: NDArray[np.int64], watermark: int | None) -> Times:
    """Times of lines whose own times are `at` (ms, `UNTIMED` where absent), after `watermark`."""
    before = UNTIMED if watermark is None else watermark
    greatest = np.maximum.accumulate(np.concatenate([[before], at]))
    minute = np.maximum(greatest[1:], 0) // MINUTE
    latest = int(greatest[-1])
    return Times(minute, np.maximum(at, minute * MINUTE), None if latest == UNTIMED else latest)
