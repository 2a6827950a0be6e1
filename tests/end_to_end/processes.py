"""The real collector and the real engine as processes to be killed: with small sizes, and a clock that runs fast.

Enters: a configuration, and when its time began. Always holds: whoever is killed was alive, and died of it;
whoever ends by itself is a failure; nobody outlives the process of the test.

The processes are forked from one that has imported everything. Importing takes two seconds, in which nothing
is open that a kill could spoil: so a process that is killed while it starts is opening its files.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from bellrock import process
from bellrock.collector import run as run_collector
from bellrock.collector.clock import GuardedClock
from bellrock.config import Address, Config
from bellrock.journal import configure_journal
from bellrock.runners.embedded import server
from sizes import small_sizes

SPEED = 1200
"""Seconds of the log in a second: a session ends when it was silent for one and a half, or after twelve."""

_DAY = 86_400  # seconds
_BEGIN = 82_800  # of a day: what is left of it is final, and added up, after fifteen seconds
_START_WITHIN = _STOP_WITHIN = 60.0  # seconds
_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(["__main__", process.__name__, server.__name__])


class FastTime(NamedTuple):
    """The time of the log, which goes from 23:00 of the day on; the wall clock showed `began` then.

    Not of a fixed day: a broker of Kafka forgets whose records are a day old (`docs/spec/log.md`).
    """

    began: float
    speed: int = SPEED

    def clock(self) -> GuardedClock:
        """A clock of that time. It is steady by itself: a process that waits for a core must not be a jump."""
        read = [0.0]
        first = self.began // _DAY * _DAY + _BEGIN

        def wall() -> float:
            read[0] = first + (time.time() - self.began) * self.speed
            return read[0]

        return GuardedClock(wall=wall, steady=lambda: read[0])


def _collect(config: Config, fast: FastTime) -> None:
    with patch.object(process, "run_collector", partial(run_collector, clock=fast.clock())):
        process.collect(config)


def _engine(config: Config, _fast: FastTime) -> None:
    server.run(config)


def _serve(serve: Callable[..., None], config: Config, fast: FastTime, output: Path) -> None:
    for descriptor in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure_journal()
    with small_sizes(
        most_lines=100, small_state=20_000, housekeeping_every=0.5, rotate_bytes=400_000
    ):
        serve(config, fast)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class Victim:
    """One of the two, started again and again."""

    def __init__(
        self, serve: Callable[..., None], config: Config, fast: FastTime, address: Address
    ) -> None:
        """Not started yet; `address` is where it will listen."""
        self.name = serve.__name__.strip("_")
        self.output = config.data_directory.with_name(f"{self.name}.txt")
        self._arguments = (serve, config, fast, self.output)
        self._address = address
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start it, without waiting until it serves."""
        self._process = _forked.Process(target=_serve, args=self._arguments)
        self._process.start()

    def serves(self) -> bool:
        """Whether it listens; before it does, it is starting."""
        with socket.socket() as probe:
            return probe.connect_ex(self._address) == 0

    async def serving(self) -> None:
        """Wait until it serves."""
        end = time.monotonic() + _START_WITHIN
        while not self.serves():
            assert time.monotonic() < end, f"{self.name} does not serve, see {self.output}"
            self._require_alive()
            await asyncio.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL it while it lives; `bury` waits for its end."""
        self._signal(signal.SIGKILL)

    def bury(self) -> None:
        """See that it has died of the kill."""
        self._wait(-signal.SIGKILL)

    def stop(self) -> None:
        """Let it end cleanly."""
        self._signal(signal.SIGTERM)
        self._wait(0)

    def errors(self) -> list[str]:
        """What it wrote down that is neither news nor a warning."""
        written = self.output.read_text().splitlines() if self.output.exists() else []
        usual = ('"level": "info"', '"level": "warning"')
        return [line for line in written if not any(level in line for level in usual)]

    def end(self) -> None:
        """End it if it lives."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self._require_alive(), number)

    def _require_alive(self) -> int:
        assert self._process is not None
        assert self._process.is_alive(), f"{self.name} ended by itself, see {self.output}"
        assert self._process.pid is not None
        return self._process.pid

    def _wait(self, status: int) -> None:
        assert self._process is not None
        self._process.join(_STOP_WITHIN)
        ended = self._process.exitcode
        assert ended == status, f"{self.name} ended with {ended}, see {self.output}"


def warm_up() -> None:
    """Import everything, so that the first start is as quick as the others."""
    first = _forked.Process(target=int)
    first.start()
    first.join()


def victims(config: Config, fast: FastTime) -> tuple[Victim, Victim]:
    """A collector and an engine."""
    return (
        Victim(_collect, config, fast, config.collect_address),
        Victim(_engine, config, fast, config.dashboard_address),
    )
