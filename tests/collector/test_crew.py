"""Workers that do not do as they should: each case with real processes."""

import asyncio
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

import pytest
from structlog.testing import capture_logs

from bellrock.collector.clock import GuardedClock
from bellrock.collector.commit import GroupCommit
from bellrock.collector.counts import Counts, pack, unpack
from bellrock.collector.crew import Crew
from bellrock.collector.link import Block, Link, Question, Settled, State, Tally
from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.memory import MemoryLog
from collector.test_commit import ENTRY, SlowLog
from collector.wire import until


def crew(*processes: BaseProcess) -> Crew:
    """One worker, and those that replace it."""
    coming = iter(processes)

    def start(_link: socket.socket) -> BaseProcess:
        process = next(coming)
        process.start()
        return process

    return Crew(GroupCommit(MemoryLog(), GuardedClock(), 0, window=0), 1, start)


def that_exits(status: int) -> BaseProcess:
    return get_context("spawn").Process(target=sys.exit, args=(status,))


def that_waits_for_ever(link: socket.socket) -> BaseProcess:
    return get_context("spawn").Process(target=socket.socket.recv, args=(link, 1))


async def speak(log: MemoryLog, story: Callable[[Link], Awaitable[None]]) -> Crew:
    """Let the story be a worker's end of its link, for as long as it lasts."""
    ends: list[socket.socket] = []

    def start(link: socket.socket) -> BaseProcess:
        ends.append(link.dup())
        process = that_waits_for_ever(link)
        process.start()
        return process

    commit = GroupCommit(log, GuardedClock(), 0, window=0)
    crew = Crew(commit, 1, start)
    parts = [asyncio.create_task(commit.run()), asyncio.create_task(crew.run())]
    await until(lambda: ends)
    link = await Link.over(ends[0])
    await story(link)
    link.close()
    await crew.close()
    commit.stop()
    await asyncio.gather(*parts)
    return crew


def test_a_worker_is_told_that_a_block_is_kept_when_the_log_has_it_and_not_before() -> None:
    log = SlowLog()

    async def story(link: Link) -> None:
        link.send(Block(1, [ENTRY] * 3))
        await asyncio.to_thread(log.appending.wait)
        told = asyncio.create_task(link.receive())
        await asyncio.sleep(0.05)
        assert not told.done()
        log.go_on.set()
        assert await told == Settled(1, None)
        assert log.end() == 3
        log.failure = LogUnavailable("the disk is full")
        link.send(Block(2, [ENTRY]))
        assert await link.receive() == Settled(2, "the disk is full")

    asyncio.run(asyncio.wait_for(speak(log, story), 30))
    assert log.end() == 3


def test_what_a_worker_has_handed_over_is_kept_though_it_dies_before_it_is_told() -> None:
    log = MemoryLog()

    async def story(link: Link) -> None:
        link.send(Block(1, [ENTRY] * 3))

    asyncio.run(asyncio.wait_for(speak(log, story), 30))
    assert log.end() == 3


def test_the_counts_of_a_worker_that_died_stay_in_the_sum() -> None:
    counts: list[Counts] = []

    async def story(link: Link) -> None:
        link.send(Tally(pack(Counts(1, 0, Counter({404: 1})))))
        link.send(Tally(pack(Counts(2, 0, Counter({404: 1})))))
        link.send(Question(1))
        state = await link.receive()
        assert isinstance(state, State)
        counts.append(unpack(state.counts))

    crew = asyncio.run(asyncio.wait_for(speak(MemoryLog(), story), 30))
    assert [*counts, crew._past] == [Counts(2, 0, Counter({404: 1}))] * 2


def test_one_that_refuses_its_configuration_stops_them_all() -> None:
    with pytest.raises(ConfigurationError, match="refused to start"):
        asyncio.run(crew(that_exits(2)).run())


def test_one_that_dies_is_replaced_and_the_journal_says_so() -> None:
    with capture_logs() as logs, pytest.raises(ConfigurationError):
        asyncio.run(crew(that_exits(1), that_exits(0), that_exits(2)).run())
    assert [(line["event"], line["status"]) for line in logs] == [
        ("worker died", 1),
        ("worker died", 0),
    ]


def test_one_that_does_nothing_any_more_is_killed_when_all_are_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellrock.collector.crew._STOP_SECONDS", 0.1)
    started: list[BaseProcess] = []

    def start(link: socket.socket) -> BaseProcess:
        started.append(that_waits_for_ever(link))
        started[0].start()
        os.kill(started[0].pid or 0, signal.SIGSTOP)  # which SIGTERM does not end
        return started[0]

    async def story() -> None:
        crew = Crew(GroupCommit(MemoryLog(), GuardedClock(), 0, window=0), 1, start)
        running = asyncio.create_task(crew.run())
        await until(lambda: started)
        await crew.close()
        await running

    asyncio.run(asyncio.wait_for(story(), 20))
    assert not started[0].is_alive()
