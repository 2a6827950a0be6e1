"""Visitors of a collector that comes and goes, who remember what they sent and what was acknowledged.

Enters: planned requests. Leaves: counts of elements by name. What got no answer is sent again, as the tracker
does: so what was kept without an answer is kept twice. What was due while nobody was sending is left out.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from bellrock.config import Address
from bellrock.simulate.posting import Poster
from end_to_end.oddities import Planned
from end_to_end.processes import SPEED

COUNTRY_HEADER = "X-Country"
_TRIES = 3
_AGAIN_AFTER, _ANSWER_WITHIN, _MISSED, _TICK = 0.2, 10.0, 0.5, 0.002  # seconds


def name(user_agent: str, country: str, element: bytes) -> bytes:
    """What tells an element from others: all that its log line says but the time."""
    return b"\n".join((user_agent.encode(), country.encode(), element))


class Visitors:
    """All visitors together; their time runs `speed` times as fast as the clock, from `began` on."""

    def __init__(
        self, address: Address, planned: Iterator[Planned], began: float, speed: int = SPEED
    ) -> None:
        """Nothing is sent yet."""
        self.sent, self.acknowledged = Counter[bytes](), Counter[bytes]()
        self.refused = Counter[int]()
        self._address, self._planned, self._began = address, planned, began
        self._speed = speed
        self._poster: Poster | None = None
        self._open = 0

    async def send(self, stop: asyncio.Event) -> None:
        """Send what is due until `stop` is set; returns when nothing is on its way any more."""
        poster = Poster(*self._address, connections=64, answer_within=_ANSWER_WITHIN)
        self._poster = poster
        try:
            while not stop.is_set():
                planned = next(self._planned)
                ahead = self._began + planned.at / 1000 / self._speed - time.time()
                await asyncio.sleep(max(ahead, _TICK) if ahead > 0 else 0)
                if ahead > -_MISSED:
                    self._send(poster, planned)
        finally:
            self._poster = None
            poster.close()
            while self._open:
                await asyncio.sleep(0)

    def _send(self, poster: Poster, planned: Planned, tries: int = _TRIES) -> None:
        agent, country, elements = planned.user_agent, planned.country, planned.elements
        names = [name(agent, country, element) for element in elements]
        self.sent.update(names)
        self._open += 1
        poster.send(self._request(planned), partial(self._done, poster, planned, names, tries))

    def _done(
        self,
        poster: Poster,
        planned: Planned,
        names: Sequence[bytes],
        tries: int,
        outcome: int | str,
    ) -> None:
        self._open -= 1
        if outcome == 204:
            self.acknowledged.update(names)
        elif isinstance(outcome, int):
            self.refused[outcome] += 1
        elif tries > 1:
            loop = asyncio.get_running_loop()
            loop.call_later(_AGAIN_AFTER, self._send_again, poster, planned, tries - 1)

    def _send_again(self, poster: Poster, planned: Planned, tries: int) -> None:
        if poster is self._poster:
            self._send(poster, planned, tries)

    def _request(self, planned: Planned) -> bytes:
        host, port = self._address
        body = planned.body
        lines = [
            "POST /b HTTP/1.1",
            f"Host: {host}:{port}",
            f"User-Agent: {planned.user_agent}",
            *([f"{COUNTRY_HEADER}: {planned.country}"] if planned.country else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body
