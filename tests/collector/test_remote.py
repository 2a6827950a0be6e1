"""A worker's commit: who is told what, by what the other process says, and when that is gone."""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bellrock.collector.counts import Counts, pack, unpack
from bellrock.collector.link import Block, Link, Message, Question, Settled, State, Tally
from bellrock.collector.remote import RemoteCommit
from bellrock.errors import LogUnavailable

ENTRY = b',"beacon":{}}'
Story = Callable[[RemoteCommit, Link], Awaitable[None]]


def tell(story: Story, *, gone: bool = False) -> None:
    """Run a worker's commit; the story has the other end of its link, and closes it if it is to be `gone`."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        commit, other = RemoteCommit(await Link.over(ours), window=0.01), await Link.over(theirs)
        running = asyncio.create_task(commit.run())
        await story(commit, other)
        if gone:
            with pytest.raises(LogUnavailable, match="is gone"):
                await running
        else:
            commit.stop()
            await running
        commit.stop()
        other.close()

    asyncio.run(asyncio.wait_for(run(), 10))


async def kept(commit: RemoteCommit, entries: Sequence[bytes] = (ENTRY,)) -> None:
    """Return when the commit says that the entries are kept; raises LogUnavailable if they are not."""
    told: asyncio.Future[LogUnavailable | None] = asyncio.get_running_loop().create_future()
    commit.keep(entries, told.set_result)
    if (error := await told) is not None:
        raise error


async def block(other: Link) -> Block:
    message = await other.receive()
    assert isinstance(message, Block)
    return message


def test_requests_of_one_window_are_one_block_and_told_only_when_it_is_settled() -> None:
    async def story(commit: RemoteCommit, other: Link) -> None:
        waiting = [asyncio.create_task(kept(commit, [ENTRY] * 2)) for _ in range(30)]
        sent = await block(other)
        assert sent.entries == [ENTRY] * 60
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in waiting)
        other.send(Settled(sent.number, None))
        await asyncio.gather(*waiting)

    tell(story)


def test_a_block_that_is_refused_is_refused_to_all_of_its_requests_and_no_others() -> None:
    async def story(commit: RemoteCommit, other: Link) -> None:
        first = asyncio.create_task(kept(commit))
        refused = await block(other)
        second = asyncio.create_task(kept(commit))
        sent = await block(other)
        other.send(Settled(sent.number, None))
        other.send(Settled(refused.number, "the disk is full"))
        await second
        with pytest.raises(LogUnavailable, match="the disk is full"):
            await first

    tell(story)


def test_when_the_other_process_is_gone_whoever_waits_is_told_and_nothing_else_can_be_kept() -> (
    None
):
    async def story(commit: RemoteCommit, other: Link) -> None:
        sent = asyncio.create_task(kept(commit))
        await block(other)
        gathers = asyncio.create_task(kept(commit))
        asks = asyncio.create_task(commit.accepts_writes())
        await asyncio.sleep(0)
        other.close()
        for waiting in (sent, gathers):
            with pytest.raises(LogUnavailable, match="nobody knows"):
                await waiting
        assert not await asks
        assert not await commit.accepts_writes()
        assert await commit.summed(Counts(accepted=2)) == Counts(accepted=2)
        with pytest.raises(LogUnavailable, match="stopping"):
            commit.keep([ENTRY], lambda _: None)

    tell(story, gone=True)


def test_stopping_sends_what_has_gathered() -> None:
    seen: list[Message | None] = []

    async def story(commit: RemoteCommit, other: Link) -> None:
        commit.keep([ENTRY], lambda _: None)
        commit.stop()
        seen.extend([await other.receive(), await other.receive()])

    tell(story)
    assert seen == [Block(1, [ENTRY]), None]


def test_when_more_waits_than_memory_should_hold_entries_are_refused_until_some_are_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellrock.collector.remote.WAITING_BYTES", len(ENTRY))

    async def story(commit: RemoteCommit, other: Link) -> None:
        waiting = [asyncio.create_task(kept(commit)) for _ in range(2)]
        sent = await block(other)
        with pytest.raises(LogUnavailable, match="too slow"):
            commit.keep([ENTRY], lambda _: None)
        other.send(Settled(sent.number, None))
        await asyncio.gather(*waiting)
        commit.keep([ENTRY], lambda _: None)

    tell(story)


def test_the_other_process_says_whether_the_log_takes_lines_and_what_all_have_counted() -> None:
    async def story(commit: RemoteCommit, other: Link) -> None:
        everyone = Counts(accepted=7, rejected=Counter({404: 2}))
        for accepts in (True, False):
            asks = asyncio.create_task(commit.accepts_writes())
            question = await other.receive()
            assert isinstance(question, Question)
            other.send(State(question.number, accepts, pack(everyone)))
            assert await asks == accepts
        asking = asyncio.create_task(commit.summed(Counts(accepted=1)))
        tally, question = await other.receive(), await other.receive()
        assert isinstance(tally, Tally)
        assert unpack(tally.counts) == Counts(accepted=1)
        assert isinstance(question, Question)
        other.send(State(question.number, accepts=True, counts=pack(everyone)))
        assert await asking == everyone

    tell(story)


def test_what_a_worker_has_counted_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bellrock.collector.remote._TELL_SECONDS", 0.001)

    async def story(commit: RemoteCommit, other: Link) -> None:
        counts = Counts()
        telling = asyncio.create_task(commit.tell(counts))
        for accepted in range(3):
            counts.accepted = accepted
            while True:
                message = await other.receive()
                assert isinstance(message, Tally)
                if unpack(message.counts) == counts:
                    break
        telling.cancel()

    tell(story)
