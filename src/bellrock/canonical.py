"""The canonical text of documents: the same documents give the same bytes, whoever folded them.

Enters: additive rows, in any order, several per document. Leaves: NDJSON, keys sorted, no spaces, whole
numbers only, what is zero or empty left out, lines sorted bytewise, each ending with a newline.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from bellrock.operators.summaries import Deltas
from bellrock.schema.dimensions import OPTIONAL_NAMES
from bellrock.schema.document import CLUSTER_KEY, KEY, RELATIONS, Relation
from bellrock.schema.measures import ADDITIVE_NAMES, CLUSTER_TIMER, GRID_PARTS, GRID_POINTS
from bellrock.schema.site import Site

Document = dict[str, Any]


def canonical_text(documents: Deltas, sites: Mapping[str, Site]) -> bytes:
    """Every minute, cluster and issue document of the rows, in canonical form."""
    objects = [
        *_minute_documents(documents, sites),
        *_cluster_documents(documents, sites),
        *_issue_documents(documents.issues),
    ]
    lines = sorted(
        json.dumps(o, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        for o in objects
    )
    return b"".join(line + b"\n" for line in lines)


def minute_text(minute: int) -> str:
    """A minute since 1970 as `YYYY-MM-DDTHH:MMZ`."""
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%MZ")


class _Documents:
    """Documents of one kind, by their key: found again for each relation that adds to them."""

    def __init__(self, kind: str, key: Sequence[str], sites: Mapping[str, Site]) -> None:
        self._kind, self._key, self._sites = kind, key, sites
        self._found: dict[tuple[Any, ...], Document] = {}

    def find(self, row: Document) -> Document:
        """The document that a row belongs to, with its key alone if it is new."""
        key = tuple(row[name] for name in self._key)
        if key not in self._found:
            hidden = set(OPTIONAL_NAMES) - set(self._sites[row["site"]].dimensions)
            made = {name: row[name] for name in self._key if name not in hidden}
            self._found[key] = made | {"kind": self._kind, "minute": minute_text(row["minute"])}
        return self._found[key]

    def finished(self) -> Iterator[Document]:
        """Every document, without what is zero."""
        for made in self._found.values():
            yield {name: _without_zeros(value) for name, value in made.items()}


def _minute_documents(documents: Deltas, sites: Mapping[str, Site]) -> Iterator[Document]:
    made = _Documents("minute", KEY, sites)
    for row in _sums(documents.minutes, RELATIONS["minutes"]):
        made.find(row).update({name: row[name] for name in ADDITIVE_NAMES if row[name]})
    for row in _sums(documents.timers, RELATIONS["timers"]):
        timer = made.find(row).setdefault(row["timer"], {"cells": [], "count": 0, "sum": 0})
        timer["cells"].append([row["cell"], row["count"]])
        timer["count"] += row["count"]
        timer["sum"] += row["sum"]
    return made.finished()


def _cluster_documents(documents: Deltas, sites: Mapping[str, Site]) -> Iterator[Document]:
    made = _Documents("cluster", CLUSTER_KEY, sites)
    measures = RELATIONS["clusters"].additive
    for row in _sums(documents.clusters, RELATIONS["clusters"]):
        made.find(row).update({name: row[name] for name in measures if row[name]})
    for row in _sums(documents.cluster_timers, RELATIONS["cluster_timers"]):
        timer = {m.name: row[m.name] for m in CLUSTER_TIMER if m.name != "grid"}
        points = [[row[f"{part}{point}"] for part in GRID_PARTS] for point in range(GRID_POINTS)]
        timer["grid"] = points if any(map(any, points)) else 0
        made.find(row)[row["timer"]] = timer
    return made.finished()


def _without_zeros(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: sorted(part) if name == "cells" else part for name, part in value.items() if part}


def _issue_documents(issues: pl.DataFrame) -> Iterator[Document]:
    for row in _sums(issues, RELATIONS["issues"]):
        yield row | {"kind": "issues", "minute": minute_text(row["minute"])}


def _sums(rows: pl.DataFrame, relation: Relation) -> Iterator[Document]:
    """One row per key, those left out that say nothing."""
    sums = rows.group_by(relation.key).agg(pl.col(relation.additive).sum())
    return sums.filter(pl.any_horizontal(pl.col(relation.additive) != 0)).iter_rows(named=True)
