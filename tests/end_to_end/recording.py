"""A recorded log of two shops with oddities, as one collector would have appended it.

Enters: a seed, how many requests. Leaves: lines in the log's order, and the sites they are of.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

import msgspec

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


def without_races(
    lines: Iterable[bytes], place: Callable[[bytes], object], minutes: int = 1
) -> Iterator[bytes]:
    """Leave out the beacons of an order that was in another place so many minutes ago or less.

    Of two places that are folded side by side either may own such an order.
    """
    seen: dict[bytes, list[tuple[int, object]]] = {}
    for line in lines:
        if order := ORDER.search(line):
            minute, here = at_of(line) // MINUTE, place(line)
            others = seen.setdefault(order[1], [])
            if any(there != here and minute - then < minutes for then, there in others):
                continue
            others.append((minute, here))
        yield line
