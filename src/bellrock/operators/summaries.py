"""Deltas of the documents: contribution(new) - contribution(old), summed by document.

Enters: what minutes changed and what ended. Leaves: additive rows by `schema.document.RELATIONS`. The sum
of all deltas of a document is the document, so live numbers need no recomputation, and a report is a sum.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.histogram import cells
from bellrock.names import Agents, Names
from bellrock.operators.change import Change
from bellrock.operators.clusters import Clusters
from bellrock.operators.delivery import Delivered, together
from bellrock.operators.describe import Describer
from bellrock.operators.documents import counts, document_keys
from bellrock.operators.groups import Groups, as_words, group, group_records, sums
from bellrock.operators.minute import IssueCounts
from bellrock.rows import Rows, join, pick
from bellrock.schema.document import RELATIONS
from bellrock.schema.impression import IMPRESSION, KEY, NO_TIMER, SESSION, TRUE, TYPE_BITS
from bellrock.schema.measures import ADDITIVE_NAMES, IMPRESSION_NAMES, SESSION_NAMES
from bellrock.schema.timers import SLOTS

_SPREAD = 1024  # more than there are cells


class Deltas(msgspec.Struct, frozen=True):
    """Additive rows: one frame for each of `schema.document.RELATIONS`, its key columns first."""

    minutes: pl.DataFrame
    timers: pl.DataFrame
    clusters: pl.DataFrame
    cluster_timers: pl.DataFrame
    issues: pl.DataFrame
    delivery: pl.DataFrame


_TYPES: dict[str, type[pl.DataType]] = {"minute": pl.Int64, "cell": pl.Int16}

NO_DELTAS = Deltas(
    **{
        name: pl.DataFrame(
            schema={c: _TYPES.get(c, pl.String) for c in key} | dict.fromkeys(additive, pl.Int64)
        )
        for name, (key, additive) in RELATIONS.items()
    }
)


class _Contributions(NamedTuple):
    """What rows contribute to the documents `keys`: `measures`, shape (rows, n).

    `timers` are values to be added (and `lost` those to be taken back), `NO_TIMER` where there is none.
    """

    keys: Rows
    measures: NDArray[np.int64]
    timers: NDArray[np.int32]
    lost: NDArray[np.int32]


class Summaries:
    """Makes deltas."""

    def __init__(self, names: Names) -> None:
        """Prepare to describe keys."""
        self._names = names
        self._describer = Describer(names)

    def deltas(
        self,
        impressions: Sequence[Change],
        sessions: Sequence[Change],
        clusters: Clusters,
        issues: IssueCounts,
        delivered: Sequence[Delivered],
    ) -> Deltas:
        """The deltas of any number of changes."""
        pages = _of_impressions(_joined(impressions, IMPRESSION), self._names.agents)
        visits = _of_sessions(_joined(sessions, SESSION))
        keys = join([pages.keys, visits.keys], KEY)
        documents = group_records(keys)
        measures = np.zeros((len(keys), len(ADDITIVE_NAMES)), dtype=np.int64)
        measures[: len(pages.keys), : len(IMPRESSION_NAMES)] = pages.measures
        measures[len(pages.keys) :, len(IMPRESSION_NAMES) :] = visits.measures
        frame = self._describer.minutes(pick(keys, documents.order[documents.starts]))
        return Deltas(
            minutes=_additive(frame, sums(measures, documents), ADDITIVE_NAMES),
            timers=self._timers(pages, frame, keys, documents),
            issues=_issue_rows(issues),
            delivery=self._delivery(together(delivered)),
            **self._clusters(clusters),
        )

    def _timers(
        self, pages: _Contributions, frame: pl.DataFrame, keys: Rows, documents: Groups
    ) -> pl.DataFrame:
        of_row = documents.of_row()
        gained, lost = (np.nonzero(part != NO_TIMER) for part in (pages.timers, pages.lost))
        value = np.concatenate([pages.timers[gained], pages.lost[lost]]).astype(np.int64)
        sign = np.repeat([1, -1], [len(gained[0]), len(lost[0])])
        row, slot = (np.concatenate(pair) for pair in zip(gained, lost, strict=True))
        code = (of_row[row] * SLOTS + slot) * _SPREAD + cells(value) + 1
        by_cell = group(code)
        first = by_cell.order[by_cell.starts]
        values = sums(np.stack([sign, sign * value], axis=1), by_cell)
        some = values.any(axis=1)
        first, values = first[some], values[some]
        named = frame[of_row[row[first]]].hstack(
            [
                self._describer.timers(keys["site"][row[first]], slot[first]),
                pl.Series("cell", code[first] % _SPREAD - 1, dtype=pl.Int16),
            ]
        )
        return _additive(named, values, RELATIONS["timers"].additive)

    def _delivery(self, rows: Delivered) -> pl.DataFrame:
        additive = RELATIONS["delivery"].additive
        return _additive(self._describer.delivery(rows), rows.measures, additive)

    def _clusters(self, found: Clusters) -> dict[str, pl.DataFrame]:
        if not len(found.keys):
            return {
                name: getattr(NO_DELTAS, name).clone() for name in ("clusters", "cluster_timers")
            }
        timers = self._describer.timers(found.timer_keys["site"], found.slots)
        named = self._describer.clusters(found.timer_keys).hstack([timers])
        keys = self._describer.clusters(found.keys)
        return {
            "clusters": _additive(keys, found.measures, RELATIONS["clusters"].additive),
            "cluster_timers": _additive(named, found.timers, RELATIONS["cluster_timers"].additive),
        }


def _joined(changes: Sequence[Change], dtype: np.dtype[np.void]) -> Change:
    return Change(
        np.concatenate([np.empty(0, np.uint64), *(change.keys for change in changes)]),
        join([change.old for change in changes], dtype),
        join([change.new for change in changes], dtype),
    )


def _of_impressions(change: Change, agents: Agents) -> _Contributions:
    """Of what counts: what a changed impression gained, and what it takes back where its document changed."""
    now = counts(change.new)
    new, was = pick(change.new, now), counts(change.old)[now]
    old = pick(pick(change.old, now), was)
    keys, old_keys = document_keys(new, agents), document_keys(old, agents)
    measures, old_measures = _impression_measures(new), _impression_measures(old)
    stayed = _equal(pick(keys, was), old_keys)
    same = np.flatnonzero(was)[stayed]
    measures[same] -= old_measures[stayed]
    timers, lost = new["timers"].copy(), np.full((len(new), SLOTS), NO_TIMER, dtype=np.int32)
    lost[same] = old["timers"][stayed]
    unchanged = timers == lost
    timers[unchanged] = lost[unchanged] = NO_TIMER
    left = pick(old, ~stayed)
    nothing = np.full((len(left), SLOTS), NO_TIMER, dtype=np.int32)
    return _Contributions(
        join([keys, pick(old_keys, ~stayed)], KEY),
        np.concatenate([measures, -old_measures[~stayed]]),
        np.concatenate([timers, nothing]),
        np.concatenate([lost, left["timers"]]),
    )


def _of_sessions(change: Change) -> _Contributions:
    now = change.new["impressions"] > 0
    new, was = pick(change.new, now), change.old["impressions"][now] > 0
    old = pick(pick(change.old, now), was)
    measures, old_measures = _session_measures(new), _session_measures(old)
    stayed = _equal(pick(new["document"], was), old["document"])
    measures[np.flatnonzero(was)[stayed]] -= old_measures[stayed]
    none = np.empty((0, SLOTS), np.int32)
    return _Contributions(
        join([new["document"], pick(old["document"], ~stayed)], KEY),
        np.concatenate([measures, -old_measures[~stayed]]),
        none,
        none,
    )


def _impression_measures(rows: Rows) -> NDArray[np.int64]:
    """Columns as in `IMPRESSION_NAMES`."""
    values = {
        "beacons": rows["beacons"],
        "events": rows["events"],
        "errors": rows["errors"],
        "impressions": np.ones(len(rows)),
        "loads": (rows["types"] & TYPE_BITS["load"]) != 0,
        "new_today": rows["new_today"] == TRUE,
        "new_this_month": rows["new_this_month"] == TRUE,
    }
    return _columns(values, IMPRESSION_NAMES)


def _session_measures(rows: Rows) -> NDArray[np.int64]:
    """Columns as in `SESSION_NAMES`."""
    values = {
        "sessions": np.ones(len(rows)),
        "bounces": rows["impressions"] == 1,
        "conversions": rows["orders"] > 0,
        "session_impressions": rows["impressions"],
        "session_seconds": (rows["last"] - rows["first"]) // 1000,
        "orders": rows["orders"],
        "revenue": rows["revenue"],
    }
    return _columns(values, SESSION_NAMES)


def _columns(values: Mapping[str, NDArray[np.generic]], names: Sequence[str]) -> NDArray[np.int64]:
    return np.stack([values[name].astype(np.int64) for name in names], axis=1)


def _equal(keys: Rows, others: Rows) -> NDArray[np.bool_]:
    """Whether keys are the same, row by row."""
    return np.asarray((as_words(keys) == as_words(others)).all(axis=1))


def _additive(keys: pl.DataFrame, values: NDArray[np.int64], names: Sequence[str]) -> pl.DataFrame:
    """Rows that say something, with their key."""
    some = values.any(axis=1)
    if not some.all():
        keys, values = keys[np.flatnonzero(some)], values[some]
    by_column = np.ascontiguousarray(values.T)
    columns = [pl.Series(name, by_column[n]) for n, name in enumerate(names)]
    return pl.DataFrame([*keys, *columns])


def _issue_rows(issues: IssueCounts) -> pl.DataFrame:
    return pl.DataFrame(
        [(site, minute, str(issue), lines) for (site, minute, issue), lines in issues.items()],
        schema=NO_DELTAS.issues.schema,
        orient="row",
    )
