"""A question as composite aggregations: no scripts, every group by pages, so nothing is left out.

Enters: a question. Leaves: one frame. Cells are groups too: `cell << 32 | count` in so many documents is so
many times the count. What always holds: answers are exact. The cluster adds up in floating point; where a sum
leaves the whole numbers that those have, the span is halved, and the halves are added here.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import polars as pl
from opensearchpy import OpenSearch

from bellrock.errors import BellrockError
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import TIME_BUCKETS, Condition
from bellrock.store.question import Question, cover
from bellrock.store.search.client import WHOLE, Json, Patience, persist, scroll
from bellrock.store.search.documents import KIND_OF, cell_of, count_of
from bellrock.store.search.periods import indices_of

PAGE = 10_000
"""Groups in one answer."""

_EXACT = 1 << 53
_SITES = 30  # in one request, whose first line has 4 KiB at most
_HOURS_WAIT = 300.0  # seconds that writers may take to write what has changed in an hour
_ALWAYS: Json = {"group": {"terms": {"field": "kind"}}}  # an aggregation needs some group


class Activity(NamedTuple):
    """What changes when something comes in.

    `newest` is the newest minute of the store, None where it is empty; the others count what there is of late.
    """

    newest: int | None
    documents: int
    beacons: int


class Reader:
    """Answers questions; for any thread."""

    def __init__(
        self,
        client: OpenSearch,
        prefix: str,
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        """Nothing is asked yet; `clock` says how many seconds have passed since 1970."""
        self._client, self._prefix, self._patience = client, prefix, patience
        self._clock = clock

    def sums(self, question: Question, fields: Sequence[str]) -> pl.DataFrame:
        """Columns `by` and fields: sums, without groups in which all are 0."""
        by, selection = question.by, question.selection
        metrics = {str(n): {"sum": {"field": field}} for n, field in enumerate(fields)}
        rows = [
            (*key, *(int(bucket[n]["value"]) for n in metrics))
            for key, bucket in self._groups(question, _sources(by), metrics)
        ]
        if any(value >= _EXACT for row in rows for value in row[len(by) :]):
            middle = (selection.start + selection.end) // 2
            if middle == selection.start:
                raise BellrockError(
                    f"A sum of the site {selection.site!r} is too great to be exact."
                )
            halves = [
                self.sums(_within(question, start, end), fields)
                for start, end in ((selection.start, middle), (middle, selection.end))
            ]
            return _added(pl.concat(halves), by)
        schema = _schema(by) | dict.fromkeys(fields, pl.Int64)
        return _added(pl.DataFrame(rows, schema=schema, orient="row"), by)

    def cells(self, question: Question, timer: str) -> pl.DataFrame:
        """Columns `by`, cell (Int16), count (Int64) of a timer."""
        cells = {"cells": {"terms": {"field": f"timers.{timer}.cells"}}}
        found = self._groups(question, [*_sources(question.by), cells], {})
        rows = [(*key, bucket["doc_count"]) for key, bucket in found]
        schema = _schema(question.by) | {"cells": pl.Int64, "documents": pl.Int64}
        encoded = pl.col("cells")
        frame = pl.DataFrame(rows, schema=schema, orient="row").select(
            *question.by,
            cell_of(encoded).alias("cell"),
            (count_of(encoded) * pl.col("documents")).alias("count"),
        )
        return _added(frame, (*question.by, "cell"))

    def newest(self, site: str) -> int | None:
        """The newest minute that has a document of a site."""
        return self._newest(indices_of(self._prefix, site))

    def _newest(self, indices: str) -> int | None:
        body = {
            "size": 1,
            "track_total_hits": False,
            "query": _all(_terms("kind", "minute"), _terms("level", "minute")),
            "sort": [{"minute": "desc"}],
            "_source": ["minute"],
        }
        hits = self._search(indices, body)["hits"]["hits"]
        return hits[0]["_source"]["minute"] if hits else None

    def activity(self, since: int, sites: Sequence[str] | None) -> Activity:
        """Of some sites, or all; `documents` and `beacons` from the minute `since` on."""
        if sites is None:
            return self._activity(since, f"{self._prefix}.*@*")
        indices = [indices_of(self._prefix, site) for site in sites]
        parts = [
            self._activity(since, ",".join(indices[n : n + _SITES]))
            for n in range(0, len(indices), _SITES)
        ]
        newest = max((one.newest for one in parts if one.newest is not None), default=None)
        return Activity(newest, sum(p.documents for p in parts), sum(p.beacons for p in parts))

    def _activity(self, since: int, indices: str) -> Activity:
        aggregations = {
            "newest": {"max": {"field": "minute"}},
            "documents": {"value_count": {"field": "minute"}},
            "beacons": {"sum": {"field": "beacons"}},
        }
        query = _all(
            _terms("kind", "minute"),
            _terms("level", "minute"),
            {"range": {"minute": {"gte": since}}},
        )
        body = {"size": 0, "query": query, "aggs": aggregations}
        found = self._search(indices, body).get("aggregations")
        if not found or found["newest"]["value"] is None:
            # Of a store where nothing came in of late people still want to know how old it is.
            return Activity(self._newest(indices), 0, 0)
        return Activity(*(int(found[name]["value"]) for name in Activity._fields))

    def documents(self, relation: str) -> list[Json]:
        """Every document of minutes that a relation's rows are in, of all sites."""
        return self._every(_terms("kind", KIND_OF[relation]), _terms("level", "minute"))

    def written(self, after: int, before: int) -> list[Json]:
        """Every document of minutes whose version lies between two, of all sites; empty ones have none."""
        between = {"range": {"version": {"gt": after, "lt": before}}}
        return self._every(_terms("level", "minute"), between)

    def _every(self, *filters: Json) -> list[Json]:
        return scroll(self._client, f"{self._prefix}.*@*", _all(*filters), self._patience)

    def _groups(
        self, question: Question, sources: list[Json], metrics: Json
    ) -> Iterator[tuple[tuple[Any, ...], Json]]:
        """Every group: its key, in order of the sources, and its bucket."""
        if not question.selection.start < question.selection.end:
            return
        composite: Json = {"size": PAGE, "sources": sources or [_ALWAYS]}
        body = {
            "size": 0,
            "track_total_hits": False,
            "query": self._query(question),
            "aggs": {"rows": {"composite": composite, "aggs": metrics}},
        }
        place = indices_of(self._prefix, question.selection.site)
        while True:
            found = self._search(place, body).get(
                "aggregations", {}
            )  # none where there is no index
            buckets = found["rows"]["buckets"] if found else []
            for bucket in buckets:
                yield tuple(_text(bucket["key"][next(iter(s))]) for s in sources), bucket
            if len(buckets) < PAGE:
                return
            composite["after"] = found["rows"]["after_key"]

    def _query(self, question: Question) -> Json:
        """Of documents that answer a question; hours that still run are read from their minutes."""
        selection = question.selection
        over = int((self._clock() - _HOURS_WAIT) // 3600) * 60
        pieces = [
            _all(_terms("level", level), {"range": {"minute": {"gte": start, "lt": end}}})
            for level, start, end in cover(question, over, over)
        ]
        return _all(
            _terms("kind", KIND_OF[question.relation]),
            {"bool": {"should": pieces, "minimum_should_match": 1}},
            *(_condition(condition) for condition in selection.where),
            *(_terms(column, *wanted) for column, wanted in question.among),
        )

    def _search(self, index: str, body: Json) -> Json:
        request = {"index": index, "body": body, "params": WHOLE}
        answer: Json = persist(partial(self._client.search, **request), self._patience)
        return answer


def _condition(condition: Condition) -> Json:
    name, values = condition.dimension, condition.values
    choices = [_terms(name, *values)]
    if "" in values:
        choices.append({"bool": {"must_not": [{"exists": {"field": name}}]}})
    return {"bool": {"must_not" if condition.negated else "should": choices}}


def _all(*filters: Json) -> Json:
    return {"bool": {"filter": list(filters)}}


def _terms(field: str, *values: str) -> Json:
    return {"terms": {field: list(values)}}


def _sources(by: Sequence[str]) -> list[Json]:
    return [{name: _source(name)} for name in by]


def _source(name: str) -> Json:
    width = TIME_BUCKETS.get(name)
    if width is not None:
        return {"histogram": {"field": "minute", "interval": width}}
    return {"terms": {"field": name, "missing_bucket": True}}


def _text(value: Any) -> Any:
    """Of a group's key: absent is the empty text, and times are whole."""
    if isinstance(value, float):
        return int(value)
    return "" if value is None else value


def _schema(by: Sequence[str]) -> dict[str, Any]:
    types = dict.fromkeys((*TIME_BUCKETS, "minute"), pl.Int64) | {"cell": pl.Int16}
    return {name: types.get(name, pl.String) for name in by}


def _added(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Groups that absent and empty texts, or the halves of a span, have made two of; without zeros."""
    sums = [name for name in rows.columns if name not in by]
    if by:
        rows = rows.group_by(by, maintain_order=True).agg(pl.col(sums).sum())
    elif len(rows):
        rows = rows.select(pl.col(sums).sum())
    return rows.filter(pl.any_horizontal(pl.col(sums) != 0))


def _within(question: Question, start: int, end: int) -> Question:
    span = msgspec.structs.replace(question.selection, start=start, end=end)
    return question._replace(selection=span)


def empty(relation: str, by: Sequence[str]) -> pl.DataFrame:
    """An answer without rows."""
    additive = RELATIONS[relation].additive
    return pl.DataFrame(schema=_schema(by) | dict.fromkeys(additive, pl.Int64))
