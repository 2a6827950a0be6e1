"""How fast a page is: log-normal timers that the pages of one session share an effect of.

Enters: who visits, from where, which page, and what delivered it. Leaves: the timers of `beacon.md` in
ms (CLS unitless). Always holds: 0 <= ttfb <= fcp <= lcp and fcp <= dcl <= load, all below 120 s.
"""

import math
from random import Random
from typing import Literal

import msgspec

from bellrock.simulate.agents import Agent
from bellrock.simulate.places import Place

Delivered = Literal["origin", "worker", "cache", "restored"]

_SERVER_MS = {"home": 380, "listing": 520, "product": 440, "cart": 360, "confirmation": 430}
_PAINT_MS = 330  # from the first byte to the first paint
_HERO_MS = {"home": 760, "listing": 420, "product": 640, "cart": 160, "confirmation": 140}
_REST_MS = 450  # from the last of paint and hero to the load event
_SESSION_SPREAD = 0.38
_PAGE_SPREAD = 0.28
_PART_SPREAD = 0.35
_LONGEST_MS = 120_000.0
# How much of each part is left: the server's time, the paint, the hero, the rest.
_LEFT = {
    "origin": (1.0, 1.0, 1.0, 1.0),
    "worker": (1.04, 0.75, 0.6, 0.7),
    "cache": (0.07, 0.62, 0.35, 0.6),
}


class Pace(msgspec.Struct, frozen=True):
    """A session's own factors: on what crosses the network, and on what the device does."""

    network: float
    device: float


def pace(rng: Random, agent: Agent, place: Place) -> Pace:
    """Draw the effect that all pages of one session share."""
    shared = math.exp(rng.gauss(0, _SESSION_SPREAD))
    return Pace(place.distance * shared, agent.slowness * shared)


def timers(
    rng: Random, agent: Agent, pace: Pace, label: str, delivered: Delivered
) -> dict[str, float]:
    """All timers that this page could report, had its visitor stayed long enough."""
    times = _restored(rng) if delivered == "restored" else _loaded(rng, pace, label, delivered)
    if rng.random() < (0.55 if label == "home" else 0.75):
        times["inp"] = _round(95 * pace.device * _spread(rng, 0.7))
    if agent.shifts_known:
        still = rng.random() < 0.4
        times["cls"] = 0.0 if still else round(min(0.04 * _spread(rng, 1.1), 5.0), 4)
    return times


def _loaded(rng: Random, pace: Pace, label: str, delivered: Delivered) -> dict[str, float]:
    server, paint, hero, rest = _LEFT[delivered]
    page = _spread(rng, _PAGE_SPREAD)
    ttfb = _SERVER_MS[label] * server * pace.network * page * _spread(rng, _PART_SPREAD)
    fcp = ttfb + _PAINT_MS * paint * pace.device * page * _spread(rng, _PART_SPREAD)
    lcp = fcp + _HERO_MS[label] * hero * pace.network * page * _spread(rng, _PART_SPREAD)
    dcl = fcp + 120 * pace.device * _spread(rng, _PART_SPREAD)
    load = max(lcp, dcl) + _REST_MS * rest * pace.device * page * _spread(rng, _PART_SPREAD)
    times = {"ttfb": ttfb, "fcp": fcp, "lcp": lcp, "dcl": dcl, "load": load}
    if label in {"home", "product"}:
        times["hero"] = lcp - (lcp - fcp) * 0.05 * rng.random()
    return {name: _round(value) for name, value in times.items()}


def _restored(rng: Random) -> dict[str, float]:
    shown = _round(22 * _spread(rng, 0.5))
    return {"ttfb": 0.0, "fcp": shown, "lcp": shown}


def _spread(rng: Random, sigma: float) -> float:
    return math.exp(rng.gauss(0, sigma))


def _round(value: float) -> float:
    # Browsers report times in steps of 0.1 ms.
    return round(min(value, _LONGEST_MS), 1)
