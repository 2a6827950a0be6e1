"""The path of one session through the shop: its pages in order, when each starts, how long it is looked at.

Enters: a seeded generator of random numbers, and the group. Leaves: `Step`s. Always holds: the first
step starts at 0; a step starts after the one before it has ended; an order stands on a confirmation
page only. Half of all sessions are bounces, the others have a geometric tail; their mean is 3.57 pages.
"""

import math
from collections.abc import Sequence
from random import Random

import msgspec

from bellrock.simulate.catalogue import PRODUCTS

_BOUNCES = 0.45
_GOES_ON = 0.793  # the chance of one more page, once there are two
_FEWEST_TO_BUY = 5
_MOST = 60
_BUYS = {"A": 0.093, "B": 0.104}  # among sessions long enough to buy: 2.4 % and 2.7 % of all
_RELOADS_CONFIRMATION = 0.05
_DWELL_MS = {
    "home": 14_000,
    "listing": 22_000,
    "product": 32_000,
    "cart": 26_000,
    "confirmation": 18_000,
}
_LONGEST_DWELL_MS = 600_000
_NAVIGATIONS = ("navigate", "back-forward", "back-forward-cache", "reload")
_NAVIGATION_SHARES = (0.89, 0.96, 0.98, 1.0)


class Order(msgspec.Struct, frozen=True):
    """What was bought. `cents` is the whole value in minor units."""

    key: str
    cents: int
    items: int


class Step(msgspec.Struct, frozen=True):
    """One page impression of a session; times in ms from the session's start."""

    label: str
    path: str
    navigation: str
    starts: int
    dwell: int
    order: Order | None = None


def journey(rng: Random, group: str) -> list[Step]:
    """The whole path of one person's session."""
    count = _pages(rng)
    order = None
    if count >= _FEWEST_TO_BUY and rng.random() < _BUYS[group]:
        order = _order(rng)
    stops = _stops(rng, count, order)
    if order and rng.random() < _RELOADS_CONFIRMATION:
        stops.append((*stops[-1][:2], "reload"))
    return _timed(rng, stops, order)


def crawl(rng: Random) -> list[Step]:
    """The path of a crawler: one page, mostly, and gone after a few seconds."""
    product = rng.choice(PRODUCTS)
    stops = [("product", f"/product/{product.key}", "navigate")]
    if rng.random() < 0.2:
        stops.append(("listing", "/listing", "navigate"))
    return [
        Step(label, path, navigation, index * 9_000, 5_000)
        for index, (label, path, navigation) in enumerate(stops)
    ]


def _pages(rng: Random) -> int:
    if rng.random() < _BOUNCES:
        return 1
    more = math.log(1 - rng.random()) / math.log(_GOES_ON)
    return min(2 + int(more), _MOST)


def _order(rng: Random) -> Order:
    items = 1 + (rng.random() < 0.35) + (rng.random() < 0.12)
    cents = sum(rng.choice(PRODUCTS).cents for _ in range(items))
    return Order(f"BR-{rng.getrandbits(48):012X}", cents, items)


def _stops(rng: Random, count: int, order: Order | None) -> list[tuple[str, str, str]]:
    browsing = count - 2 if order else count
    stops = [_stop(rng, "navigate", _label(rng, None))]
    for _ in range(browsing - 1):
        kind = rng.random()
        navigation = _NAVIGATIONS[sum(kind >= share for share in _NAVIGATION_SHARES)]
        if navigation == "reload":
            stops.append((*stops[-1][:2], navigation))
        else:
            stops.append(_stop(rng, navigation, _label(rng, stops[-1][0])))
    if order:
        stops += [("cart", "/cart", "navigate"), ("confirmation", "/confirmation", "navigate")]
    return stops


def _label(rng: Random, before: str | None) -> str:
    chance = rng.random()
    if before is None:
        return "home" if chance < 0.35 else "listing" if chance < 0.55 else "product"
    if before == "listing":
        return "product" if chance < 0.78 else "listing" if chance < 0.95 else "home"
    if before == "product":
        if chance < 0.07:
            return "cart"
        return "product" if chance < 0.45 else "listing" if chance < 0.9 else "home"
    return "listing" if chance < 0.6 else "product"


def _stop(rng: Random, navigation: str, label: str) -> tuple[str, str, str]:
    path = {"home": "/", "product": f"/product/{rng.choice(PRODUCTS).key}"}.get(label, f"/{label}")
    return label, path, navigation


def _timed(rng: Random, stops: Sequence[tuple[str, str, str]], order: Order | None) -> list[Step]:
    steps, now = [], 0
    for label, path, navigation in stops:
        dwell = int(min(_DWELL_MS[label] * math.exp(rng.gauss(0, 0.8)), _LONGEST_DWELL_MS))
        bought = order if label == "confirmation" else None
        steps.append(Step(label, path, navigation, now, dwell, bought))
        now += dwell + 200
    return steps
