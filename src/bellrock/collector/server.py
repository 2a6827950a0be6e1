"""The collector's process: a configuration enters, HTTP is served until SIGTERM or SIGINT.

A clean stop takes no new requests, answers those it has, and closes the log: whatever was answered
204 is in it, as it is after any crash.
"""

import asyncio
import signal
from contextlib import closing

import structlog
from granian.server.embed import Server

from bellrock.collector.app import Collector
from bellrock.collector.clock import JUMP_SECONDS, GuardedClock
from bellrock.collector.commit import GroupCommit
from bellrock.collector.config import CollectorConfig
from bellrock.collector.tracker import load_tracker
from bellrock.errors import LogUnavailable
from bellrock.listening import http_server, refuse_taken_address
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.stamp import last_at

_journal = structlog.get_logger(__name__)


def run(config: CollectorConfig, clock: GuardedClock | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then return. To be called in the main thread of a process.

    `clock` is the system's unless another is given. Raises LogInUse, LogUnavailable or
    ConfigurationError if it cannot start, and ClockJumped if the clock jumps while it serves.
    """
    refuse_taken_address(config.host, config.port)
    with closing(SqliteLogWriter(config.log_directory)) as writer:
        asyncio.run(_serve(config, writer, clock or GuardedClock()))


async def _serve(config: CollectorConfig, writer: SqliteLogWriter, clock: GuardedClock) -> None:
    commit = GroupCommit(writer, clock, _continue_from(config, clock), config.commit_window)
    tracker = load_tracker()
    if not tracker:
        _journal.warning("no tracker", reason="t.js has not been built, so /t.js is not served")
    app = Collector(commit, config.policies, tracker, config.country_header)
    server = http_server(app, config.host, config.port, lifespan=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    _journal.info("collector started", host=config.host, port=config.port)
    await _until_stopped(server, commit, clock)
    _journal.info("collector stopped")


async def _until_stopped(server: Server, commit: GroupCommit, clock: GuardedClock) -> None:
    """Run the parts until a signal or until one fails; stop them in the order of the data."""
    serving = asyncio.create_task(server.serve())
    committing = asyncio.create_task(commit.run())
    watching = asyncio.create_task(_watch(clock))
    parts = {serving, committing, watching}
    await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    asked_to_stop = server.interrupt_signal
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving})
    commit.stop()
    watching.cancel()
    await asyncio.wait(parts)
    for part in (committing, watching, serving):
        if not part.cancelled():
            part.result()
    if not asked_to_stop:
        raise LogUnavailable("The HTTP server of the collector ended by itself. Start it again.")


async def _watch(clock: GuardedClock) -> None:
    """Read the clock often enough that slow corrections never add up to a jump."""
    while True:
        await asyncio.sleep(1)
        clock.read()


def _continue_from(config: CollectorConfig, clock: GuardedClock) -> int:
    """Return the time of the last line, which no new line may precede."""
    with closing(SqliteLogReader(config.log_directory)) as reader:
        last = last_at(reader)
    ahead = last / 1000 - clock.read() / 1000
    if ahead > JUMP_SECONDS:
        _journal.warning(
            "log ahead of the clock", seconds=round(ahead), log=str(config.log_directory)
        )
    return last
