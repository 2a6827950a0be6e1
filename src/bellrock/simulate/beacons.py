"""What one page impression sends: its beacons as `beacon.md` has them, without those lost on the way.

Enters: a `Visit` (what all pages of a session share) and one `Step` of it. Leaves: pairs of the time of
arrival (ms from the start of the page) and the beacon. Always holds: as the tracker's own, a beacon
stands alone: page, test, delivery and browser are in each; `seq` counts in the order of sending, lost
beacons included; a visitor who leaves before a page has loaded sends no load beacon.
"""

import base64
import math
from random import Random

import msgspec

from bellrock.simulate.agents import Agent
from bellrock.simulate.catalogue import CURRENCY
from bellrock.simulate.journey import Step
from bellrock.simulate.places import Place
from bellrock.simulate.timings import Delivered, Pace, timers

Beacon = dict[str, object]

_EVENTS = ("scroll", "click", "add-to-cart", "search", "filter", "zoom", "error")
_EVENT_WEIGHTS = (46, 27, 8, 5, 7, 6, 1)
_EVENTS_A_PAGE = 2.53
_ERRORS = ("TypeError: x is undefined", "ResizeObserver loop", "Script error.", "ChunkLoadError")
_NOT_CACHED = frozenset({"cart", "confirmation"})
_CACHED = 0.86  # of the repeat pages that may come from the cache
_LOST = {"navigation": 0.005, "load": 0.02, "vitals": 0.04, "event": 0.01, "order": 0.004}
_LOST_VITALS_WEBKIT = 0.11  # not every version fires pagehide when an app is switched
_HIDDEN_BETWEEN = 0.22  # a tab is left and comes back
_LATENCY_MS = 35.0
_ERROR_CHARACTERS = 60


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What all pages of one session share."""

    site: str
    session: str
    agent: Agent
    place: Place
    pace: Pace
    test: str
    group: str
    rb: int
    new_today: bool
    new_this_month: bool


class _Sent(msgspec.Struct, frozen=True):
    """A beacon's stage, when it was sent (ms from the start of the page) and what it says."""

    type: str
    at: float
    body: dict[str, object]


def token(rng: Random) -> str:
    """A session or impression id as the tracker makes it: 128 random bits, base64url."""
    return base64.urlsafe_b64encode(rng.randbytes(16)).rstrip(b"=").decode()


def page_beacons(rng: Random, visit: Visit, step: Step, *, first: bool) -> list[tuple[int, Beacon]]:
    """The beacons of one page that reach the collector; `first` is true for a session's first page."""
    first_load = first and visit.new_this_month
    delivered = _delivered(rng, visit, step, first_load=first_load)
    times = timers(rng, visit.agent, visit.pace, step.label, delivered)
    context = _context(visit, step, delivered, first_load=first_load)
    visitor = _visitor(visit, first=first)
    sent = sorted(_sent(rng, visit, step, times), key=lambda one: one.at)
    impression = token(rng)
    arrived = []
    for seq, one in enumerate(sent[:64]):
        if rng.random() < _loss(visit, one.type):
            continue
        beacon: Beacon = {
            "v": 1,
            "site": visit.site,
            "session": visit.session,
            "impression": impression,
            "seq": seq,
            "type": one.type,
            **context,
            **(visitor if one.type == "navigation" else {}),
            **one.body,
            "transport": _transport(rng, visit.agent, one.type),
            "sentAt": round(one.at, 1),
        }
        latency = _LATENCY_MS * visit.place.distance * math.exp(rng.gauss(0, 0.6))
        arrived.append((int(one.at + latency), beacon))
    return arrived


def _delivered(rng: Random, visit: Visit, step: Step, *, first_load: bool) -> Delivered:
    if step.navigation == "back-forward-cache":
        return "restored"
    if visit.group != "B" or first_load or visit.agent.crawler:
        return "origin"
    if step.label in _NOT_CACHED:
        return "worker"
    return "cache" if rng.random() < _CACHED else "worker"


def _context(
    visit: Visit, step: Step, delivered: Delivered, *, first_load: bool
) -> dict[str, object]:
    served = delivered in {"worker", "cache"} or (delivered == "restored" and visit.group == "B")
    hints: dict[str, object] = {
        "webdriver": visit.agent.webdriver,
        "width": visit.agent.widths[visit.rb % len(visit.agent.widths)],
    }
    if visit.agent.engine == "blink":
        hints |= {"mobile": visit.agent.mobile, "platform": visit.agent.platform}
    return {
        "page": {
            "url": f"https://{visit.site}.example{step.path}",
            "label": step.label,
            "navigation": step.navigation,
        },
        "test": {"name": visit.test, "group": visit.group, "rb": visit.rb},
        "delivery": {
            "enabled": visit.group == "B",
            "served": served,
            "cacheHit": delivered == "cache",
            "firstLoad": first_load,
            "swSupported": not visit.agent.crawler,
        },
        "browser": hints,
    }


def _visitor(visit: Visit, *, first: bool) -> dict[str, object]:
    return {
        "visitor": {
            "newToday": first and visit.new_today,
            "newThisMonth": first and visit.new_this_month,
        }
    }


def _sent(rng: Random, visit: Visit, step: Step, times: dict[str, float]) -> list[_Sent]:
    started = times.get("dcl", times["fcp"])
    if step.dwell < started:
        return [_Sent("navigation", step.dwell, {"timers": {"ttfb": times["ttfb"]}})]
    loaded = times.get("load", started) + 5
    restored = "load" not in times  # the tracker sends no load beacon then
    sent = [_Sent("navigation", started, {"timers": {"ttfb": times["ttfb"]}})]
    sent += _orders(step, started)
    if loaded <= step.dwell:
        if not restored:
            sent.append(_Sent("load", loaded, {"timers": _only(times, "ttfb fcp hero dcl load")}))
        sent += _events(rng, visit, loaded, step.dwell)
        if rng.random() < _HIDDEN_BETWEEN:
            hidden = rng.uniform(loaded, step.dwell)
            known = {name: value for name, value in times.items() if name != "inp"}
            sent.append(_Sent("vitals", hidden, {"timers": known}))
    known = {name: value for name, value in times.items() if name == "cls" or value <= step.dwell}
    sent.append(_Sent("vitals", step.dwell, {"timers": known}))
    return sent


def _orders(step: Step, started: float) -> list[_Sent]:
    if step.order is None:
        return []
    order = {
        "id": step.order.key,
        "value": step.order.cents / 100,
        "currency": CURRENCY,
        "items": step.order.items,
    }
    return [_Sent("order", started + 1, {"order": order})]


def _events(rng: Random, visit: Visit, start: float, end: float) -> list[_Sent]:
    if visit.agent.crawler:
        return []
    names = rng.choices(_EVENTS, _EVENT_WEIGHTS, k=_poisson(rng, _EVENTS_A_PAGE))
    return [_Sent("event", rng.uniform(start, end), {"event": _event(rng, name)}) for name in names]


def _event(rng: Random, name: str) -> dict[str, object]:
    if name == "error":
        message = rng.choice(_ERRORS)[:_ERROR_CHARACTERS]
        return {"name": name, "props": {"message": message}}
    if name == "scroll":
        return {"name": name, "value": rng.choice((25, 50, 75, 100))}
    return {"name": name}


def _loss(visit: Visit, stage: str) -> float:
    if stage == "vitals" and visit.agent.engine == "webkit":
        return _LOST_VITALS_WEBKIT
    return _LOST[stage]


def _transport(rng: Random, agent: Agent, stage: str) -> str:
    if stage == "vitals" and agent.engine == "blink" and rng.random() < 0.9:
        return "fetchLater"
    return "beacon" if rng.random() < 0.97 else "fetch"


def _only(times: dict[str, float], names: str) -> dict[str, float]:
    return {name: times[name] for name in names.split() if name in times}


def _poisson(rng: Random, mean: float) -> int:
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count += 1
        product *= rng.random()
    return count
