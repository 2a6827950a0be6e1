"""Which index a document lies in: that of its site and of a period of time.

Enters: a site, a minute, the site's schedule. Leaves: a name. What always holds: a minute has one index for
ever. A schedule only grows, by changes that hold from a day in the future on: what is written keeps its place.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

Period = Literal["year", "month", "week", "day"]

PERIODS: dict[Period, int] = {"year": 366, "month": 31, "week": 7, "day": 1}
"""From coarse to fine, with the most days that each has."""

MOST_DOCUMENTS = 20_000_000
"""The documents that an index is meant to have at most: some 5 GB."""

_DAY = 1440
_MARGIN_DAYS = 2
_SLACK = 4  # how many times a site must fit into a coarser period before it goes back to it


class Change(msgspec.Struct, frozen=True):
    """From the minute `since` on the site has indices of this period."""

    since: int
    period: Period


Schedule = tuple[Change, ...]
"""In order of time; begins at minute 0."""

BEGINNING: Schedule = (Change(0, "year"),)
"""Of every site that has not grown."""


class IndexName(NamedTuple):
    """An index by what it holds."""

    site: str
    period: Period
    first_day: date

    @property
    def end(self) -> int:
        """The first minute after it."""
        following = self.first_day + timedelta(days=PERIODS[self.period])
        return _minute(_first_day(self.period, following))

    def text(self, prefix: str) -> str:
        """As the cluster knows it."""
        return f"{indices_of(prefix, self.site)[:-1]}{self.period}-{self.first_day}"


def alias_of(prefix: str, site: str) -> str:
    """The alias of a site's indices."""
    # Keys of sites are fit for names of indices; "?", the site of lines that name none, is not.
    return f"{prefix}.{'_' if site == '?' else site}"


def indices_of(prefix: str, site: str) -> str:
    """The pattern of a site's indices: no key has an @, so no other site's are meant."""
    return f"{alias_of(prefix, site)}@*"


def index_of(schedule: Schedule, site: str, minute: int) -> IndexName:
    """The index of a minute."""
    [*_, change] = [change for change in schedule if change.since <= minute]
    day = datetime.fromtimestamp(minute * 60, UTC).date()
    return IndexName(site, change.period, _first_day(change.period, day))


def parse_index(prefix: str, text: str) -> IndexName:
    """The inverse of `IndexName.text`."""
    site, _, rest = text.removeprefix(f"{prefix}.").partition("@")
    period, _, day = rest.partition("-")
    return IndexName(
        "?" if site == "_" else site, msgspec.convert(period, Period), date.fromisoformat(day)
    )


def grown(schedule: Schedule, daily_documents: float, newest: int) -> Schedule:
    """The schedule with a change, where the size of the site asks for one.

    `newest` is the newest minute that is written or may be: changes hold from two days later on, so that no
    writer, whose schedule is older by minutes, has written there.
    """
    last = schedule[-1]
    order = list(PERIODS)
    wanted = _fitting(daily_documents)
    if order.index(wanted) < order.index(last.period):
        wanted = min(_fitting(daily_documents * _SLACK), last.period, key=order.index)
    if wanted == last.period or last.since > newest:
        return schedule
    return (*schedule, Change((newest // _DAY + _MARGIN_DAYS) * _DAY, wanted))


def expired(indices: Sequence[IndexName], before: int) -> list[IndexName]:
    """Those that have nothing of the minute `before` or later."""
    return [index for index in indices if index.end <= before]


def _fitting(daily_documents: float) -> Period:
    """The coarsest period whose documents fit into an index."""
    fitting = (p for p, days in PERIODS.items() if daily_documents * days <= MOST_DOCUMENTS)
    return next(fitting, "day")


def _first_day(period: Period, day: date) -> date:
    if period == "year":
        return day.replace(month=1, day=1)
    if period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period == "week" else day


def _minute(day: date) -> int:
    return (day - date(1970, 1, 1)).days * _DAY
