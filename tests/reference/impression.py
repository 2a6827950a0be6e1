"""A page impression: the state that its beacons leave, and the dimensions that it shows.

In: beacons of one (site, session, impression) with their raised `at`. Out: merged fields.
Always: the order in which the beacons come changes nothing but which of two equal seq is first.
"""

from typing import Any

from reference.agents import browser_of, device_of, is_declared_crawler, system_of
from reference.beacon import OTHER, Beacon
from reference.bots import Marks


class Impression:
    """Merged state. `lowest` and `highest` hold (seq, value) by field."""

    def __init__(self, identifier: str, at: int) -> None:
        self.id = identifier
        self.first = at
        self.last = at
        self.seen: set[int] = set()
        self.types: set[str] = set()
        self.lowest: dict[str, tuple[int, Any]] = {}
        self.highest: dict[str, tuple[int, Any]] = {}
        self.webdriver = False
        self.timers: dict[str, int] = {}
        self.beacons = 0
        self.events = 0
        self.errors = 0
        self.ordered = False
        self.orders: dict[bytes, int] = {}

    def merge(self, beacon: Beacon, at: int) -> None:
        """Fold in a beacon whose seq has not been seen (its order is claimed elsewhere)."""
        self.first = min(self.first, at)
        self.last = max(self.last, at)
        self.seen.add(beacon.seq)
        self.types.add(beacon.type)
        self._keep_lowest(beacon.seq, "page", beacon.page)
        self._keep_lowest(beacon.seq, "test", beacon.test)
        self._keep_lowest(beacon.seq, "agent", beacon.agent)
        self._keep_lowest(beacon.seq, "country", beacon.country)
        self._keep_lowest(beacon.seq, "visitor", beacon.visitor)
        self._keep_lowest(beacon.seq, "mobile", beacon.mobile)
        self._keep_highest(beacon.seq, "delivery", beacon.delivery)
        self.webdriver = self.webdriver or beacon.webdriver
        for timer, micro in beacon.timers.items():
            self.timers[timer] = max(self.timers.get(timer, 0), micro)
        self.beacons += 1
        self.events += beacon.type == "event"
        self.errors += beacon.type == "event" and beacon.event == "error"
        self.ordered = self.ordered or beacon.order is not None

    def _keep_lowest(self, seq: int, field: str, value: Any) -> None:
        if value is not None and (field not in self.lowest or seq < self.lowest[field][0]):
            self.lowest[field] = (seq, value)

    def _keep_highest(self, seq: int, field: str, value: Any) -> None:
        if value is not None and (field not in self.highest or seq > self.highest[field][0]):
            self.highest[field] = (seq, value)

    def value(self, field: str) -> Any:
        """The merged value of a whole field, None where no line had one."""
        for kept in (self.lowest, self.highest):
            if field in kept:
                return kept[field][1]
        return None

    @property
    def counts(self) -> bool:
        """Whether it is a page impression yet; until then it contributes nothing."""
        return "navigation" in self.types or "load" in self.types or self.ordered

    @property
    def minute(self) -> int:
        """The minute of its first beacon."""
        return self.first // 60_000

    def has_visitor_flag(self, flag: str) -> bool:
        """Whether its visitor group says `flag`."""
        return (self.value("visitor") or {}).get(flag) is True

    def delivered(self, flag: str) -> str:
        """`true`, `false` or empty."""
        value = (self.value("delivery") or {}).get(flag)
        return {True: "true", False: "false", None: ""}[value]

    def dimensions(self, site: dict[str, Any], marks: Marks) -> dict[str, str]:
        """Test, group, browser, device, bot, and every other dimension, chosen or not."""
        agent = self.value("agent")
        page = self.value("page") or {}
        test, group = self.value("test") or ("", "")
        return {
            "test": test,
            "group": group,
            "browser": browser_of(agent),
            "device": device_of(agent, self.value("mobile")),
            "bot": self._bot(site["key"], marks),
            "country": self.value("country") or "",
            "os": system_of(agent),
            "label": _declared(page.get("label"), site.get("labels", [])),
            "release": _declared(page.get("release"), site.get("releases", [])),
            "navigation": page.get("navigation") or "",
            "firstLoad": self.delivered("firstLoad"),
            "served": self.delivered("served"),
            "cacheHit": self.delivered("cacheHit"),
        }

    def _bot(self, site: str, marks: Marks) -> str:
        agent = self.value("agent")
        if is_declared_crawler(agent):
            return "declared"
        if self.webdriver:
            return "webdriver"
        since = marks.since.get((site, agent))
        if since is not None and self.first >= since * 60_000:
            return "behaviour"
        return ""


def _declared(value: str | None, names: list[str]) -> str:
    if value is None:
        return ""
    return value if value in names else OTHER
