"""Deltas of the minute documents: contribution(new) - contribution(old), summed by document.

Enters: the changes of a minute. Leaves: additive rows. The sum of all deltas of a document is the
document, so live numbers need no recomputation, and a report is a sum.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.histogram import cells
from bellrock.operators.change import Change
from bellrock.operators.dimensions import COUNTS, dimensions_of
from bellrock.operators.minute import IssueCounts
from bellrock.operators.sessions import MINUTE
from bellrock.schema.beacon import NO_TIMER, TYPE_BITS
from bellrock.schema.dimensions import FIXED_NAMES, OPTIONAL_NAMES
from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.document import KEY
from bellrock.schema.measures import ADDITIVE_NAMES, IMPRESSION_NAMES, SESSION_NAMES
from bellrock.schema.site import Site
from bellrock.schema.timers import SLOTS, VITAL_NAMES

_SPREAD = 1024  # more than there are cells


class Deltas(msgspec.Struct, frozen=True):
    """Additive rows: `minutes` by `KEY`, `timers` by `KEY`, timer and cell, `issues` by site, minute, issue."""

    minutes: pl.DataFrame
    timers: pl.DataFrame
    issues: pl.DataFrame


_NO_MINUTES = pl.DataFrame(
    schema={"site": pl.String, "minute": pl.Int64}
    | dict.fromkeys(DIMENSIONS, pl.String)
    | dict.fromkeys(ADDITIVE_NAMES, pl.Int64)
)
NO_DELTAS = Deltas(
    _NO_MINUTES,
    pl.DataFrame(
        schema={name: _NO_MINUTES.schema[name] for name in KEY}
        | {"timer": pl.String, "cell": pl.Int16, "count": pl.Int64, "sum": pl.Int64}
    ),
    pl.DataFrame(
        schema={"site": pl.String, "minute": pl.Int64, "issue": pl.String, "lines": pl.Int64}
    ),
)


class Summaries:
    """Makes deltas for a set of sites, whose choice of dimensions decides the keys."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        """Prepare what each site has chosen."""
        self._choosers = {
            name: [site.key for site in sites.values() if name in site.dimensions]
            for name in OPTIONAL_NAMES
        }
        self._custom = {
            (site.key, slot): name
            for site in sites.values()
            for slot, name in enumerate(site.timers, start=len(VITAL_NAMES))
        }

    def deltas(
        self, impressions: Sequence[Change], sessions: Sequence[Change], issues: IssueCounts
    ) -> Deltas:
        """The deltas of any number of changes."""
        if not impressions:
            return Deltas(NO_DELTAS.minutes, NO_DELTAS.timers, _issue_rows(issues))
        counted = [
            (rows.filter(COUNTS), sign)
            for change in impressions
            for rows, sign in ((change.new, 1), (change.old, -1))
        ]
        parts = [_of_impressions(rows, sign) for rows, sign in counted]
        parts += [
            _of_sessions(rows.filter(pl.col("impressions") > 0), sign)
            for change in sessions
            for rows, sign in ((change.new, 1), (change.old, -1))
        ]
        rows = pl.concat(parts).with_columns(self._chosen())
        documents, of_row = _documents(rows)
        # Only the impressions have timers; their rows come first.
        return Deltas(
            minutes=_summed(rows, documents, of_row),
            timers=self._timers(counted, documents, of_row),
            issues=_issue_rows(issues),
        )

    def _chosen(self) -> list[pl.Expr]:
        """Optional dimensions: null where the site has not chosen them."""
        return [
            pl.when(pl.col("site").is_in(sites)).then(pl.col(name)).otherwise(None).alias(name)
            if sites
            else pl.lit(None, pl.String).alias(name)
            for name, sites in self._choosers.items()
        ]

    def _timers(
        self,
        counted: Sequence[tuple[pl.DataFrame, int]],
        documents: pl.DataFrame,
        of_row: NDArray[np.int64],
    ) -> pl.DataFrame:
        micro = np.concatenate([rows["timers"].to_numpy() for rows, _ in counted])
        sign = np.repeat([sign for _, sign in counted], [len(rows) for rows, _ in counted])
        row, slot = np.nonzero(micro != NO_TIMER)
        value = micro[row, slot].astype(np.int64)
        cell = cells(value).astype(np.int64)
        code = (of_row[row] * SLOTS + slot) * _SPREAD + cell + 1
        sums = (
            pl.DataFrame({"code": code, "count": sign[row], "sum": sign[row] * value})
            .group_by("code")
            .agg(pl.col("count", "sum").sum())
            .filter((pl.col("count") != 0) | (pl.col("sum") != 0))
        )
        code = sums["code"].to_numpy()
        slot, document = code // _SPREAD % SLOTS, code // _SPREAD // SLOTS
        keys = documents[document]
        return keys.with_columns(
            pl.Series("timer", self._names(keys["site"], slot), dtype=pl.String),
            pl.Series("cell", code % _SPREAD - 1, dtype=pl.Int16),
            sums["count"],
            sums["sum"],
        )

    def _names(self, sites: pl.Series, slots: NDArray[np.int64]) -> list[str]:
        vitals = len(VITAL_NAMES)
        return [
            VITAL_NAMES[slot] if slot < vitals else self._custom[site, slot]
            for site, slot in zip(sites, slots.tolist(), strict=True)
        ]


def _of_impressions(rows: pl.DataFrame, sign: int) -> pl.DataFrame:
    ones = pl.lit(1, pl.Int64)
    values = {
        "beacons": pl.col("beacons"),
        "events": pl.col("events"),
        "errors": pl.col("errors"),
        "impressions": ones,
        "loads": (pl.col("types") & TYPE_BITS["load"]) != 0,
        "new_today": pl.col("new_today").fill_null(value=False),
        "new_this_month": pl.col("new_this_month").fill_null(value=False),
    }
    measures = rows.select(
        *[(values[name].cast(pl.Int64) * sign).alias(name) for name in IMPRESSION_NAMES],
        *[pl.lit(0, pl.Int64).alias(name) for name in SESSION_NAMES],
    )
    key = rows.select("site", (pl.col("first") // MINUTE).alias("minute"))
    return pl.concat([key, dimensions_of(rows), measures], how="horizontal")


def _of_sessions(rows: pl.DataFrame, sign: int) -> pl.DataFrame:
    converted = pl.col("orders") > 0
    values = {
        "sessions": pl.lit(1),
        "bounces": pl.col("impressions") == 1,
        "conversions": converted,
        "session_impressions": pl.col("impressions"),
        "session_seconds": (pl.col("last") - pl.col("first")) // 1000,
        "orders": pl.col("orders"),
        "revenue": pl.col("revenue"),
    }
    return rows.select(
        "site",
        (pl.col("head_first") // MINUTE).alias("minute"),
        *FIXED_NAMES,
        *OPTIONAL_NAMES,
        *[pl.lit(0, pl.Int64).alias(name) for name in IMPRESSION_NAMES],
        *[(values[name].cast(pl.Int64) * sign).alias(name) for name in SESSION_NAMES],
    )


def _documents(rows: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """The distinct keys, and for each row the number of its key."""
    groups = rows.select(KEY).with_row_index("row").group_by(KEY).agg("row")
    of_row = np.empty(len(rows), dtype=np.int64)
    of_row[groups["row"].explode().to_numpy()] = np.repeat(
        np.arange(len(groups)), groups["row"].list.len().to_numpy()
    )
    return groups.select(KEY), of_row


def _summed(rows: pl.DataFrame, documents: pl.DataFrame, of_row: NDArray[np.int64]) -> pl.DataFrame:
    sums = (
        rows.select(ADDITIVE_NAMES)
        .with_columns(pl.Series("document", of_row))
        .group_by("document")
        .agg(pl.all().sum())
        .filter(pl.any_horizontal(pl.col(ADDITIVE_NAMES) != 0))
    )
    return pl.concat([documents[sums["document"]], sums.drop("document")], how="horizontal")


def _issue_rows(issues: IssueCounts) -> pl.DataFrame:
    return pl.DataFrame(
        [(site, minute, str(issue), lines) for (site, minute, issue), lines in issues.items()],
        schema=NO_DELTAS.issues.schema,
        orient="row",
    )
