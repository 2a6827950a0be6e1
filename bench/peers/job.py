"""The job that the peers do, as SQL that both understand.

Enters: the table `lines`, its columns as in a log line and `ts`, their time. Leaves: measures by minute,
site, test, group, browser and device, and by session. It is less than what Bellrock does with the same lines,
always in the peers' favour: `docs/guide/benchmarks.md` says what is left out.
"""

from typing import Final

TIMERS: Final = ("ttfb", "fcp", "lcp", "dcl", "load", "inp", "cls", "hero")

NUMBER: Final = "DOUBLE"
TEXT: Final = "STRING"
TRUTH: Final = "BOOLEAN"

_GROUPS: Final[dict[str, dict[str, str]]] = {
    "test": {"name": TEXT, "group": TEXT},
    "browser": {"mobile": TRUTH},
    "visitor": {"newToday": TRUTH, "newThisMonth": TRUTH},
    "event": {"name": TEXT},
    "order": {"id": TEXT, "value": NUMBER},
    "timers": dict.fromkeys(TIMERS, NUMBER),
}
_BEACON: Final = dict.fromkeys(("site", "session", "impression", "type"), TEXT)

BROWSER: Final = """CASE
  WHEN ua LIKE '%SamsungBrowser/%' THEN 'Samsung Internet' WHEN ua LIKE '%Edg/%' THEN 'Edge'
  WHEN ua LIKE '%OPR/%' THEN 'Opera' WHEN ua LIKE '%Firefox/%' THEN 'Firefox'
  WHEN ua LIKE '%bot%' THEN 'Other' WHEN ua LIKE '%Chrome/%' THEN 'Chrome'
  WHEN ua LIKE '%CriOS/%' THEN 'Chrome' WHEN ua LIKE '%Safari/%' THEN 'Safari' ELSE 'Other' END"""
DEVICE: Final = """CASE
  WHEN mobile THEN 'mobile' WHEN ua LIKE '%iPad%' THEN 'tablet' WHEN ua LIKE '%iPhone%' THEN 'mobile'
  WHEN ua LIKE '%Android%' AND (mobile = FALSE OR ua NOT LIKE '%Mobile%') THEN 'tablet'
  WHEN ua LIKE '%Android%' THEN 'mobile'
  WHEN ua LIKE '%Windows%' OR ua LIKE '%Macintosh%' OR ua LIKE '%Linux%' THEN 'desktop'
  ELSE 'other' END"""

_FLAT: Final = {
    "site": "beacon.site",
    "session": "beacon.session",
    "type": "beacon.type",
    "test": "beacon.test.name",
    "grp": "beacon.test.group",
    "mobile": "beacon.browser.mobile",
    "new_today": "beacon.visitor.newToday",
    "new_this_month": "beacon.visitor.newThisMonth",
    "event": "beacon.event.name",
    "order_id": "beacon.order.id",
    "revenue": "beacon.order.value",
    **{f"{name}_ms": f"beacon.timers.{name}" for name in TIMERS},
}

KEY: Final = "site, test, grp, browser, device"


def beacon_type(struct: str, pair: str) -> str:
    """The type of the column `beacon`; `struct` as in `ROW<{}>`, `pair` as in `{} {}`."""

    def nested(fields: dict[str, str]) -> str:
        pairs = ", ".join(pair.format(f"`{name}`", kind) for name, kind in fields.items())
        return struct.format(pairs)

    return nested(_BEACON | {name: nested(fields) for name, fields in _GROUPS.items()})


def flat() -> str:
    """A query of one row per line, without the dimensions that a user agent is resolved to."""
    columns = ", ".join(f"{_quoted(path)} AS {name}" for name, path in _FLAT.items())
    return f"SELECT ts, ua, {columns} FROM `lines`"


def resolved() -> str:
    """A query of one row per line, with them."""
    return f"SELECT *, {BROWSER} AS browser, {DEVICE} AS device FROM flat"


def minute_measures() -> str:
    """What is counted and summed by minute."""
    timers = [f"COUNT({name}_ms) AS {name}_n, SUM({name}_ms) AS {name}_sum" for name in TIMERS]
    return ", ".join(
        [
            "COUNT(*) AS beacons",
            _count("type = 'navigation'", "impressions"),
            _count("type = 'load'", "loads"),
            _count("type = 'event'", "events"),
            _count("event = 'error'", "errors"),
            _count("new_today", "new_today"),
            _count("new_this_month", "new_this_month"),
            "COUNT(order_id) AS orders, SUM(revenue) AS revenue",
            *timers,
        ]
    )


def session_measures() -> str:
    """What is counted and summed by session."""
    return ", ".join(
        [
            "COUNT(*) AS beacons, MIN(ts) AS first_at, MAX(ts) AS last_at",
            _count("type = 'navigation'", "impressions"),
            "COUNT(order_id) AS orders, SUM(revenue) AS revenue",
        ]
    )


def _count(condition: str, name: str) -> str:
    return f"COUNT(*) FILTER (WHERE {condition}) AS {name}"


def _quoted(path: str) -> str:
    return ".".join(f"`{part}`" for part in path.split("."))
