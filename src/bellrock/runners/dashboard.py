"""The process of API and dashboard over a search store that others write: nothing is folded here.

Enters: a configuration with a `store`. What always holds: the store is only read; whoever listens to what
happens now hears within `POLL_SECONDS` that something came in; nothing is asked of sites without listeners.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import structlog
from granian.server.embed import Server

from bellrock.accounts import Accounts
from bellrock.api.app import create_app
from bellrock.config import Config
from bellrock.errors import ConfigurationError, StoreUnavailable
from bellrock.listening import http_server, refuse_taken_address, stopping
from bellrock.marks.book import MarkBook
from bellrock.progress import Progress
from bellrock.query.now import WINDOW_MINUTES
from bellrock.sites import load_sites

if TYPE_CHECKING:
    from bellrock.store.search import SearchStore
    from bellrock.store.search.reading import Activity

POLL_SECONDS = 2.0
"""Between two looks for what came in: one small search over the newest minutes."""

_IDLE_SECONDS = 0.2  # between two looks for somebody who listens

_MINUTE_MS = 60_000
_logger = structlog.get_logger(__name__)


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; to be called in the main thread of a process.

    Raises ConfigurationError for bad sites or settings. A store that cannot be reached is no reason to stop:
    who asks is told so.
    """
    sites = load_sites(config.sites_file)
    refuse_taken_address(*config.dashboard_address)
    progress, stop = Progress(knows_lag=False), threading.Event()
    with closing(open_store(config)) as store, Accounts(config.accounts_file) as accounts:
        app = create_app(store, open_marks(config), sites, accounts, progress, time.time)
        server = http_server(app, *config.dashboard_address)
        watching = threading.Thread(
            target=watch, args=(store, progress, stop, time.time), name="watch"
        )
        watching.start()
        try:
            asyncio.run(_serve(server, progress))
        finally:
            stop.set()
            watching.join()


def open_store(config: Config) -> "SearchStore":
    """The store of the setting; raises ConfigurationError."""
    try:
        from bellrock.store.search import open_search_store
    except ImportError as error:
        mend = "Install it: pip install 'bellrock[search]'."
        raise ConfigurationError(
            "the setting store", "needs the package opensearch-py", mend
        ) from error
    return open_search_store(config.store)


def open_marks(config: Config) -> MarkBook | None:
    """The book of marks in the table of DynamoDB that the setting names; none where it names none."""
    if not config.marks:
        return None
    try:
        from bellrock.dynamodb.client import connect
    except ImportError as error:
        mend = "Install it: pip install 'bellrock[aws]'."
        raise ConfigurationError("the setting marks", "needs the package boto3", mend) from error
    from bellrock.marks.dynamodb import DynamoMarkBook

    return DynamoMarkBook(connect(), config.marks)


def watch(
    store: "SearchStore", progress: Progress, stop: threading.Event, clock: Callable[[], float]
) -> None:
    """Tell the progress whenever something came in at sites that are listened to, until `stop`.

    An index that is looked at has to be refreshed, and there are thousands. Of lines and their times the store
    knows nothing: `position` counts the changes that were seen, the watermark is the begin of the newest
    minute, and for how long its lines waited nobody can say.
    """
    seen, changes = None, 0
    while not stop.is_set():
        sites = progress.sites
        found = _look(store, int(clock() // 60) - WINDOW_MINUTES, sites) if sites else None
        if found is not None and found != seen:
            seen = found
            if found.newest is not None:
                changes += 1
                progress.advance(changes, found.newest * _MINUTE_MS, None)
        stop.wait(POLL_SECONDS if sites else _IDLE_SECONDS)


def _look(store: "SearchStore", since: int, sites: Iterable[str]) -> "Activity | None":
    try:
        return store.activity(since, sorted(sites))
    except StoreUnavailable as error:
        _logger.warning("store not read", reason=str(error))
        return None


async def _serve(server: Server, progress: Progress) -> None:
    end = stopping(server, progress.close)
    _logger.info("api started")
    await server.serve()
    end()
    _logger.info("api stopped")
