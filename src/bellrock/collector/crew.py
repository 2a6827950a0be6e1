"""Workers: processes that speak HTTP for the one that writes the log.

Enters: how to start one. Always holds: there are as many as are wanted, because one that dies is replaced;
what it had handed over is kept all the same, and nobody is told so twice. They end when they are told to,
and when this process does, because each sees the end of its link.
"""

import asyncio
import socket
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import structlog

from bellrock.collector.commit import GroupCommit
from bellrock.collector.counts import Counts, pack, unpack
from bellrock.collector.link import Block, Link, Question, Settled, State, Tally
from bellrock.errors import REFUSED, ConfigurationError, LogUnavailable

_PAUSE_SECONDS = 0.25  # between a death and the next start
_STOP_SECONDS = 12.0  # to answer what has begun, a little more than a listener has for it
_LEAVE_SECONDS = 2.0  # to refuse it

_journal = structlog.get_logger(__name__)

Start = Callable[[socket.socket], BaseProcess]


class Crew:
    """A number of workers."""

    def __init__(self, commit: GroupCommit, size: int, start: Start) -> None:
        """Keep what they hand over by `commit`; `start` starts one with its end of the link."""
        self._commit, self._size, self._start = commit, size, start
        self._counts: dict[Link, Counts] = {}  # of those that live
        self._past = Counts()  # of the others
        self._answering: set[asyncio.Task[None]] = set()
        self._patience = _STOP_SECONDS
        self._stopping, self._stopped = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Have workers until `close`; raises ConfigurationError where one refuses to start."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._size):
                    tasks.create_task(self._have_one())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._stopped.set()

    async def close(self, *, at_once: bool = False) -> None:
        """Let all workers answer what they have begun, and end; `at_once` if they can only refuse it."""
        self._patience = _LEAVE_SECONDS if at_once else _STOP_SECONDS
        self._stopping.set()
        await self._stopped.wait()

    async def _have_one(self) -> None:
        while not self._stopping.is_set():
            process, link = await self._started()
            try:
                await self._until_it_ends(process, link)
            finally:
                process.kill()
                process.join()
                link.close()
                self._past += self._counts.pop(link)
            if process.exitcode == REFUSED:
                raise ConfigurationError("collector", "a worker refused to start", "See above.")
            if not self._stopping.is_set():
                _journal.error("worker died", worker=process.pid, status=process.exitcode)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _started(self) -> tuple[BaseProcess, Link]:
        ours, theirs = socket.socketpair()
        process = self._start(theirs)
        theirs.close()  # only so does each end see that the other is gone
        link = await Link.over(ours)
        self._counts[link] = Counts()
        return process, link

    async def _until_it_ends(self, process: BaseProcess, link: Link) -> None:
        serving = asyncio.create_task(self._serve(link))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.cancel():
            process.terminate()
        left, _ = await asyncio.wait({serving}, timeout=self._patience)
        serving.cancel()
        if left:
            await asyncio.to_thread(process.join, self._patience)

    async def _serve(self, link: Link) -> None:
        """Do what a worker asks, until it is gone."""
        while message := await link.receive():
            if isinstance(message, Block):
                self._keep(link, message)
            elif isinstance(message, Tally):
                self._counts[link] = unpack(message.counts)
            elif isinstance(message, Question):
                answering = asyncio.create_task(self._answer(link, message))
                self._answering.add(answering)
                answering.add_done_callback(self._answering.discard)

    def _keep(self, link: Link, block: Block) -> None:
        def told(error: LogUnavailable | None) -> None:
            link.send(Settled(block.number, None if error is None else str(error)))

        try:
            self._commit.keep(block.entries, told)
        except LogUnavailable as error:
            told(error)

    async def _answer(self, link: Link, question: Question) -> None:
        accepts = await self._commit.accepts_writes()
        link.send(State(question.number, accepts, pack(sum(self._counts.values(), self._past))))
