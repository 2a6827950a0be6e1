"""Group commit: who is told what, and when."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import pytest

from bellrock.collector.clock import ClockJumped, GuardedClock
from bellrock.collector.commit import GroupCommit
from bellrock.errors import LogUnavailable
from bellrock.log.memory import MemoryLog

ENTRY = b',"beacon":{}}'


class FaultyLog(MemoryLog):
    """A log that counts its appends and refuses them while it is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.broken, self.appends = False, 0

    def append(self, lines: Sequence[bytes]) -> None:
        self.appends += 1
        self.probe()
        super().append(lines)

    def probe(self) -> None:
        if self.broken:
            raise LogUnavailable("the disk is full")


class Wall:
    """A time of day, set by hand, beside a steady clock that stands still."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.clock = GuardedClock(lambda: self.seconds, lambda: 0.0)


Story = Callable[[GroupCommit], Awaitable[None]]


def tell(log: MemoryLog, story: Story, wall: Wall | None = None, last_at: int = 0) -> None:
    """Run a group commit on `log` for as long as the story lasts."""

    async def run() -> None:
        commit = GroupCommit(log, (wall or Wall()).clock, last_at, window=0.01)
        running = asyncio.create_task(commit.run())
        await story(commit)
        commit.stop()
        await running

    asyncio.run(run())


def times(log: MemoryLog) -> list[int]:
    return [msgspec.json.decode(line)["at"] for line in log.read(0, 1000).lines]


def test_when_keep_returns_the_entries_are_in_the_log() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        await commit.keep([ENTRY, ENTRY])
        assert log.read(0, 9).lines == [b'{"at":1000000,"beacon":{}}'] * 2

    tell(log, story)


def test_requests_of_one_window_share_one_append() -> None:
    log = FaultyLog()

    async def story(commit: GroupCommit) -> None:
        await asyncio.gather(*(commit.keep([ENTRY]) for _ in range(50)))

    tell(log, story)
    assert log.end() == 50
    assert log.appends == 1


def test_stopping_commits_what_is_waiting() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        waiting = asyncio.create_task(commit.keep([ENTRY]))
        await asyncio.sleep(0)
        commit.stop()
        await waiting

    tell(log, story)
    assert log.end() == 1


def test_after_the_end_entries_are_refused() -> None:
    async def run() -> None:
        commit = GroupCommit(MemoryLog(), Wall().clock, 0, window=0.01)
        commit.stop()
        await commit.run()
        with pytest.raises(LogUnavailable, match="stopping"):
            await commit.keep([ENTRY])
        assert not await commit.accepts_writes()

    asyncio.run(run())


def test_time_never_goes_back_whatever_the_clock_does() -> None:
    log, wall = MemoryLog(), Wall()

    async def story(commit: GroupCommit) -> None:
        for seconds in (1000.5, 1000.2, 997.0, 1001.0):
            wall.seconds = seconds
            await commit.keep([ENTRY])

    tell(log, story, wall)
    assert times(log) == [1_000_500, 1_000_500, 1_000_500, 1_001_000]


def test_time_continues_from_the_last_line_of_the_log() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        await commit.keep([ENTRY])

    tell(log, story, last_at=1_234_567)
    assert times(log) == [1_234_567]


def test_everyone_in_a_group_that_the_log_refuses_is_told_and_the_next_group_is_tried() -> None:
    log = FaultyLog()

    async def story(commit: GroupCommit) -> None:
        assert await commit.accepts_writes()
        log.broken = True
        told = await asyncio.gather(
            *(commit.keep([ENTRY]) for _ in range(3)), return_exceptions=True
        )
        assert [str(error) for error in told] == ["the disk is full"] * 3
        assert not await commit.accepts_writes()
        log.broken = False
        assert await commit.accepts_writes()
        await commit.keep([ENTRY])

    tell(log, story)
    assert log.end() == 1


def test_a_request_that_is_cancelled_does_not_disturb_its_group() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        left, stayed = (asyncio.create_task(commit.keep([ENTRY])) for _ in range(2))
        await asyncio.sleep(0)
        left.cancel()
        await stayed
        assert left.cancelled()

    tell(log, story)
    assert log.end() == 2


def test_when_more_waits_than_memory_should_hold_entries_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellrock.collector.commit.WAITING_BYTES", len(ENTRY))
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        first, second, third = (asyncio.create_task(commit.keep([ENTRY])) for _ in range(3))
        await asyncio.gather(first, second)
        with pytest.raises(LogUnavailable, match="too slow"):
            await third
        await commit.keep([ENTRY])

    tell(log, story)
    assert log.end() == 3


def test_a_jump_of_the_clock_writes_nothing_tells_everyone_and_ends_the_commit() -> None:
    log, wall = MemoryLog(), Wall()

    async def story(commit: GroupCommit) -> None:
        wall.seconds += 3600
        with pytest.raises(LogUnavailable, match="jumped by"):
            await commit.keep([ENTRY])
        with pytest.raises(LogUnavailable, match="stopping"):
            await commit.keep([ENTRY])

    with pytest.raises(ClockJumped):
        tell(log, story, wall)
    assert log.end() == 0
