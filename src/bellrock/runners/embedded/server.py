"""The engine's process: the engine on a thread, the API and the dashboard on the event loop beside it.

They share the process because DuckDB opens its file for one process only; queries use cursors of their
own and see whole steps. A failing engine ends the process: its supervisor starts another, which goes on
from the last committed step.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import closing

import structlog
from granian.server.embed import Server

from bellrock.accounts import Accounts
from bellrock.api.app import create_app
from bellrock.config import Config
from bellrock.listening import http_server, refuse_taken_address, stopping
from bellrock.log.contract import PartitionedLog, WholeLogReader
from bellrock.log.open import place_of
from bellrock.log.sqlite import SqliteLogReader
from bellrock.metrics import Metrics
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.garbage import sparing_what_stays
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore

_logger = structlog.get_logger(__name__)


def run(config: Config) -> None:
    """Fold and serve until SIGTERM or SIGINT; to be called in the main thread of a process.

    Raises StoreInUse where another engine has the data directory, ConfigurationError for bad sites.
    """
    sites = load_sites(config.sites_file)
    refuse_taken_address(*config.dashboard_address)
    progress = Progress()
    with (
        closing(DuckDBStore(config.store_file)) as store,
        closing(_open_log(config)) as log,
        Accounts(config.accounts_file) as accounts,
    ):
        metrics = Metrics()
        watch(metrics, store, progress)
        engine = Engine(
            log, store, sites, progress, metrics=metrics, step_seconds=config.step_seconds
        )
        app = create_app(store, store, sites, accounts, progress, time.time, metrics=metrics)
        server = http_server(app, *config.dashboard_address)
        with sparing_what_stays():
            asyncio.run(_serve(server, engine, progress))


def _open_log(config: Config) -> WholeLogReader | PartitionedLog:
    if config.log:
        return place_of(config.log).log()
    return SqliteLogReader(config.log_directory, "engine")


def watch(metrics: Metrics, store: DuckDBStore, progress: Progress) -> None:
    """What is asked of the store and the progress at each look at the metrics."""
    metrics.watch(
        "lag_seconds",
        "how long the newest line waited to be folded",
        lambda: progress.step.lag_seconds or 0.0,
    )
    metrics.watch("store_bytes", "bytes of the store on disk", store.size)
    metrics.watch("fresh_rows", "rows that wait to be settled", lambda: store.fresh_rows)
    metrics.watch("claims", "orders with an owner", lambda: store.count("claims"))
    metrics.watch("marks", "user agents ever marked as bots, by site", lambda: store.count("marks"))


async def _serve(server: Server, engine: Engine, progress: Progress) -> None:
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    end = stopping(server, stop.set, progress.close)
    folding = loop.run_in_executor(
        None, _folding, engine, stop, lambda: loop.call_soon_threadsafe(end)
    )
    _logger.info("engine started", position=engine.position)
    await server.serve()
    end()
    await folding
    _logger.info("engine stopped", position=engine.position)


def _folding(engine: Engine, stop: threading.Event, failed: Callable[[], object]) -> None:
    try:
        engine.run(stop)
    except BaseException:
        failed()
        raise
