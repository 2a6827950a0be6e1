"""Every measure and every metric, declared once; storage, queries, runners and docs read these tables.

A *measure* is additive: the value of any span is the sum of its documents' values. A *metric* is what
people ask for: a measure, a ratio of two, or a figure of a timer's histogram (`bellrock.query`).
"""

from typing import Literal

import msgspec

Grain = Literal["impression", "session", "timer", "line", "cluster", "beacon"]


class Measure(msgspec.Struct, frozen=True):
    """An additive whole number. `grain` says what contributes it: one row per impression, session, ..."""

    name: str
    unit: str
    grain: Grain
    description: str


class Ratio(msgspec.Struct, frozen=True):
    """A metric `(numerator - subtrahend) / denominator`; null where the denominator is 0."""

    name: str
    unit: str
    numerator: str
    denominator: str
    description: str
    subtrahend: str | None = None


IMPRESSION = (
    Measure("beacons", "beacons", "impression", "beacons of counted page impressions"),
    Measure("events", "events", "impression", "beacons of type event"),
    Measure("errors", "errors", "impression", "JavaScript errors that were reported"),
    Measure("impressions", "impressions", "impression", "page impressions that count"),
    Measure("loads", "impressions", "impression", "page impressions with a load beacon"),
    Measure("new_today", "impressions", "impression", "first impressions of a visitor on a day"),
    Measure(
        "new_this_month", "impressions", "impression", "first impressions of a visitor in a month"
    ),
)

SESSION = (
    Measure("sessions", "sessions", "session", "sessions, open ones included"),
    Measure("bounces", "sessions", "session", "sessions of one page impression"),
    Measure("conversions", "sessions", "session", "sessions with an accepted order"),
    Measure("session_impressions", "impressions", "session", "page impressions of the sessions"),
    Measure(
        "session_seconds", "s", "session", "whole seconds from a session's first beacon to its last"
    ),
    Measure("orders", "orders", "session", "accepted orders"),
    Measure("revenue", "minor", "session", "value of the accepted orders in minor units"),
)

TIMER = (
    Measure("count", "impressions", "timer", "page impressions with this timer"),
    Measure("sum", "micro", "timer", "sum of the values in micro-units"),
    Measure("cells", "impressions", "timer", "histogram of the values, scheme ll32-v1"),
)

ISSUE = (Measure("lines", "lines", "line", "log lines with this issue"),)

DELIVERY = (
    Measure("navigations", "impressions", "beacon", "whose first navigation beacon came so"),
    Measure("loads", "impressions", "beacon", "whose first load beacon came so"),
    Measure("vitals", "impressions", "beacon", "whose first vitals beacon came so"),
    Measure("beacons", "beacons", "beacon", "that came so, without duplicates"),
)

CLUSTER = (
    Measure(
        "sessions", "sessions", "cluster", "ended sessions with an impression in the population"
    ),
    Measure("impressions", "impressions", "cluster", "n: their impressions in the population"),
    Measure("impressions_sq", "", "cluster", "n squared"),
    Measure("loads", "impressions", "cluster", "l: those with a load beacon"),
    Measure("loads_sq", "", "cluster", "l squared"),
    Measure("loads_n", "", "cluster", "l n"),
)

CLUSTER_TIMER = (
    Measure("k", "sessions", "cluster", "sessions with m >= 1 impressions that have the timer"),
    Measure("n", "impressions", "cluster", "m"),
    Measure("nn", "", "cluster", "m squared"),
    Measure("nx", "", "cluster", "m n"),
    Measure(
        "grid", "", "cluster", "per grid point, s = impressions at or below it: s, s squared, s m"
    ),
)

CLUSTER_ALL_ONLY = (
    Measure("bounces", "sessions", "cluster", "sessions of one page impression"),
    Measure("conversions", "sessions", "cluster", "sessions with an accepted order"),
    Measure("orders", "orders", "cluster", "accepted orders"),
    Measure("revenue", "minor", "cluster", "r: revenue up to the site's cap"),
    Measure("revenue_sq", "", "cluster", "r squared"),
    Measure("seconds", "s", "cluster", "duration in whole seconds"),
    Measure("seconds_sq", "", "cluster", "duration squared"),
)

GRID_POINTS = 16
GRID_PARTS = ("s", "ss", "sm")
"""Of each grid point: s, s squared and s m."""

GRID_NAMES = tuple(f"{part}{point}" for part in GRID_PARTS for point in range(GRID_POINTS))
"""The grid as columns: s0 to s15, ss0 to ss15, sm0 to sm15."""

ADDITIVE = IMPRESSION + SESSION
ADDITIVE_NAMES = tuple(m.name for m in ADDITIVE)
IMPRESSION_NAMES = tuple(m.name for m in IMPRESSION)
SESSION_NAMES = tuple(m.name for m in SESSION)

RATIOS = (
    Ratio("bounce_rate", "share", "bounces", "sessions", "sessions of one page impression"),
    Ratio(
        "session_length",
        "impressions",
        "session_impressions",
        "sessions",
        "page impressions per session",
    ),
    Ratio(
        "session_duration", "s", "session_seconds", "sessions", "seconds from first to last beacon"
    ),
    Ratio("conversion_rate", "share", "conversions", "sessions", "sessions with an accepted order"),
    Ratio("revenue_per_session", "major", "revenue", "sessions", "revenue per session"),
    Ratio("average_order_value", "major", "revenue", "orders", "revenue per accepted order"),
    Ratio(
        "beacon_loss",
        "share",
        "impressions",
        "impressions",
        "page impressions with no load beacon",
        subtrahend="loads",
    ),
    Ratio("error_rate", "errors", "errors", "impressions", "JavaScript errors per page impression"),
)
