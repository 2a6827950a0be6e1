"""What happens now: page impressions and sessions per test group over the last minutes.

Enters: a site, the caller's access, the minute now. Leaves: frozen figures, bots left out.
"""

import msgspec
import polars as pl

from bellrock.query.interval import Span
from bellrock.query.plan import NOT_BOTS
from bellrock.query.selection import select
from bellrock.schema.access import Access
from bellrock.store.contract import StoreReader

WINDOW_MINUTES = 30


class GroupNow(msgspec.Struct, frozen=True):
    """A test group's page impressions and sessions that began in the window."""

    group: str
    impressions: int
    sessions: int


class Now(msgspec.Struct, frozen=True):
    """`impressions_last_minute` is that of the last whole minute."""

    groups: list[GroupNow]
    impressions_last_minute: int


def figures_now(access: Access, site: str, minute: int, store: StoreReader) -> Now:
    """The figures of the `WINDOW_MINUTES` minutes that end with `minute`; raises Forbidden."""
    span = Span(minute + 1 - WINDOW_MINUTES, minute + 1)
    rows = store.measures(select(access, site, span, (NOT_BOTS,)), ("group", "time:minute"))
    last = rows.filter(pl.col("time:minute") == minute - 1)
    groups = rows.group_by("group").agg(pl.col("impressions", "sessions").sum()).sort("group")
    return Now([GroupNow(*row) for row in groups.rows()], int(last["impressions"].sum()))
