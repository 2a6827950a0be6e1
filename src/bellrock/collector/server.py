"""The collector's process: a configuration enters, HTTP is served until SIGTERM or SIGINT.

A clean stop takes no new requests, answers those it has, and closes the log: whatever was answered
204 is in it, as it is after any crash.
"""

import asyncio
import resource
import signal
from contextlib import closing

import structlog
import uvloop

from bellrock.collector.app import Collector
from bellrock.collector.clock import JUMP_SECONDS, GuardedClock
from bellrock.collector.commit import GroupCommit
from bellrock.collector.config import CollectorConfig
from bellrock.collector.listener import Listener
from bellrock.collector.tracker import load_tracker
from bellrock.listening import refuse_taken_address
from bellrock.log.contract import LogWriter
from bellrock.log.open import place_of
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.stamp import last_at

_OPEN_FILES = 65_536  # a connection is an open file, and kept-alive ones are many

_journal = structlog.get_logger(__name__)


def run(config: CollectorConfig, clock: GuardedClock | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then return. To be called in the main thread of a process.

    `clock` is the system's unless another is given. Raises LogInUse, LogUnavailable or
    ConfigurationError if it cannot start, and ClockJumped if the clock jumps while it serves.
    """
    refuse_taken_address(config.host, config.port)
    _admit_many_connections()
    with closing(_open_log(config)) as writer:
        uvloop.run(_serve(config, writer, clock or GuardedClock()))


async def _serve(config: CollectorConfig, writer: LogWriter, clock: GuardedClock) -> None:
    commit = GroupCommit(writer, clock, _continue_from(config, clock), config.commit_window)
    tracker = load_tracker()
    if not tracker:
        _journal.warning("no tracker", reason="t.js has not been built, so /t.js is not served")
    app = Collector(commit, config.policies, tracker, config.country_header)
    listener = await Listener.open(app, config.host, config.port)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    _journal.info("collector started", host=config.host, port=config.port)
    await _until_stopped(stopping, listener, commit, clock)
    _journal.info("collector stopped")


async def _until_stopped(
    stopping: asyncio.Event, listener: Listener, commit: GroupCommit, clock: GuardedClock
) -> None:
    """Run the parts until a signal or until one fails; stop them in the order of the data."""
    asked = asyncio.create_task(stopping.wait())
    committing = asyncio.create_task(commit.run())
    watching = [asyncio.create_task(_watch(clock)), asyncio.create_task(listener.sweep())]
    parts = {asked, committing, *watching}
    await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    await listener.close()
    commit.stop()
    for part in (asked, *watching):
        part.cancel()
    await asyncio.wait(parts)
    for part in (committing, *watching):
        if not part.cancelled():
            part.result()


async def _watch(clock: GuardedClock) -> None:
    """Read the clock often enough that slow corrections never add up to a jump."""
    while True:
        await asyncio.sleep(1)
        clock.read()


def _open_log(config: CollectorConfig) -> LogWriter:
    return place_of(config.log).writer() if config.log else SqliteLogWriter(config.log_directory)


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


def _admit_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
