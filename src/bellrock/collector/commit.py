"""Group commit: entries of many requests enter, one durable append leaves, and all are answered.

Entries gather for a short window and while the append before them runs. Lines get their time here,
when their group closes, so `at` never decreases. A request is told that its entries are kept only
after the log has them durably.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import structlog

from bellrock.collector.clock import GuardedClock
from bellrock.collector.counts import Counts
from bellrock.errors import LogUnavailable
from bellrock.log.contract import LogWriter
from bellrock.log.stamp import stamp

WAITING_BYTES = 64 * 2**20

_journal = structlog.get_logger(__name__)


Told = Callable[[LogUnavailable | None], None]


class Commit(Protocol):
    """A way into the log: of the process that writes it, or of a worker, by that process."""

    def keep(self, entries: Sequence[bytes], told: Told) -> None:
        """Call `told` when the entries are durable, with None, or will never be, with the reason.

        Raises LogUnavailable, and does not call, if they cannot even wait.
        """

    async def accepts_writes(self) -> bool:
        """Say whether the log takes lines; asks the log itself after an append has failed."""

    async def summed(self, counts: Counts) -> Counts:
        """Return what all have counted who write to the log by the same process; `counts` is of this one."""

    async def run(self) -> None:
        """Commit until `stop`, then refuse all."""

    def stop(self) -> None:
        """Let `run` commit what is waiting and return."""


class _Waiting(NamedTuple):
    entries: Sequence[bytes]
    told: Told


class GroupCommit:
    """The one way into the log, in the process that writes it."""

    def __init__(self, writer: LogWriter, clock: GuardedClock, last_at: int, window: float) -> None:
        """Write to `writer` times not before `last_at`; `window` is in seconds."""
        self._writer, self._clock, self._last_at, self._window = writer, clock, last_at, window
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._group_closes = 0.0
        self._stopping = self._closed = False
        self._healthy = True
        self._thread = ThreadPoolExecutor(1, "log")

    def keep(self, entries: Sequence[bytes], told: Told) -> None:
        """See `Commit`."""
        if self._closed:
            raise LogUnavailable("The collector is stopping.")
        if self._waiting_bytes > WAITING_BYTES:
            raise LogUnavailable("The log is too slow for what arrives: try again later.")
        if not self._waiting:
            self._group_closes = asyncio.get_running_loop().time() + self._window
            self._wake.set()
        self._waiting.append(_Waiting(entries, told))
        self._waiting_bytes += sum(map(len, entries))

    async def accepts_writes(self) -> bool:
        """See `Commit`."""
        if self._closed:
            return False
        if not self._healthy:
            try:
                await self._in_thread(self._writer.probe)
                self._healthy = True
            except LogUnavailable:
                return False
        return True

    async def summed(self, counts: Counts) -> Counts:
        """There are no others."""
        return counts

    async def run(self) -> None:
        """Commit group after group until `stop`; raises ClockJumped. Refuses all when it ends."""
        try:
            while await self._gather():
                group, self._waiting, self._waiting_bytes = self._waiting, [], 0
                await self._commit(group)
        finally:
            self._closed = True
            _settle(self._waiting, LogUnavailable("The collector is stopping."))
            self._thread.shutdown()

    def stop(self) -> None:
        """See `Commit`."""
        self._stopping = True
        self._wake.set()

    async def _gather(self) -> bool:
        """Wait until a group is complete; false if there is none and will be none."""
        if not self._stopping:
            await self._wake.wait()
            await asyncio.sleep(self._group_closes - asyncio.get_running_loop().time())
            self._wake.clear()
        return bool(self._waiting) or not self._stopping

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            self._last_at = max(self._clock.read(), self._last_at)
            lines = stamp((entry for each in group for entry in each.entries), self._last_at)
            await self._in_thread(self._writer.append, lines)
        except LogUnavailable as error:
            if self._healthy:
                _journal.error("log unavailable", reason=str(error))
            self._healthy = False
            _settle(group, error)
        except BaseException as error:
            _settle(group, LogUnavailable(str(error)))
            raise
        else:
            self._healthy = True
            _settle(group, None)

    async def _in_thread(self, call: Callable[..., None], *arguments: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)


def _settle(group: list[_Waiting], error: LogUnavailable | None) -> None:
    for waiting in group:
        waiting.told(error)
