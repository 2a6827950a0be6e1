"""The collector's process: a configuration enters, HTTP is served until SIGTERM or SIGINT.

A clean stop takes no new requests, answers those it has, and closes the log: whatever was answered
204 is in it, as it is after any crash.
"""

import asyncio
import gc
import resource
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing

import structlog
import uvloop

from bellrock.collector.app import Collector
from bellrock.collector.budgets import budgets_of
from bellrock.collector.clock import JUMP_SECONDS, GuardedClock
from bellrock.collector.commit import Commit, GroupCommit
from bellrock.collector.config import CollectorConfig
from bellrock.collector.crew import Crew, Start
from bellrock.collector.link import Link
from bellrock.collector.listener import Listener
from bellrock.collector.origin import origins_of
from bellrock.collector.remote import RemoteCommit
from bellrock.collector.tracker import load_tracker
from bellrock.errors import ConfigurationError
from bellrock.listening import refuse_taken_address
from bellrock.log.contract import LogWriter
from bellrock.log.open import place_of
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.stamp import last_at

_OPEN_FILES = 65_536  # a connection is an open file, and kept-alive ones are many
_ADDRESS_SECONDS, _LOOK_SECONDS = 10.0, 0.05
_OBJECTS_BEFORE_LOOKING = 50_000

_journal = structlog.get_logger(__name__)


def run(config: CollectorConfig, clock: GuardedClock | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then return. To be called in the main thread of a process.

    `clock` is the system's unless another is given. Raises LogInUse, LogUnavailable or
    ConfigurationError if it cannot start, and ClockJumped if the clock jumps while it serves.
    """
    refuse_taken_address(config.host, config.port)
    admit_many_connections()
    with closing(_open_log(config)) as writer:
        uvloop.run(serve(config, writer, clock or GuardedClock()))


def run_workers(config: CollectorConfig, workers: int, start: Start) -> None:
    """Serve by that many other processes, of which this one writes the log; otherwise as `run`.

    `start` starts a process that calls `run_worker` with a configuration like this and the socket it gets.
    """
    _wait_for_address(config)
    with closing(_open_log(config)) as writer:
        uvloop.run(_write(config, writer, workers, start))


def run_worker(config: CollectorConfig, link: socket.socket) -> None:
    """Serve HTTP for the process at the other end of `link`, until SIGTERM or SIGINT.

    Raises LogUnavailable when that process is gone.
    """
    admit_many_connections()
    uvloop.run(_work(config, link))


async def serve(config: CollectorConfig, writer: LogWriter, clock: GuardedClock) -> None:
    """Serve on a log until SIGTERM or SIGINT; raises ClockJumped, and OSError where it cannot listen."""
    commit = GroupCommit(writer, clock, _continue_from(config, clock), config.commit_window)
    listener = await Listener.open(_collector(config, commit), config.host, config.port)
    _spare_what_stays()
    _journal.info("collector started", host=config.host, port=config.port)
    await _until_stopped(commit, listener.close, _watch(clock), listener.sweep())
    _journal.info("collector stopped")


async def _write(config: CollectorConfig, writer: LogWriter, workers: int, start: Start) -> None:
    clock = GuardedClock()
    # Entries have gathered at the workers; here they wait for the append before them alone.
    commit = GroupCommit(writer, clock, _continue_from(config, clock), window=0)
    crew = Crew(commit, workers, start)
    _spare_what_stays()
    _journal.info("collector started", host=config.host, port=config.port, workers=workers)
    await _until_stopped(commit, crew.close, _watch(clock), crew.run())
    _journal.info("collector stopped")


async def _work(config: CollectorConfig, link: socket.socket) -> None:
    commit = RemoteCommit(await Link.over(link), config.commit_window)
    collector = _collector(config, commit)
    listener = await Listener.open(collector, config.host, config.port, shared=True)
    _spare_what_stays()
    await _until_stopped(commit, listener.close, commit.tell(collector.counts), listener.sweep())


def _collector(config: CollectorConfig, commit: Commit) -> Collector:
    tracker = load_tracker()
    if not tracker:
        _journal.warning("no tracker", reason="t.js has not been built, so /t.js is not served")
    return Collector(
        commit, config.policies, tracker, origins_of(config), budgets_of(config), config.check
    )


async def _until_stopped(
    commit: Commit, close: Callable[..., Awaitable[None]], *parts: Coroutine[None, None, None]
) -> None:
    """Run the parts until a signal or until one fails; stop them in the order of the data.

    `close` ends what entries come from: `at_once` if nothing can be kept any more.
    """
    asked = asyncio.create_task(_asked_to_stop())
    committing = asyncio.create_task(commit.run())
    watching = [asyncio.create_task(part) for part in parts]
    all_parts = {asked, committing, *watching}
    await asyncio.wait(all_parts, return_when=asyncio.FIRST_COMPLETED)
    await close(at_once=committing.done())
    commit.stop()
    for part in (asked, *watching):
        part.cancel()
    await asyncio.wait(all_parts)
    for part in (committing, *watching):
        if not part.cancelled():
            part.result()


async def _asked_to_stop() -> None:
    """Return at SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()


async def _watch(clock: GuardedClock) -> None:
    """Read the clock often enough that slow corrections never add up to a jump."""
    while True:
        await asyncio.sleep(1)
        clock.read()


def _open_log(config: CollectorConfig) -> LogWriter:
    if config.log:
        return place_of(config.log).writer()
    return SqliteLogWriter(config.log_directory, keep_bytes=config.log_keep_bytes)


def _continue_from(config: CollectorConfig, clock: GuardedClock) -> int:
    """Return the time of the last line, which no new line may precede; 0 where others write, too."""
    if config.log:
        return 0
    with closing(SqliteLogReader(config.log_directory)) as reader:
        last = last_at(reader)
    ahead = last / 1000 - clock.read() / 1000
    if ahead > JUMP_SECONDS:
        _journal.warning(
            "log ahead of the clock", seconds=round(ahead), log=str(config.log_directory)
        )
    return last


def _wait_for_address(config: CollectorConfig) -> None:
    """Raise ConfigurationError where others go on listening; workers whose writer has died leave soon."""
    until = time.monotonic() + _ADDRESS_SECONDS
    while True:
        try:
            refuse_taken_address(config.host, config.port)
        except ConfigurationError:
            if time.monotonic() > until:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _spare_what_stays() -> None:
    """Let the garbage collector leave alone what is there, and look less often.

    A request leaves no cycle behind, only a connection does; looking for them was a fifth of the work.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_LOOKING)


def admit_many_connections() -> None:
    """Let this process have as many files open as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
