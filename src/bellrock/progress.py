"""How far an engine has come, told from its thread to any number of listeners on event loops.

Enters: one call after each step, from the engine's thread. Leaves: the newest `Step`, at once or
when it changes. A slow listener sees the newest step and misses the ones between; nobody holds the
engine up.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import msgspec


class Step(msgspec.Struct, frozen=True):
    """A step of the engine. `position`: log lines folded; times in ms since 1970 UTC.

    `watermark_ms` is the newest `at` folded (None before the first line); `at_wall_ms` the wall
    clock when the step was done, None where others fold and only minutes are known; `number` grows
    with every step.
    """

    number: int
    position: int
    watermark_ms: int | None
    at_wall_ms: int | None

    @property
    def lag_seconds(self) -> float | None:
        """How long the newest line had waited when it was folded; 0 before the first, None if not known."""
        if self.at_wall_ms is None:
            return None
        if self.watermark_ms is None:
            return 0.0
        return max(0, self.at_wall_ms - self.watermark_ms) / 1000


class Progress:
    """The newest step, shared between threads. After `close` nobody waits any more."""

    def __init__(self, *, knows_lag: bool = True) -> None:
        """Begin before the first step; without `knows_lag` others fold, and nothing is known of them yet."""
        self._lock = threading.Lock()
        self._step = Step(0, 0, None, 0 if knows_lag else None)
        self._closed = False
        self._wake: set[Callable[[], object]] = set()
        self._listeners: Counter[str] = Counter()

    @property
    def step(self) -> Step:
        """The newest step."""
        return self._step

    @property
    def closed(self) -> bool:
        """Whether the server is stopping, so that streams must end."""
        return self._closed

    @property
    def sites(self) -> frozenset[str]:
        """The sites to which somebody listens now."""
        with self._lock:
            return frozenset(self._listeners)

    @contextmanager
    def listening(self, site: str) -> Iterator[None]:
        """Let it be known for as long as somebody listens to a site; from any thread."""
        with self._lock:
            self._listeners += Counter((site,))
        try:
            yield
        finally:
            with self._lock:
                self._listeners -= Counter((site,))  # and forgets who has none

    def advance(self, position: int, watermark_ms: int | None, at_wall_ms: int | None) -> None:
        """Tell every listener of a step; from any thread."""
        with self._lock:
            self._step = Step(self._step.number + 1, position, watermark_ms, at_wall_ms)
            self._wake_all()

    def close(self) -> None:
        """Let every listener go, now and later; from any thread and a loop's signal handler."""
        with self._lock:
            self._closed = True
            self._wake_all()

    async def after(self, number: int, timeout: float) -> Step:  # noqa: ASYNC109  # it returns then
        """The newest step: once it is later than `number`, or after `timeout` s, or on `close`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._step.number <= number and not self._closed:
                    await self._changed(self._step)
        return self._step

    async def _changed(self, seen: Step) -> None:
        woken = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
        with self._lock:
            if self._closed or self._step is not seen:
                return
            self._wake.add(wake)
        try:
            await woken.wait()
        finally:
            with self._lock:
                self._wake.discard(wake)

    def _wake_all(self) -> None:
        for wake in self._wake:
            # A loop that is closed has no listeners left.
            with suppress(RuntimeError):
                wake()
        self._wake.clear()
