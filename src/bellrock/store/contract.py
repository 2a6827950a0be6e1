"""What a query may ask of a store. Every answer is a sum of additive rows of exactly one site."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import polars as pl

TIME_BUCKETS = {"time:minute": 1, "time:hour": 60, "time:day": 1440}
"""Names of the time buckets that `by` may hold (one at most), with their width in minutes."""


class Condition(msgspec.Struct, frozen=True):
    """A dimension is (or, negated, is not) one of `values`; absent counts as the empty text."""

    dimension: str
    values: tuple[str, ...]
    negated: bool = False


class Selection(msgspec.Struct, frozen=True):
    """One site's rows with `start <= minute < end` (minutes since 1970 UTC) that meet every condition."""

    site: str
    start: int
    end: int
    where: tuple[Condition, ...] = ()


class StoreReader(Protocol):
    """Reading side of a store; each method may be called from any thread."""

    def measures(self, selection: Selection, by: Sequence[str]) -> pl.DataFrame:
        """One row per combination of `by`: those columns and every additive measure (Int64).

        A time bucket is a column of its own name: the bucket's start in minutes since 1970 (Int64).
        Combinations whose measures are all 0 are left out.
        """

    def timers(
        self, selection: Selection, by: Sequence[str], timers: Sequence[str]
    ) -> pl.DataFrame:
        """Columns `by`, timer, cell (Int16), count, sum (Int64): histograms in the long form.

        `sum` is that of the timer's values over all its cells: how a store spreads it over the cells of a
        row of `by` is its own affair, so only what is summed over the cells means something.
        """

    def clusters(
        self, selection: Selection, by: Sequence[str], populations: Sequence[str]
    ) -> pl.DataFrame:
        """Columns `by`, population and the measures of `RELATIONS["clusters"]` (Int64).

        `by` and the conditions name `CLUSTER_DIMENSIONS` and a time bucket: sums over ended sessions by
        the minute and the dimensions of the session. Populations are never added up.
        """

    def cluster_timers(
        self,
        selection: Selection,
        by: Sequence[str],
        populations: Sequence[str],
        timers: Sequence[str],
    ) -> pl.DataFrame:
        """Columns `by`, population, timer and the measures of `RELATIONS["cluster_timers"]` (Int64)."""

    def issues(self, selection: Selection) -> pl.DataFrame:
        """Columns minute, issue, lines; `selection.where` must be empty."""

    def delivery(self, selection: Selection) -> pl.DataFrame:
        """Columns browser, transport and the measures of `RELATIONS["delivery"]` (Int64).

        `selection.where` must be empty. How a beacon came is the empty text where it does not say.
        """

    def newest(self, site: str) -> int | None:
        """The newest minute that has a row of the site."""
