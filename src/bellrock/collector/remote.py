"""The commit of a worker: entries enter, the process that writes the log keeps them, and all are answered.

Always holds: a request is told that its entries are kept only after that process has said so. When it is
gone, whoever waits is told that nobody knows, and nobody else can be told anything.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from bellrock.collector.commit import WAITING_BYTES, Told
from bellrock.collector.counts import Counts, pack, unpack
from bellrock.collector.link import Block, Link, Question, Settled, State, Tally
from bellrock.errors import LogUnavailable

_TELL_SECONDS = 0.5  # what others are told of a worker's counts is no older
_GONE = State(0, accepts=False, counts={})


class _Group(NamedTuple):
    told: list[Told]
    size: int  # bytes


class RemoteCommit:
    """A `Commit` by the process at the other end of a link."""

    def __init__(self, link: Link, window: float) -> None:
        """Entries gather for `window` seconds before they are sent."""
        self._link, self._window = link, window
        self._entries: list[bytes] = []
        self._told: list[Told] = []
        self._size = self._sent_size = 0  # bytes that gather, and that were sent and not settled
        self._sent: dict[int, _Group] = {}
        self._asked: dict[int, asyncio.Future[State]] = {}
        self._number = 0
        self._stopping = self._closed = False

    def keep(self, entries: Sequence[bytes], told: Told) -> None:
        """See `Commit`."""
        if self._closed:
            raise LogUnavailable("The collector is stopping.")
        if self._size + self._sent_size > WAITING_BYTES:
            raise LogUnavailable("The log is too slow for what arrives: try again later.")
        if not self._entries:
            asyncio.get_running_loop().call_later(self._window, self._send)
        self._entries += entries
        self._told.append(told)
        self._size += sum(map(len, entries))

    async def accepts_writes(self) -> bool:
        """See `Commit`."""
        return (await self._ask()).accepts

    async def summed(self, counts: Counts) -> Counts:
        """See `Commit`."""
        # The sum is made in one place: two workers that are asked one after the other never count back.
        self._link.send(Tally(pack(counts)))
        state = await self._ask()
        return counts if state is _GONE else unpack(state.counts)

    async def run(self) -> None:
        """Settle what is answered until `stop`; raises LogUnavailable when the other process is gone."""
        try:
            while message := await self._link.receive():
                if isinstance(message, Settled):
                    self._settle(message)
                elif isinstance(message, State) and (asking := self._asked.pop(message.number)):
                    asking.set_result(message)
        finally:
            self._close()
        if not self._stopping:
            raise LogUnavailable("The process that writes the log is gone.")

    def stop(self) -> None:
        """See `Commit`."""
        self._stopping = True
        self._send()
        self._link.close()

    async def tell(self, counts: Counts) -> None:
        """Tell the other process what this worker has counted, again and again, until cancelled."""
        while True:
            self._link.send(Tally(pack(counts)))
            await asyncio.sleep(_TELL_SECONDS)

    def _send(self) -> None:
        if not self._entries:
            return
        self._number += 1
        self._sent[self._number] = _Group(self._told, self._size)
        self._link.send(Block(self._number, self._entries))
        self._sent_size += self._size
        self._entries, self._told, self._size = [], [], 0

    def _settle(self, settled: Settled) -> None:
        group = self._sent.pop(settled.number)
        self._sent_size -= group.size
        error = None if settled.refused is None else LogUnavailable(settled.refused)
        for told in group.told:
            told(error)

    async def _ask(self) -> State:
        if self._closed:
            return _GONE
        self._number += 1
        asking: asyncio.Future[State] = asyncio.get_running_loop().create_future()
        self._asked[self._number] = asking
        self._link.send(Question(self._number))
        return await asking

    def _close(self) -> None:
        self._closed = True
        self._send()  # so that these are told, too
        for number in list(self._sent):
            self._settle(Settled(number, "The log is away: nobody knows whether it has this."))
        for asking in self._asked.values():
            asking.set_result(_GONE)
        self._asked.clear()
