"""The app: the API below /api/v1 and the dashboard at the root, to be served by any ASGI server.

Enters: a store's reading side, the marks of bots, the sites, the accounts, the engine's progress and
metrics, a clock. Leaves: the app. What always holds: every response carries the security headers, every
error is a problem document, and all but the public routes demand a known caller.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Router, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from bellrock.accounts import Accounts
from bellrock.api import openapi, problems
from bellrock.api.auth import Authenticate, refuse_cross_site
from bellrock.api.bots import bot_handlers
from bellrock.api.dashboard import BUILD, dashboard_handlers
from bellrock.api.delivery import delivery_handlers
from bellrock.api.limits import Limits
from bellrock.api.live import live_handlers
from bellrock.api.metrics import metrics_handler
from bellrock.api.openapi import Described, described
from bellrock.api.queries import query_handlers
from bellrock.api.services import AS_IT_IS, PREFIX, Rhythm, Services
from bellrock.api.session import session_handlers
from bellrock.api.sites import site_handlers
from bellrock.marks.book import MarkBook
from bellrock.metrics import Metrics
from bellrock.progress import Progress
from bellrock.schema.site import Site
from bellrock.store.contract import StoreReader

MAX_BODY_BYTES = 64 * 1024

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Health(msgspec.Struct, frozen=True):
    """The server answers."""

    status: str


class Document(msgspec.Struct, frozen=True):
    """An OpenAPI 3.1 document."""

    openapi: str


HEALTH = Described(
    summary="Health",
    description="Whether the server answers; for load balancers.",
    answer=Health,
    answer_example={"status": "ok"},
    problems=(),
    public=True,
)
OPENAPI = Described(
    summary="This document",
    description="The OpenAPI document of this API.",
    answer=Document,
    answer_example={"openapi": "3.1.0"},
    problems=(),
    public=True,
)


def create_app(
    store: StoreReader,
    marks: MarkBook | None,
    sites: Mapping[str, Site],
    accounts: Accounts,
    progress: Progress,
    clock: Callable[[], float],
    *,
    limits: Limits | None = None,
    rhythm: Rhythm | None = None,
    metrics: Metrics | None = None,
    dashboard: Path = BUILD,
) -> Litestar:
    """The app. `clock` gives seconds since 1970 UTC; `dashboard` is the folder of its build.

    Without `marks` the routes of bots say that there are none.
    """
    limits = limits or Limits()
    services = Services(
        store,
        marks,
        sites,
        accounts,
        progress,
        clock,
        limits,
        rhythm or Rhythm(),
        metrics or Metrics(),
    )
    api = Router(
        PREFIX,
        route_handlers=[
            *session_handlers(services),
            *site_handlers(services),
            *query_handlers(services),
            *delivery_handlers(services),
            *live_handlers(services),
            *bot_handlers(services),
            health,
            openapi_json,
        ],
    )
    return Litestar(
        route_handlers=[api, metrics_handler(services), *dashboard_handlers(dashboard)],
        # For every route, so that a new one is closed until it says that it is public.
        middleware=[Authenticate(accounts, limits.caller)],
        guards=[refuse_cross_site],
        exception_handlers=problems.HANDLERS,
        before_send=[_secure],
        on_shutdown=[progress.close],
        compression_config=CompressionConfig("gzip", exclude_opt_key=AS_IT_IS),
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )


@get("/health", sync_to_thread=False, opt=described(HEALTH))
def health() -> Health:
    """Whether the server answers."""
    return Health("ok")


@get("/openapi.json", sync_to_thread=False, opt=described(OPENAPI))
def openapi_json(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The OpenAPI document."""
    return openapi.document(request.app)


async def _secure(message: Message, scope: Scope) -> None:
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    if scope["path"].startswith(PREFIX):
        headers.setdefault("Cache-Control", "no-store")
