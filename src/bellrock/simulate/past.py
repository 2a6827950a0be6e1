"""Past traffic: the visitors of the last minutes, as log lines, so that a new demonstration has a past.

Enters: a `Traffic` and the span of time. Leaves: NDJSON lines without their newline, as a collector
would have written them. Always holds: `at` never decreases and lies in [begin, end).
"""

from collections.abc import Iterator
from itertools import count

import msgspec

from bellrock.log.contract import LogWriter
from bellrock.log.stamp import append_recorded
from bellrock.simulate.visitors import Traffic, sessions


def past_lines(traffic: Traffic, *, begin_ms: int, end_ms: int) -> Iterator[bytes]:
    """Log lines from `begin_ms` to `end_ms` (ms since 1970 UTC)."""
    encode = msgspec.json.Encoder().encode
    for timed in sessions(traffic):
        at = begin_ms + timed.offset_ms
        if at >= end_ms:
            return
        line: dict[str, object] = {"at": at, "ua": timed.user_agent}
        if timed.country:
            line["country"] = timed.country
        yield encode({**line, "gpc": False, "beacon": timed.beacon})


def write_past(log: LogWriter, traffic: Traffic, *, begin_ms: int, end_ms: int) -> int:
    """Append past traffic to a log; returns how many lines. Raises `LogUnavailable` as the log does."""
    written = count()
    # zip asks for a line first, so `written` stands at the number of lines when they end.
    lines = zip(past_lines(traffic, begin_ms=begin_ms, end_ms=end_ms), written, strict=False)
    append_recorded(log, (line for line, _ in lines))
    return next(written)
