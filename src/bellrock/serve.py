"""`bellrock serve`: collector and engine as supervised processes; over a search store the dashboard alone.

Enters: a configuration. Always holds: a process that dies is started again, ever more slowly if it keeps
dying; one that refuses its configuration stops everything; SIGTERM to the supervisor stops both cleanly.
Sites that change in their file are taken over while the collector goes on.
"""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress

import aiohttp
import structlog

from bellrock.accounts import Accounts, bootstrap
from bellrock.accounts.bootstrap import ADMINISTRATOR
from bellrock.config import ENVIRONMENT, Config
from bellrock.errors import REFUSED, BellrockError, ConfigurationError
from bellrock.listening import refuse_taken_address
from bellrock.sites import load_sites

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0  # seconds between a death and the next start
_HEALTHY_AFTER = 30.0  # seconds after which a process's deaths are forgotten
_STOP_WITHIN = 20.0  # seconds to flush and stop
_WATCH_EVERY = 1.0
_PRIVATE = ("log", "store")  # URLs that may hold a password
_logger = structlog.get_logger(__name__)


class Supervisor:
    """Keeps `collect` and `engine` running until it is told to stop."""

    def __init__(self, config: Config) -> None:
        """Check what would stop both from starting; raises ConfigurationError."""
        self._config = config
        load_sites(config.sites_file)
        # Who writes a search store collects and folds elsewhere.
        self._servers = {"engine": (config.dashboard_address, "/api/v1/health")}
        if not config.store:
            self._servers["collect"] = (config.collect_address, "/health")
        for address, _ in self._servers.values():
            refuse_taken_address(*address)
        self._stop = asyncio.Event()
        self._refused: str | None = None
        self._running: dict[str, Process] = {}

    def stop(self) -> None:
        """Begin a clean stop; `run` returns when it is done."""
        self._stop.set()

    async def run(self, ready: Callable[[], object]) -> None:
        """Run both until `stop`; `ready` is called once both answer. Raises BellrockError where one refuses."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._servers:
                tasks.create_task(self._keep(name))
            background = [
                tasks.create_task(self._announce(ready)),
                tasks.create_task(self._watch_sites()),
            ]
            await self._stop.wait()
            for task in background:
                task.cancel()
        if self._refused:
            raise BellrockError(f"bellrock {self._refused} refused to start; its message is above.")

    async def _keep(self, name: str) -> None:
        pause = _SHORTEST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            status = await self._run_once(name)
            if self._stop.is_set():
                return
            if status == REFUSED:
                self._refused = name
                self._stop.set()
                return
            if status != 0:
                pause = _SHORTEST_PAUSE if time.monotonic() - began > _HEALTHY_AFTER else pause
                _logger.error("process died", process=name, status=status, again_in_seconds=pause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _run_once(self, name: str) -> int:
        """Run a process until it ends; its exit status."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bellrock",
            name,
            "--supervised",
            *_arguments(self._config),
            stdin=PIPE,
            env={**os.environ, **_variables(self._config)},
            start_new_session=True,  # so that Ctrl-C reaches the supervisor alone
        )
        self._running[name] = process
        ended = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            process.terminate()
            try:
                await asyncio.wait_for(asyncio.shield(ended), _STOP_WITHIN)
            except TimeoutError:
                _logger.error("process killed", process=name, reason="it did not stop in time")
                process.kill()
        return await ended

    async def _announce(self, ready: Callable[[], object]) -> None:
        for address, path in self._servers.values():
            await _answers(f"{address.url}{path}")
        ready()

    async def _watch_sites(self) -> None:
        file = self._config.sites_file
        seen = file.read_bytes()
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            with suppress(OSError):
                if (now := file.read_bytes()) != seen:
                    seen = now
                    self._take_over_sites()

    def _take_over_sites(self) -> None:
        try:
            load_sites(self._config.sites_file)
        except ConfigurationError as error:
            _logger.error("sites not taken over", reason=str(error))
            return
        _logger.info("sites changed", file=str(self._config.sites_file))
        # The engine folds by one configuration from start to end; another one is another start.
        for name, number in (("collect", signal.SIGHUP), ("engine", signal.SIGTERM)):
            with suppress(ProcessLookupError, KeyError):
                self._running[name].send_signal(number)


async def serve(config: Config, ready: Callable[[], object]) -> None:
    """Supervise until SIGTERM or SIGINT."""
    supervisor = Supervisor(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    await supervisor.run(ready)


def first_password(config: Config) -> str | None:
    """Create the administrator where nobody can sign in yet; the password, which nothing else knows."""
    with Accounts(config.accounts_file) as accounts:
        return bootstrap(accounts)


def welcome(config: Config, password: str | None) -> str:
    """What an operator needs to know once everything runs."""
    collector = config.collect_address.url
    lines = [
        f"dashboard  {config.dashboard_address.url}",
        f"store      {config.shown()['store']}"
        if config.store
        else f"collector  {collector}   (tracker: {collector}/t.js)",
        f"data       {config.data_directory}",
        f"sites      {config.sites_file}",
    ]
    if password:
        lines.append(f"sign in    {ADMINISTRATOR}, password {password}   (shown only now; keep it)")
    return "\n".join(lines)


def _arguments(config: Config) -> list[str]:
    """All that is not private: everybody on a machine sees arguments."""
    names = [name for name in config.__struct_fields__ if name not in _PRIVATE]
    return [f"--{name.replace('_', '-')}={getattr(config, name)}" for name in names]


def _variables(config: Config) -> dict[str, str]:
    return {f"{ENVIRONMENT}{name.upper()}": getattr(config, name) for name in _PRIVATE}


async def _answers(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.05)
