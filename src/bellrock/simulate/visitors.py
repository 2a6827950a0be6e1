"""All visitors together: sessions that arrive by themselves, merged into one stream of beacons in time.

Enters: a `Traffic` specification with its seed. Leaves: `TimedBeacon`s, endlessly, `offset_ms` from 0 and never
decreasing. Always holds: the stream is a function of the specification alone; sessions arrive as a
Poisson process (an open model); an impression is in the stream as a whole or not at all.

Visitors do not all enter at 0: sessions are drawn from `_WARM_UP_MS` before it, and of those the
impressions that begin at or after 0 are kept. Of those that last across 0 some begin later instead,
as many as make the rate right from the first seconds.
"""

import heapq
from bisect import bisect
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from random import Random
from typing import Generic, NamedTuple, TypeVar

import msgspec

from bellrock.simulate.agents import AGENTS
from bellrock.simulate.beacons import Beacon, Visit, page_beacons, token
from bellrock.simulate.catalogue import GROUPS, SITE, TEST
from bellrock.simulate.journey import Step, crawl, journey
from bellrock.simulate.places import PLACES
from bellrock.simulate.spoil import spoil
from bellrock.simulate.timings import pace

BEACONS_PER_SESSION = 20.0
_WARM_UP_MS = 600_000.0
_KEPT_AT_ZERO = 0.5
_NEW_THIS_MONTH = 0.62
_NEW_TODAY_ONLY = 0.26


class TimedBeacon(NamedTuple):
    """A beacon, when it arrives (ms from the start), and what its request says beside it."""

    offset_ms: int
    user_agent: str
    country: str
    beacon: Beacon


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What to simulate. `rate` is in beacons/s on average; `bad_share` of the beacons have a fault.

    The first of `sites` has the most visitors, the n-th 1/n of that (Zipf).
    """

    rate: float
    seed: int
    sites: tuple[str, ...] = (SITE,)
    test: str = TEST
    bad_share: float = 0.0


def sessions(traffic: Traffic) -> Iterator[TimedBeacon]:
    """The endless stream of beacons of all sessions, in the order of arrival."""
    arrivals = Random(f"{traffic.seed}/arrivals")
    sites = _Choice(traffic.sites, [1 / rank for rank in range(1, len(traffic.sites) + 1)])
    agenda = _Agenda()
    start = -_WARM_UP_MS
    for index in count():
        start += arrivals.expovariate(traffic.rate / BEACONS_PER_SESSION) * 1000
        yield from agenda.until(start)
        rng = Random(f"{traffic.seed}/{index}")
        agenda.expect(_Visitor(rng, traffic, sites.draw(rng), start))


class _Agenda:
    """What comes next: beacons on their way, and visitors who will open a page."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, TimedBeacon | _Visitor]] = []
        self._order = count()

    def expect(self, visitor: "_Visitor") -> None:
        """Note when the visitor opens the next page, if there is one."""
        if visitor.pages:
            self._push(visitor.next_at, visitor)

    def until(self, time: float) -> Iterator[TimedBeacon]:
        """Everything before `time`; pages are drawn no sooner than they are opened."""
        while self._heap and self._heap[0][0] < time:
            _, _, one = heapq.heappop(self._heap)
            if isinstance(one, TimedBeacon):
                yield one
                continue
            for beacon in one.open_page():
                self._push(beacon.offset_ms, beacon)
            self.expect(one)

    def _push(self, at: int, one: "TimedBeacon | _Visitor") -> None:
        heapq.heappush(self._heap, (at, next(self._order), one))


class _Visitor:
    """One session: its pages that are still to come, earliest first."""

    def __init__(self, rng: Random, traffic: Traffic, site: str, start: float) -> None:
        agent, place, group = _AGENTS.draw(rng), _PLACES.draw(rng), _GROUPS.draw(rng)
        steps = crawl(rng) if agent.crawler else journey(rng, group)
        seen = [(_from_zero(rng, step, start), step.starts == 0) for step in steps]
        self.pages = deque((step, first) for step, first in seen if step is not None)
        if not self.pages:
            return
        age = rng.random()
        self._rng, self._start, self._bad_share = rng, start, traffic.bad_share
        self._visit = Visit(
            site=site,
            session=token(rng),
            agent=agent,
            place=place,
            pace=pace(rng, agent, place),
            test=traffic.test,
            group=group,
            rb=rng.randrange(64),
            new_this_month=age < _NEW_THIS_MONTH,
            new_today=age < _NEW_THIS_MONTH + _NEW_TODAY_ONLY,
        )

    @property
    def next_at(self) -> int:
        """When the next page is opened; there must be one."""
        return int(self._start + self.pages[0][0].starts)

    def open_page(self) -> Iterator[TimedBeacon]:
        """The beacons of the next page."""
        rng, visit, at = self._rng, self._visit, self.next_at
        step, first = self.pages.popleft()
        for after, beacon in page_beacons(rng, visit, step, first=first):
            sent = spoil(rng, beacon) if rng.random() < self._bad_share else beacon
            yield TimedBeacon(at + after, visit.agent.user_agent, visit.place.country, sent)


def _from_zero(rng: Random, step: Step, start: float) -> Step | None:
    """The step, a later and shorter one if it is being looked at when the stream begins, or nothing."""
    begins, left = start + step.starts, start + step.starts + step.dwell
    if begins >= 0:
        return step
    if left <= 0 or rng.random() >= _KEPT_AT_ZERO:
        return None
    moved = rng.random() * left / 2
    return msgspec.structs.replace(step, starts=int(moved - start) + 1, dwell=int(left - moved))


T = TypeVar("T")


class _Choice(Generic[T]):
    """A weighted choice among a few, by one look-up."""

    def __init__(self, values: Sequence[T], shares: Sequence[float]) -> None:
        self._values = tuple(values)
        self._steps = list(accumulate(shares))

    def draw(self, rng: Random) -> T:
        return self._values[bisect(self._steps, rng.random() * self._steps[-1])]


_AGENTS = _Choice(AGENTS, [agent.share for agent in AGENTS])
_PLACES = _Choice(PLACES, [place.share for place in PLACES])
_GROUPS = _Choice(tuple(GROUPS), tuple(GROUPS.values()))
