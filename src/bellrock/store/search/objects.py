"""Saved objects for OpenSearch Dashboards and Kibana: an index pattern, and a chart with its own query.

Enters: the prefix of the indices, a timer. Leaves: NDJSON to be imported in their management of saved objects.
The chart counts what the time filter and the filter bar of the page leave.
"""

from typing import Any

import msgspec

from bellrock.schema.timers import Timer

Json = dict[str, Any]

MOST_CELLS = 10_000
"""Encoded cells of a group that are drawn, the most frequent first."""

_COUNTS = 4294967296  # 1 << 32: see `documents`
# The edges of `bellrock.histogram`, whose ticks are of 100 / 2048 ms.
_LOWER = "({c} < 64 ? {c} : (({c} % 32) + 32) * pow(2, max(floor({c} / 32) - 1, 0))) * 100 / 2048"


def saved_objects(prefix: str, timer: Timer) -> bytes:
    """The objects, one a line."""
    pattern = {
        "id": f"{prefix}-documents",
        "type": "index-pattern",
        "attributes": {"title": f"{prefix}.*@*", "timeFieldName": "time"},
        "references": [],
    }
    title = f"{prefix}: {timer.name.upper()} by test group"
    state = {
        "title": title,
        "type": "vega",
        "params": {"spec": _text(chart(prefix, timer))},
        "aggs": [],
    }
    visualisation = {
        "id": f"{prefix}-{timer.name}-by-group",
        "type": "visualization",
        "attributes": {
            "title": title,
            "description": timer.description,
            "visState": _text(state),
            "uiStateJSON": "{}",
            "version": 1,
            "kibanaSavedObjectMeta": {"searchSourceJSON": "{}"},
        },
        "references": [],
    }
    return b"".join(msgspec.json.encode(each) + b"\n" for each in (pattern, visualisation))


def chart(prefix: str, timer: Timer) -> Json:
    """A Vega chart: the histogram of a timer by test group, in shares of the group."""
    return {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "width": 600,
        "height": 300,
        "padding": 5,
        "data": [_cells(prefix, timer)],
        "scales": [
            {
                "name": "x",
                "type": "log",
                "domain": {"data": "cells", "fields": ["lower", "upper"]},
                "range": "width",
            },
            {
                "name": "y",
                "domain": {"data": "cells", "field": "density"},
                "range": "height",
                "zero": True,
            },
            {
                "name": "colour",
                "type": "ordinal",
                "domain": {"data": "cells", "field": "group"},
                "range": "category",
            },
        ],
        "axes": [
            {
                "scale": "x",
                "orient": "bottom",
                "title": f"{timer.name.upper()}, {timer.unit or 'score'}",
                "tickCount": 5,
            },
            {"scale": "y", "orient": "left", "title": "share per octave", "format": "%"},
        ],
        "legends": [{"stroke": "colour", "title": "group"}],
        "marks": [
            {
                "type": "group",
                "from": {"facet": {"name": "own", "data": "cells", "groupby": "group"}},
                "marks": [_line()],
            }
        ],
    }


def query(prefix: str, timer: Timer) -> Json:
    """What the chart asks; the texts with % are replaced by the page."""
    cells = {"terms": {"field": f"timers.{timer.name}.cells", "size": MOST_CELLS}}
    groups = {"terms": {"field": "group", "size": 20}, "aggs": {"cells": cells}}
    only = [
        {"term": {name: value}}
        for name, value in (("kind", "minute"), ("level", "minute"), ("bot", ""))
    ]
    asked = ["%dashboard_context-must_clause%", {"range": {"time": {"%timefilter%": True}}}]
    body = {
        "size": 0,
        "query": {"bool": {"must": asked, "filter": only}},
        "aggs": {"groups": groups},
    }
    return {"index": f"{prefix}.*@*", "body": body}


def _cells(prefix: str, timer: Timer) -> Json:
    """One row for a group and a cell that has a width: `density` is the group's share per octave."""
    unit = timer.micro / 1000
    return {
        "name": "cells",
        "url": query(prefix, timer),
        "format": {"property": "aggregations.groups.buckets"},
        "transform": [
            {"type": "flatten", "fields": ["cells.buckets"], "as": ["bucket"]},
            {"type": "formula", "as": "group", "expr": "datum.key"},
            {"type": "formula", "as": "cell", "expr": f"floor(datum.bucket.key / {_COUNTS})"},
            {
                "type": "formula",
                "as": "count",
                "expr": f"(datum.bucket.key - datum.cell * {_COUNTS}) * datum.bucket.doc_count",
            },
            {"type": "filter", "expr": "datum.cell > 0 && datum.cell < 544"},
            {
                "type": "aggregate",
                "groupby": ["group", "cell"],
                "fields": ["count"],
                "ops": ["sum"],
                "as": ["count"],
            },
            {
                "type": "joinaggregate",
                "groupby": ["group"],
                "fields": ["count"],
                "ops": ["sum"],
                "as": ["all"],
            },
            {"type": "formula", "as": "lower", "expr": f"{_LOWER.format(c='datum.cell')} / {unit}"},
            {
                "type": "formula",
                "as": "upper",
                "expr": f"{_LOWER.format(c='(datum.cell + 1)')} / {unit}",
            },
            {
                "type": "formula",
                "as": "density",
                "expr": "datum.count / datum.all / (log(datum.upper / datum.lower) / LN2)",
            },
            {"type": "collect", "sort": {"field": "cell"}},
        ],
    }


def _line() -> Json:
    return {
        "type": "line",
        "from": {"data": "own"},
        "encode": {
            "update": {
                "x": {"scale": "x", "field": "lower"},
                "y": {"scale": "y", "field": "density"},
                "interpolate": {"value": "step-after"},
                "stroke": {"scale": "colour", "field": "group"},
                "strokeWidth": {"value": 2},
            }
        },
    }


def _text(value: Json) -> str:
    return msgspec.json.encode(value).decode()
