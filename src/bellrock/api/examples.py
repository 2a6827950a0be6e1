"""The examples of the API's documentation; tests decode, run and compare them."""

from typing import Any

QUERY: dict[str, Any] = {
    "site": "shop-a",
    "metrics": ["impressions", "lcp.p75"],
    "date_range": "30m",
    "dimensions": ["time:minute", "group"],
    "filters": [["is", "group", ["A", "B"]], ["is_not", "browser", ["IE"]]],
    "order_by": [["lcp.p75", "desc"]],
    "include": {"bots": False, "total_rows": True},
    "pagination": {"limit": 10000, "offset": 0},
}
QUERY_ANSWER: dict[str, Any] = {
    "results": [{"dimensions": ["2026-11-23T05:42Z", "A"], "metrics": [12, 812.5]}],
    "meta": {
        "scheme": "ll32-v1",
        "left_out": {"impressions": 3, "reason": "bots"},
        "total_rows": 1,
        "warnings": ["Some quantiles of lcp stand on fewer than 100 values."],
    },
    "query": QUERY | {"date_range": ["2026-11-23T05:13Z", "2026-11-23T05:43Z"]},
}
HISTOGRAM: dict[str, Any] = {
    "site": "shop-a",
    "timer": "lcp",
    "date_range": "30m",
    "by": "group",
    "filters": [],
    "include": {"bots": False},
}
HISTOGRAM_ANSWER: dict[str, Any] = {
    "scheme": "ll32-v1",
    "timer": "lcp",
    "unit": "ms",
    "series": [
        {
            "group": "A",
            "count": 12,
            "mean": 812.0,
            "quantiles": {"p50": 812.5, "p75": 812.5, "p90": 812.5, "p95": 812.5, "p99": 812.5},
            "cells": [{"cell": 320, "lower": 800.0, "upper": 825.0, "count": 12}],
        }
    ],
    "meta": {
        "left_out": {"impressions": 3, "reason": "bots"},
        "warnings": ["Some quantiles of lcp stand on fewer than 100 values."],
    },
    "query": HISTOGRAM | {"date_range": ["2026-11-23T05:13Z", "2026-11-23T05:43Z"]},
}
_DELIVERED = {
    "navigations": 8,
    "loads": 8,
    "vitals": 6,
    "beacons": 25,
    "load_share": 1.0,
    "vitals_share": 0.75,
}
DELIVERY: dict[str, Any] = {
    "site": "shop-a",
    "from": "2026-11-23T05:00Z",
    "to": "2026-11-24T05:00Z",
    "total": _DELIVERED,
    "browsers": [
        {
            "browser": "Chrome",
            "total": _DELIVERED,
            "transports": [
                {"transport": "beacon", "navigations": 8, "loads": 8, "vitals": 1, "beacons": 19},
                {
                    "transport": "fetchLater",
                    "navigations": 0,
                    "loads": 0,
                    "vitals": 5,
                    "beacons": 6,
                },
            ],
        }
    ],
}
SITES: dict[str, Any] = {
    "sites": [
        {
            "key": "shop-a",
            "currency": "EUR",
            "dimensions": ["country", "label"],
            "labels": ["home", "product"],
            "timers": ["hero"],
            "tests": [{"name": "speed", "control": "A", "groups": {"A": 0.5, "B": 0.5}}],
        }
    ]
}
METRICS: dict[str, Any] = {
    "metrics": [
        {
            "name": "lcp.p75",
            "unit": "ms",
            "description": "75% of the values of largest contentful paint are at or below this",
        }
    ],
    "dimensions": [{"name": "browser", "description": "browser family, from the user agent"}],
}
LIVE: dict[str, Any] = {
    "site": "shop-a",
    "now": "2026-11-23T05:42:07.120Z",
    "watermark": "2026-11-23T05:42:06.880Z",
    "lag_seconds": 0.21,
    "position": 4711,
    "window_minutes": 30,
    "groups": [
        {"group": "A", "impressions": 120, "sessions": 40},
        {"group": "B", "impressions": 118, "sessions": 37},
    ],
    "impressions_last_minute": 9,
}
MARK: dict[str, Any] = {"site": "shop-a", "agent": "ExampleFetcher/1.0"}
MARKS: dict[str, Any] = {
    "marks": [
        MARK | {"since": "2026-11-23T05:42Z", "sessions": 25, "suspicious": 24, "state": "active"},
    ]
}
