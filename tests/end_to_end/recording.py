"""A recorded log of two shops with oddities, as one collector would have appended it.

Enters: a seed, how many requests. Leaves: lines in the log's order, and the sites they are of.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

import msgspec

from bellrock.log.blocks import shard_of
from bellrock.sites import Sites, parse_sites
from end_to_end.installation import SITES
from end_to_end.oddities import MINUTE, Planned, requests

START = 1_795_474_800_000
GATHERED_MS = 200  # a collector stamps what it gathered in this time with one time
ORDER = re.compile(rb'"order":\{"id":"([^"]+)"')


class Recorded(NamedTuple):
    sites: Sites
    lines: list[bytes]

    def appends(self) -> Iterator[list[bytes]]:
        """As one collector appends: lines of one time together."""
        for _, lines in groupby(self.lines, key=at_of):
            yield list(lines)


def at_of(line: bytes) -> int:
    return int(line[len(b'{"at":') : line.index(b",")])


def record(seed: int, count: int) -> Recorded:
    """So many requests; 5,000 are three hours and a half, with crowds of bots that are marked."""
    planned = islice(requests(seed, ["demo-shop", "kiosk"], rate=0.4), count)
    lines = [line for request in planned for line in _lines(request)]
    return Recorded(parse_sites(SITES, "sites"), lines)


def _lines(request: Planned) -> Iterator[bytes]:
    agent = msgspec.json.encode(request.user_agent)
    at = START + request.at // GATHERED_MS * GATHERED_MS
    head = b'{"at":%d,"ua":%b,"country":"%b"' % (at, agent, request.country.encode() or b"DE")
    for element in request.elements:
        is_beacon = element.startswith(b'{"v":1') and element.endswith(b"}")
        kind, said = ("beacon", element) if is_beacon else ("raw", _text(element))
        yield head + b',"%b":%b}' % (kind.encode(), said)


def _text(element: bytes) -> bytes:
    return msgspec.json.encode(element.decode())


class Orders:
    """Orders, where they were and when; of two places that are folded side by side either may own one."""

    def __init__(self, minutes: int) -> None:
        """Two places race for an order that comes to both within so many minutes."""
        self._minutes = minutes
        self._seen: dict[bytes, list[tuple[int, object]]] = {}

    def races(self, line: bytes, here: object) -> bool:
        """Whether the order of a line, if it has one, races with one of another place; else it is noted."""
        order = ORDER.search(line)
        if not order:
            return False
        minute = at_of(line) // MINUTE
        others = self._seen.setdefault(order[1], [])
        if any(there != here and minute - then < self._minutes for then, there in others):
            return True
        others.append((minute, here))
        return False


def without_races(
    lines: Iterable[bytes], place: Callable[[bytes], object], minutes: int = 1
) -> Iterator[bytes]:
    """Leave out the beacons of an order that was in another place so many minutes ago or less."""
    orders = Orders(minutes)
    return (line for line in lines if not orders.races(line, place(line)))


def requests_without_races(planned: Iterable[Planned], minutes: int) -> Iterator[Planned]:
    """The same of requests that are to be sent, by shard."""
    orders = Orders(minutes)
    for request in planned:
        if not any(orders.races(line, shard_of(line)) for line in _lines(request)):
            yield request
