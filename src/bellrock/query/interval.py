"""Spans of whole minutes, UTC.

Enters: a `date_range` and the time now. Leaves: `Span`, half-open. A relative span ends with the
minute after now, so that it holds the running minute; an absolute one is widened to whole minutes.
"""

import math
import re
from datetime import UTC, datetime, timedelta

import msgspec

from bellrock.query.invalid import InvalidRequest

_RELATIVE = re.compile(r"([1-9][0-9]{0,6})([mhd])", re.ASCII)
_MINUTES = {"m": 1, "h": 60, "d": 1440}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime(9999, 12, 31, 23, 59, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1)


class Span(msgspec.Struct, frozen=True):
    """Minutes since 1970 UTC, `start <= minute < end`."""

    start: int
    end: int

    def hours(self) -> "Span":
        """Widened to whole hours, as far as there are any."""
        return Span(self.start // 60 * 60, min(-(-self.end // 60) * 60, _LAST))

    def iso(self) -> tuple[str, str]:
        """Both ends as `YYYY-MM-DDTHH:MMZ`."""
        return iso_minute(self.start), iso_minute(self.end)


def iso_minute(minute: int) -> str:
    """A minute since 1970 UTC as `YYYY-MM-DDTHH:MMZ`."""
    return (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%MZ")


def resolve(date_range: str | tuple[str, str], now: float) -> Span:
    """The span of a date range, with `now` in seconds since 1970; raises InvalidRequest."""
    if not isinstance(date_range, str):
        return between(*date_range)
    end = math.floor(now / 60) + 1
    if date_range == "all":
        return Span(0, end)
    found = _RELATIVE.fullmatch(date_range)
    if found is None:
        raise InvalidRequest(
            "date_range",
            f"{date_range!r} is no range. Use one like 30m, 1h, 6h, 24h, 7d, 30d, or all,"
            " or a list of two ISO 8601 times.",
        )
    return Span(max(0, end - int(found[1]) * _MINUTES[found[2]]), end)


def between(
    first: str, second: str, fields: tuple[str, str] = ("date_range[0]", "date_range[1]")
) -> Span:
    """The span of two ISO 8601 times, widened to whole minutes; raises InvalidRequest of one of the fields."""
    start, end = _time(fields[0], first), _time(fields[1], second)
    span = Span(math.floor(start / 60), min(math.ceil(end / 60), _LAST))
    if span.start >= span.end:
        whole = fields[1].partition("[")[0]
        raise InvalidRequest(whole, f"The end {second!r} is not after the start {first!r}.")
    return Span(max(0, span.start), max(1, span.end))


def _time(field: str, text: str) -> float:
    """Seconds since 1970 UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(
            field, f"{text!r} is no ISO 8601 time. Write it like 2026-11-23T05:12Z."
        ) from None
    if time.tzinfo is None:
        raise InvalidRequest(
            field,
            f"{text!r} has no time zone. Add Z for UTC or an offset, like 2026-11-23T05:12Z or"
            " 2026-11-23T06:12+01:00.",
        )
    return (time - _EPOCH).total_seconds()
