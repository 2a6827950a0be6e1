"""Beacons drawn from the small pools, most of them well formed.

In: a random source. Out: beacons as dicts, before any hostility.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from reference import shops


class Sampler:
    """Draws beacons."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def beacon(self, **fields: Any) -> dict[str, Any]:
        """A beacon with ids from the small pools; `fields` come on top."""
        random = self.random
        beacon: dict[str, Any] = {
            "v": 1,
            "site": random.choice(shops.SITE_KEYS),
            "session": random.choice(shops.SESSIONS),
            "impression": random.choice(shops.IMPRESSIONS),
            "seq": random.choice((0, 0, 1, 1, 2, 3, 4, 5, 63)),
            "type": random.choice(
                ("navigation", "navigation", "load", "vitals", "vitals", "event", "order")
            ),
        }
        return beacon | self.groups() | fields

    def groups(self) -> dict[str, Any]:
        """Some of the optional groups, most of them well formed."""
        random = self.random
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "page": self.page,
            "test": self.test,
            "delivery": self.delivery,
            "timers": self.timers,
            "event": self.event,
            "order": self.order,
            "visitor": lambda: self.flags("newToday", "newThisMonth"),
            "browser": lambda: self.flags("mobile" if random.random() < 0.9 else "webdriver"),
        }
        chances = {"order": 0.08, "event": 0.2, "browser": 0.3, "visitor": 0.3}
        groups = {
            name: maker()
            for name, maker in makers.items()
            if random.random() < chances.get(name, 0.5)
        }
        if random.random() < 0.02:
            groups[random.choice(list(makers))] = {}
        return groups

    def flags(self, *names: str) -> dict[str, bool]:
        """Some booleans."""
        return {name: self.random.random() < 0.5 for name in names if self.random.random() < 0.8}

    def page(self) -> dict[str, Any]:
        """A page group."""
        random = self.random
        page = {
            "url": "https://shop.example/",
            "label": random.choice(shops.LABELS),
            "navigation": random.choice(shops.NAVIGATIONS),
            "release": random.choice(shops.RELEASES),
        }
        return {name: value for name, value in page.items() if random.random() < 0.7}

    def test(self) -> dict[str, Any]:
        """A test group."""
        name, group = self.random.choice(shops.TESTS)
        return {"name": name, "group": group, "rb": self.random.randrange(66)}

    def delivery(self) -> dict[str, bool]:
        """A delivery group."""
        return self.flags("enabled", "served", "cacheHit", "firstLoad", "swSupported")

    def timers(self) -> dict[str, float]:
        """A few timers, many on an edge."""
        random = self.random
        timers: dict[str, float] = {}
        for name in random.sample(shops.TIMERS, random.randrange(5)):
            if name == "cls":
                timers[name] = random.choice(shops.SHIFTS)
            elif random.random() < 0.5:
                timers[name] = random.choice(shops.MILLISECONDS)
            else:
                timers[name] = round(random.lognormvariate(6.5, 1), random.randrange(6))
        return timers

    def event(self) -> dict[str, Any]:
        """An event group."""
        event: dict[str, Any] = {"name": self.random.choice(("error", "error", "scroll", "x" * 65))}
        if self.random.random() < 0.3:
            event["value"] = self.random.choice((1, -2.5, 1e300, 0))
        if self.random.random() < 0.3:
            size = self.random.choice((0, 1, 8, 9))
            event["props"] = {f"name{number}": "value" for number in range(size)}
        return event

    def order(self) -> dict[str, Any]:
        """An order group."""
        random = self.random
        order: dict[str, Any] = {
            "id": random.choice(shops.ORDERS),
            "value": random.choice(shops.VALUES),
            "currency": random.choice(shops.CURRENCIES),
            "items": random.choice((1, 2, 2.5, -1)),
        }
        return {name: value for name, value in order.items() if random.random() < 0.93}
