"""The canonical text of documents: the same documents give the same bytes, whoever folded them.

Enters: additive rows, in any order, several per document. Leaves: NDJSON, keys sorted, no spaces, whole
numbers only, what is zero or empty left out, lines sorted bytewise, each ending with a newline.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from bellrock.operators.summaries import Deltas
from bellrock.schema.dimensions import FIXED_NAMES
from bellrock.schema.document import KEY, RELATIONS, Relation
from bellrock.schema.measures import ADDITIVE_NAMES
from bellrock.schema.site import Site


def canonical_text(documents: Deltas, sites: Mapping[str, Site]) -> bytes:
    """Every minute and issue document of the rows, in canonical form."""
    objects = [*_minute_documents(documents, sites), *_issue_documents(documents.issues)]
    lines = sorted(
        json.dumps(o, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        for o in objects
    )
    return b"".join(line + b"\n" for line in lines)


def minute_text(minute: int) -> str:
    """A minute since 1970 as `YYYY-MM-DDTHH:MMZ`."""
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _minute_documents(documents: Deltas, sites: Mapping[str, Site]) -> Iterator[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}

    def document(key: Mapping[str, Any]) -> dict[str, Any]:
        names = ("site", "minute", *FIXED_NAMES, *sites[key["site"]].dimensions)
        made = {"kind": "minute"} | {name: key[name] for name in names}
        made["minute"] = minute_text(key["minute"])
        return found.setdefault(tuple(key[name] for name in KEY), made)

    for row in _sums(documents.minutes, RELATIONS["minutes"]):
        measures = {name: row[name] for name in ADDITIVE_NAMES if row[name]}
        if measures:
            document(row).update(measures)
    for row in _sums(documents.timers, RELATIONS["timers"]):
        if row["count"] or row["sum"]:
            timer = document(row).setdefault(row["timer"], {"cells": [], "count": 0, "sum": 0})
            timer["cells"].append([row["cell"], row["count"]])
            timer["count"] += row["count"]
            timer["sum"] += row["sum"]
    for made in found.values():
        yield {name: _without_zeros(value) for name, value in made.items()}


def _without_zeros(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: sorted(part) if name == "cells" else part for name, part in value.items() if part}


def _issue_documents(issues: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in _sums(issues, RELATIONS["issues"]):
        if row["lines"]:
            yield row | {"kind": "issues", "minute": minute_text(row["minute"])}


def _sums(rows: pl.DataFrame, relation: Relation) -> Iterator[dict[str, Any]]:
    sums = rows.group_by(relation.key).agg(pl.col(relation.additive).sum())
    return sums.iter_rows(named=True)
