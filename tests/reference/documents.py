"""Minute, cluster and issue documents, and their canonical text.

In: sessions with their impressions, issue counts. Out: NDJSON with sorted keys and lines.
Always: every measure is a sum of integers; zeros are left out, and so are documents of zeros.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

from reference.bots import Marks
from reference.histogram import cell_of, grid_points
from reference.impression import Impression
from reference.session import Session

ALWAYS = ("test", "group", "browser", "device", "bot")
CONSTANT_IN_A_SESSION = ("country", "os", "release")

Key = tuple[tuple[str, str | int], ...]


class Documents:
    """Sums by key. A path in a sum is a measure; or a timer, its part, a place in it."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.sums: dict[Key, dict[tuple[str | int, ...], int]] = {}

    def add(self, key: dict[str, str | int], path: tuple[str | int, ...], amount: int) -> None:
        """Add to one measure of the document with this key."""
        measures = self.sums.setdefault(tuple(sorted(key.items())), {})
        measures[path] = measures.get(path, 0) + amount

    def add_issue(self, site: str, minute: int, issue: str, lines: int) -> None:
        """Add lines to an issue document."""
        key: dict[str, str | int] = {"site": site, "minute": minute, "issue": issue}
        self.add(key | {"kind": "issues"}, ("lines",), lines)

    def minute_key(self, site: dict[str, Any], impression: Impression) -> dict[str, str | int]:
        """The key of the minute document to which an impression belongs."""
        dimensions = impression.dimensions(site, self.marks)
        names = [*ALWAYS, *site.get("dimensions", [])]
        key: dict[str, str | int] = {name: dimensions[name] for name in names}
        return key | {"kind": "minute", "site": site["key"], "minute": impression.minute}

    def add_impressions(self, session: Session) -> None:
        """Add the counted impressions of a session, each to its own minute document."""
        for impression in session.counted:
            key = self.minute_key(session.site, impression)
            self.add(key, ("impressions",), 1)
            self.add(key, ("beacons",), impression.beacons)
            self.add(key, ("events",), impression.events)
            self.add(key, ("errors",), impression.errors)
            self.add(key, ("loads",), "load" in impression.types)
            self.add(key, ("new_today",), impression.has_visitor_flag("newToday"))
            self.add(key, ("new_this_month",), impression.has_visitor_flag("newThisMonth"))
            for timer, micro in impression.timers.items():
                self.add(key, (timer, "count"), 1)
                self.add(key, (timer, "sum"), micro)
                self.add(key, (timer, "cells", cell_of(micro)), 1)

    def add_session(self, session: Session) -> None:
        """Add what is known of a session to the minute document of its first counted impression."""
        counted = session.counted
        if not counted:
            return
        key = self.minute_key(session.site, counted[0])
        self.add(key, ("sessions",), 1)
        self.add(key, ("bounces",), len(counted) == 1)
        self.add(key, ("conversions",), session.orders > 0)
        self.add(key, ("session_impressions",), len(counted))
        self.add(key, ("session_seconds",), session.seconds)
        self.add(key, ("orders",), session.orders)
        self.add(key, ("revenue",), session.revenue)

    def add_clusters(self, session: Session) -> None:
        """Add an ended session to the cluster document of each population that it has part in."""
        counted = session.counted
        if not counted:
            return
        dimensions = counted[0].dimensions(session.site, self.marks)
        chosen = [
            name for name in session.site.get("dimensions", []) if name in CONSTANT_IN_A_SESSION
        ]
        key: dict[str, str | int] = {name: dimensions[name] for name in [*ALWAYS, *chosen]}
        key |= {"kind": "cluster", "site": session.site["key"], "minute": counted[0].minute}
        for population, members in self.populations(session.site, counted):
            if members:
                self.add_population(key | {"population": population}, members)
        self.add_money(key | {"population": "all"}, session)

    def populations(
        self, site: dict[str, Any], counted: list[Impression]
    ) -> Iterator[tuple[str, list[Impression]]]:
        """Each population that the site's dimensions provide, with its impressions."""
        chosen = site.get("dimensions", [])
        repeats = [one for one in counted if one.delivered("firstLoad") != "true"]
        yield "all", counted
        if "firstLoad" in chosen:
            yield "repeat", repeats
        if "served" in chosen:
            yield "served", [one for one in counted if one.delivered("served") == "true"]
        if "label" in chosen:
            for label in site.get("labels", []):
                yield f"label:{label}", list(self.labelled(site, counted, label))
                if "firstLoad" in chosen:
                    yield f"label:{label}:repeat", list(self.labelled(site, repeats, label))

    def labelled(
        self, site: dict[str, Any], impressions: list[Impression], label: str
    ) -> Iterator[Impression]:
        """Those of the impressions that have the label."""
        for impression in impressions:
            if impression.dimensions(site, self.marks)["label"] == label:
                yield impression

    def add_population(self, key: dict[str, str | int], members: list[Impression]) -> None:
        """Add one session's impressions in one population, and their squares."""
        n = len(members)
        loads = sum("load" in impression.types for impression in members)
        self.add(key, ("sessions",), 1)
        self.add(key, ("impressions",), n)
        self.add(key, ("impressions_sq",), n * n)
        self.add(key, ("loads",), loads)
        self.add(key, ("loads_sq",), loads * loads)
        self.add(key, ("loads_n",), loads * n)
        for timer in sorted({timer for impression in members for timer in impression.timers}):
            values = [one.timers[timer] for one in members if timer in one.timers]
            m = len(values)
            self.add(key, (timer, "k"), 1)
            self.add(key, (timer, "n"), m)
            self.add(key, (timer, "nn"), m * m)
            self.add(key, (timer, "nx"), m * n)
            for point, limit in enumerate(grid_points(timer)):
                s = sum(value <= limit for value in values)
                for place, amount in enumerate((s, s * s, s * m)):
                    self.add(key, (timer, "grid", point, place), amount)

    def add_money(self, key: dict[str, str | int], session: Session) -> None:
        """Add what only the population `all` has."""
        capped = min(session.revenue, session.site["revenue_cap"])
        self.add(key, ("bounces",), len(session.counted) == 1)
        self.add(key, ("conversions",), session.orders > 0)
        self.add(key, ("orders",), session.orders)
        self.add(key, ("revenue",), capped)
        self.add(key, ("revenue_sq",), capped * capped)
        self.add(key, ("seconds",), session.seconds)
        self.add(key, ("seconds_sq",), session.seconds * session.seconds)

    def text(self, clusters: bool = True) -> bytes:
        """The canonical text."""
        lines = []
        for key, measures in self.sums.items():
            document = dict(key)
            if document["kind"] == "cluster" and not clusters:
                continue
            found = _measures(measures)
            if found:
                document["minute"] = _iso(int(document["minute"]))
                lines.append(_canonical(document | found))
        return b"".join(sorted(lines))


def _measures(sums: dict[tuple[str | int, ...], int]) -> dict[str, Any]:
    """Nest the sums that are not zero: plain measures, and one object for each timer."""
    found: dict[str, Any] = {}
    for path, amount in sums.items():
        if amount == 0:
            continue
        name = str(path[0])
        if len(path) == 1:
            found[name] = amount
        elif len(path) == 2:
            found.setdefault(name, {})[path[1]] = amount
        elif path[1] == "cells":
            found.setdefault(name, {}).setdefault("cells", []).append([path[2], amount])
        else:
            grid = found.setdefault(name, {}).setdefault("grid", [[0, 0, 0] for _ in range(16)])
            grid[path[2]][path[3]] = amount
    for timer in found.values():
        if isinstance(timer, dict) and "cells" in timer:
            timer["cells"].sort()
    return found


def _iso(minute: int) -> str:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(minutes=minute)
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def _canonical(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def conserved(text: bytes, lines: Iterable[bytes]) -> bool:
    """Lines = beacons + duplicate.beacon + orphan + fatal lines, once all sessions have ended."""
    accounted = 0
    for document in map(json.loads, text.splitlines()):
        if document["kind"] == "minute":
            accounted += document.get("beacons", 0)
        elif document["kind"] == "issues" and document["issue"] in (
            "malformed", "version", "schema", "site.unknown", "duplicate.beacon", "orphan",
        ):  # fmt: skip
            accounted += document["lines"]
    return accounted == sum(1 for line in lines if line.strip(b" \t\r\n"))
