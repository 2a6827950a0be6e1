"""Group commit: who is told what, and when."""

import asyncio
import threading
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


class SlowLog(MemoryLog):
    """A log whose appends wait for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.appending, self.go_on = threading.Event(), threading.Event()
        self.sizes: list[int] = []
        self.failure: Exception | None = None

    def append(self, lines: Sequence[bytes]) -> None:
        self.sizes.append(len(lines))
        self.appending.set()
        assert self.go_on.wait(10)
        if self.failure is not None:
            raise self.failure
        super().append(lines)


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


async def kept(commit: GroupCommit, entries: Sequence[bytes] = (ENTRY,)) -> None:
    """Return when the commit says that the entries are kept; raises LogUnavailable if they are not."""
    told: asyncio.Future[LogUnavailable | None] = asyncio.get_running_loop().create_future()
    commit.keep(entries, told.set_result)
    if (error := await told) is not None:
        raise error


def times(log: MemoryLog) -> list[int]:
    return [msgspec.json.decode(line)["at"] for line in log.read(0, 1000).lines]


def test_whoever_is_told_so_has_its_entries_in_the_log() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        await kept(commit, [ENTRY, ENTRY])
        assert log.read(0, 9).lines == [b'{"at":1000000,"beacon":{}}'] * 2

    tell(log, story)


def test_requests_of_one_window_share_one_append() -> None:
    log = FaultyLog()

    async def story(commit: GroupCommit) -> None:
        await asyncio.gather(*(kept(commit) for _ in range(50)))

    tell(log, story)
    assert log.end() == 50
    assert log.appends == 1


def test_stopping_commits_what_is_waiting() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        waiting = asyncio.create_task(kept(commit))
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
            await kept(commit)
        assert not await commit.accepts_writes()

    asyncio.run(run())


def test_time_never_goes_back_whatever_the_clock_does() -> None:
    log, wall = MemoryLog(), Wall()

    async def story(commit: GroupCommit) -> None:
        for seconds in (1000.5, 1000.2, 997.0, 1001.0):
            wall.seconds = seconds
            await kept(commit)

    tell(log, story, wall)
    assert times(log) == [1_000_500, 1_000_500, 1_000_500, 1_001_000]


def test_time_continues_from_the_last_line_of_the_log() -> None:
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        await kept(commit)

    tell(log, story, last_at=1_234_567)
    assert times(log) == [1_234_567]


def test_everyone_in_a_group_that_the_log_refuses_is_told_and_the_next_group_is_tried() -> None:
    log = FaultyLog()

    async def story(commit: GroupCommit) -> None:
        assert await commit.accepts_writes()
        log.broken = True
        told = await asyncio.gather(*(kept(commit) for _ in range(3)), return_exceptions=True)
        assert [str(error) for error in told] == ["the disk is full"] * 3
        assert not await commit.accepts_writes()
        log.broken = False
        assert await commit.accepts_writes()
        await kept(commit)

    tell(log, story)
    assert log.end() == 1


def test_all_are_told_once_in_the_order_in_which_they_came() -> None:
    told: list[tuple[int, LogUnavailable | None]] = []

    async def story(commit: GroupCommit) -> None:
        for number in range(20):
            commit.keep([ENTRY], lambda error, number=number: told.append((number, error)))
            await asyncio.sleep(0.001)

    tell(FaultyLog(), story)
    assert told == [(number, None) for number in range(20)]


def test_what_arrives_while_an_append_runs_shares_the_next_one() -> None:
    log = SlowLog()

    async def story(commit: GroupCommit) -> None:
        first = asyncio.create_task(kept(commit))
        await asyncio.to_thread(log.appending.wait)
        later = [asyncio.create_task(kept(commit)) for _ in range(30)]
        await asyncio.sleep(0.02)
        assert not first.done()
        log.go_on.set()
        await asyncio.gather(first, *later)

    tell(log, story)
    assert log.sizes == [1, 30]


def test_when_more_waits_than_memory_should_hold_entries_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellrock.collector.commit.WAITING_BYTES", len(ENTRY))
    log = MemoryLog()

    async def story(commit: GroupCommit) -> None:
        first, second, third = (asyncio.create_task(kept(commit)) for _ in range(3))
        await asyncio.gather(first, second)
        with pytest.raises(LogUnavailable, match="too slow"):
            await third
        await kept(commit)

    tell(log, story)
    assert log.end() == 3


def test_a_jump_of_the_clock_writes_nothing_tells_everyone_and_ends_the_commit() -> None:
    log, wall = MemoryLog(), Wall()

    async def story(commit: GroupCommit) -> None:
        wall.seconds += 3600
        with pytest.raises(LogUnavailable, match="jumped by"):
            await kept(commit)
        with pytest.raises(LogUnavailable, match="stopping"):
            await kept(commit)

    with pytest.raises(ClockJumped):
        tell(log, story, wall)
    assert log.end() == 0


def test_a_log_that_fails_as_no_log_should_ends_the_commit_and_everyone_is_told() -> None:
    log = SlowLog()
    log.failure = OSError("out of order")

    async def story(commit: GroupCommit) -> None:
        first = asyncio.create_task(kept(commit))
        await asyncio.to_thread(log.appending.wait)
        later = asyncio.create_task(kept(commit))
        await asyncio.sleep(0)
        log.go_on.set()
        with pytest.raises(LogUnavailable, match="out of order"):
            await first
        with pytest.raises(LogUnavailable, match="stopping"):
            await later

    with pytest.raises(OSError, match="out of order"):
        tell(log, story)
