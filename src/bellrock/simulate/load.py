"""Live traffic: each simulated beacon one POST, sent when it is due, whether or not others were answered.

Enters: `LoadOptions`. Leaves: a `Report`. Always holds: nothing is sent to another machine; the clock
alone decides when a beacon is sent; it stops by itself after the duration, and waits for the answers.
"""

import asyncio
import secrets
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import msgspec

from bellrock.simulate.catalogue import SITE
from bellrock.simulate.loopback import require_loopback
from bellrock.simulate.posting import Poster
from bellrock.simulate.report import Report, Tally
from bellrock.simulate.visitors import TimedBeacon, Traffic, sessions

_TICK_S = 0.002  # beacons due within one tick leave together
_CONNECTIONS = 512  # those beyond it wait, and their wait is measured
_ANSWER_WITHIN_S = 30.0


class LoadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where. `rate` in beacons/s, `duration` in seconds; without one it goes on and on.

    Without a `seed` the visitors are others each time: an equal seed sends equal beacons, which a
    collector that has them already counts as duplicates.

    `country_header` is the header that the collector trusts for the country. To `acknowledged` the
    name of each beacon answered with 204 is written, one `session impression seq` per line.
    """

    collector: str
    rate: float
    duration: float | None
    seed: int | None = None
    sites: tuple[str, ...] = (SITE,)
    bad_share: float = 0.0
    path: str = "/b"
    country_header: str = "X-Country"
    acknowledged: Path | None = None


async def run(options: LoadOptions) -> Report:
    """Send live traffic; `ConfigurationError` if the collector is not on this machine."""
    require_loopback(options.collector)
    address = urlsplit(options.collector)
    poster = Poster(
        address.hostname or "",
        address.port or 80,
        connections=_CONNECTIONS,
        answer_within=_ANSWER_WITHIN_S,
    )
    sweeping = asyncio.create_task(poster.sweep())
    try:
        with options.acknowledged.open("wb") if options.acknowledged else nullcontext() as names:
            return await _Sender(options, poster, names).run()
    finally:
        sweeping.cancel()
        poster.close()


class _Sender:
    """Sends one stream of beacons and counts what becomes of them."""

    def __init__(self, options: LoadOptions, poster: Poster, names: BinaryIO | None) -> None:
        self._options = options
        self._poster = poster
        self._names = names
        self._encode = msgspec.json.Encoder().encode
        self._heads: dict[tuple[str, str], bytes] = {}
        self._open = 0
        self._all_answered = asyncio.Event()
        self._tally = Tally()

    async def run(self) -> Report:
        beacons = sessions(_traffic(self._options))
        # The first beacon takes longest to draw, which must not count as being late.
        timed = next(beacons)
        start = time.perf_counter()
        while not self._is_over(timed):
            due = start + timed.offset_ms / 1000
            ahead = due - time.perf_counter()
            await asyncio.sleep(max(ahead, _TICK_S) if ahead > 0 else 0)
            self._send(timed, due)
            timed = next(beacons)
        seconds = time.perf_counter() - start
        while self._open:
            self._all_answered.clear()
            await self._all_answered.wait()
        return self._tally.report(seconds)

    def _is_over(self, timed: TimedBeacon) -> bool:
        duration = self._options.duration
        return duration is not None and timed.offset_ms >= duration * 1000

    def _send(self, timed: TimedBeacon, due: float) -> None:
        body = self._encode(timed.beacon)
        head = self._head(timed.user_agent, timed.country)
        self._tally.sent += 1
        self._open += 1
        self._poster.send(
            b"%b%d\r\n\r\n%b" % (head, len(body), body), partial(self._done, timed, due)
        )

    def _done(self, timed: TimedBeacon, due: float, outcome: int | str) -> None:
        self._open -= 1
        if not self._open:
            self._all_answered.set()
        if isinstance(outcome, str):
            self._tally.errors[outcome] += 1
            return
        self._tally.answered(outcome, (time.perf_counter() - due) * 1000)
        if outcome == 204 and self._names is not None:
            named = timed.beacon
            name = f"{named.get('session')} {named.get('impression')} {named.get('seq')}\n"
            self._names.write(name.encode())

    def _head(self, user_agent: str, country: str) -> bytes:
        """The request up to the value of Content-Length, which comes last."""
        found = self._heads.get((user_agent, country))
        if found is None:
            lines = [
                f"POST {self._options.path} HTTP/1.1",
                f"Host: {urlsplit(self._options.collector).netloc}",
                f"User-Agent: {user_agent}",
                "Content-Type: text/plain;charset=UTF-8",
                *([f"{self._options.country_header}: {country}"] if country else []),
                "Content-Length: ",
            ]
            found = self._heads[user_agent, country] = "\r\n".join(lines).encode()
        return found


def _traffic(options: LoadOptions) -> Traffic:
    return Traffic(
        rate=options.rate,
        seed=secrets.randbits(63) if options.seed is None else options.seed,
        sites=options.sites,
        bad_share=options.bad_share,
    )
