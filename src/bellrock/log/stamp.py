"""The time of log lines: `at` never decreases within a log, whatever the clock did meanwhile.

Entries without a time, and a time, enter; lines that begin with their `at` leave. Lines that carry
their own time already (recorded or made-up traffic) are held to the same rule.
"""

import re
from collections.abc import Iterable
from itertools import islice

import msgspec

from bellrock.log.contract import LogWriter, WholeLogReader

_STEP = 1000
_STAMPED = re.compile(rb'\{"at":(\d{1,15}),')


class _Timed(msgspec.Struct):
    at: int


_timed = msgspec.json.Decoder(_Timed)


def stamp(entries: Iterable[bytes], at: int) -> list[bytes]:
    """Turn entries, JSON objects without their opening brace and time, into lines of the time `at`.

    An entry is `,"ua":"x","beacon":{}}`; its line is `{"at":1,"ua":"x","beacon":{}}`.
    """
    opening = b'{"at":%d' % at
    return [opening + entry for entry in entries]


def stamped_at(line: bytes) -> int | None:
    """The time that `stamp` has written; None where a line does not begin so, whatever it says later."""
    found = _STAMPED.match(line)
    return int(found[1]) if found else None


def time_of(line: bytes) -> int | None:
    """The time of a line, as the fold reads it where the line is an odd one."""
    at = stamped_at(line)
    if at is None:
        # What the fold needs to read an odd line, a collector without such lines need not load.
        from bellrock.normalise.decode import route_of

        at, _ = route_of(line)
    return at


def last_at(reader: WholeLogReader) -> int:
    """Return the `at` of the last line that has one, in milliseconds since 1970, or 0."""
    end = reader.end()
    while end > 0:
        start = max(end - _STEP, 0)
        for line in reversed(reader.read(start, end - start).lines):
            at = _at(line)
            if at is not None:
                return at
        end = start
    return 0


def append_recorded(writer: LogWriter, lines: Iterable[bytes], after: int = 0) -> int:
    """Append lines that are stamped already; returns the `at` of the last one, or `after`.

    `after` is the `last_at` of the log. Raises ValueError at a line that has no `at`, or an earlier
    one than the line before it; what was appended by then, whole thousands of lines, stays.
    """
    remaining = iter(lines)
    while part := list(islice(remaining, _STEP)):
        for line in part:
            at = _at(line)
            if at is None or at < after:
                raise ValueError(f"a recorded line has no `at` of {after} or later: {line[:80]!r}")
            after = at
        writer.append(part)
    return after


def _at(line: bytes) -> int | None:
    try:
        return _timed.decode(line).at
    except (msgspec.DecodeError, RecursionError):
        return None
