"""What the visitors of a shop send, with the oddities that make the state of an engine interesting.

Enters: a seed, a rate. Leaves: requests, endlessly, in the order of their time, which is the visitors' own.
Beside the shop's own traffic, of which a share is faulty: beacons that are sent again, at once or in the next
life of their session; orders whose confirmation page is opened again, hours later and in another session;
what is no beacon; and crowds of bots, each with a user agent of its own, some of which come again when it
is marked.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import Any, NamedTuple

import msgspec

from bellrock.simulate.agents import AGENTS
from bellrock.simulate.beacons import token
from bellrock.simulate.visitors import TimedBeacon, Traffic, sessions

MINUTE = 60_000
HOUR = 60 * MINUTE
FAULTY, TWICE, AGAIN, NO_BEACON = 0.03, 0.01, 0.05, 0.01
"""Which part of the shop's own beacons are, or bring about, an oddity."""

CROWD_EVERY = 2 * HOUR
NO_BEACONS = (
    b"not json",
    b'{"v":1,"site":"demo-shop"',
    b"null",
    b'"text"',
    b"17",
    "größer".encode(),
)
"""Each is kept as it is, and none is a beacon."""


class Planned(NamedTuple):
    """A request: when, from whom, and its elements."""

    at: int  # ms from the start
    user_agent: str
    country: str
    elements: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        """One element as it is, several as an array."""
        return self.elements[0] if len(self.elements) == 1 else b"[%b]" % b",".join(self.elements)


def requests(seed: int, sites: Sequence[str], rate: float) -> Iterator[Planned]:
    """The requests to some sites; `rate` is how many beacons there are in a second of the visitors' time."""
    chance, number = Random(f"{seed}/oddities"), count()
    agenda: list[tuple[int, int, Planned]] = []
    next_crowd = 0
    traffic = Traffic(rate=rate, seed=seed, sites=tuple(sites), bad_share=FAULTY)
    for timed in sessions(traffic):
        coming = list(_with_oddities(chance, timed))
        if timed.offset_ms >= next_crowd:
            coming += _crowd(chance, next_crowd, chance.choice(sites))
            next_crowd += CROWD_EVERY
        for planned in coming:
            heapq.heappush(agenda, (planned.at, next(number), planned))
        while agenda and agenda[0][0] <= timed.offset_ms:
            yield heapq.heappop(agenda)[2]


def _with_oddities(chance: Random, timed: TimedBeacon) -> Iterator[Planned]:
    at, agent, country, beacon = timed
    first = msgspec.json.encode(beacon)
    yield Planned(at, agent, country, (first, first) if chance.random() < TWICE else (first,))
    if chance.random() < AGAIN:
        later = chance.choice((0, 1000, 5 * MINUTE, 45 * MINUTE, 5 * HOUR))
        yield Planned(at + later, agent, country, (first,))
    if "order" in beacon:
        for _ in range(chance.randrange(3)):
            yield _confirmed_again(chance, timed)
    if chance.random() < NO_BEACON:
        yield Planned(at, agent, "", (chance.choice(NO_BEACONS),))


def _confirmed_again(chance: Random, timed: TimedBeacon) -> Planned:
    """The page of an order in another session, sent together."""
    at = timed.offset_ms + chance.randrange(40 * MINUTE, 6 * HOUR)
    page = {**timed.beacon, "session": token(chance), "impression": token(chance)}
    navigation = {**page, "seq": 0, "type": "navigation"}
    navigation.pop("order")
    elements = tuple(map(msgspec.json.encode, (navigation, page)))
    return Planned(at, timed.user_agent, timed.country, elements)


def _crowd(chance: Random, at: int, site: str) -> Iterator[Planned]:
    """Enough sessions of navigations alone for a mark; and visits of the same user agent until after it."""
    agent = f"{AGENTS[0].user_agent} Crowd/{chance.getrandbits(32)}"
    for number in range(24):
        session = token(chance)
        pages = [_navigation(chance, site, session) for _ in range(3)]
        yield Planned(at + number * 10_000, agent, "FR", tuple(pages))
    for minutes in (40, 60, 90, 240):
        page = _navigation(chance, site, token(chance))
        yield Planned(at + minutes * MINUTE, agent, "FR", (page,))


def _navigation(chance: Random, site: str, session: str) -> bytes:
    beacon: dict[str, Any] = {"v": 1, "site": site, "session": session, "impression": token(chance)}
    return msgspec.json.encode(beacon | {"seq": 0, "type": "navigation"})
