"""GET /live: what happens now, as server-sent events.

Enters: a site and the engine's progress. Leaves: one `live` event at once, one after each step that
folded something (at most one a second, the newest wins), one when the figures change because time
goes on, and a comment every 15 s otherwise. The stream ends when the server stops or the right to
it does.
"""

import asyncio
import math
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import get
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Stream
from litestar.response.sse import ServerSentEventMessage

from bellrock.api import examples
from bellrock.api.auth import ApiRequest, Credential
from bellrock.api.openapi import Described, Parameter, described
from bellrock.api.services import AS_IT_IS, Services
from bellrock.progress import Step
from bellrock.query.invalid import InvalidRequest
from bellrock.query.now import WINDOW_MINUTES, GroupNow, Now, figures_now
from bellrock.query.selection import visible_site
from bellrock.schema.access import Access


class LiveEvent(msgspec.Struct, frozen=True):
    """The data of one event. `lag_seconds` is how long the newest line waited to be folded.

    `watermark` is the time of that line; `position` the log lines folded so far; groups count what
    began in the last `window_minutes`, `impressions_last_minute` the last whole minute. Over a search
    store, which others write, `lag_seconds` is null, `watermark` the begin of the newest minute of the
    sites that are listened to, and `position` the number of changes that were seen.
    """

    site: str
    now: str
    watermark: str | None
    lag_seconds: float | None
    position: int
    window_minutes: int
    groups: list[GroupNow]
    impressions_last_minute: int


LIVE = Described(
    summary="What happens now",
    description="Server-sent events, each `event: live` with a JSON document as data: one at once,"
    " then one after each step of the engine that folded something, at most one a second; a comment"
    " every 15 s. Bots are left out.",
    answer=LiveEvent,
    answer_example=examples.LIVE,
    media_type="text/event-stream",
    parameters=(Parameter("site", "the key of the site", "shop-a"),),
    problems=(400, 401, 403, 429),
)


def live_handlers(services: Services) -> list[HTTPRouteHandler]:
    """The handler; each event's figures are read in a worker thread."""
    options = described(LIVE) | {AS_IT_IS: True}

    @get("/live", media_type="text/event-stream", sync_to_thread=False, opt=options)
    def live(request: ApiRequest, site: FromQuery[str | None] = None) -> Stream:
        if not site:
            raise InvalidRequest("site", "Name the site: /live?site=KEY.")
        visible_site(request.user, site, services.sites)
        events = _events(services, request.auth, request.user, site)
        # Proxies must pass each event on at once: https://nginx.org/en/docs/http/ngx_http_proxy_module.html
        return Stream(events, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})

    return [live]


async def _events(
    services: Services, credential: Credential, access: Access | None, site: str
) -> AsyncIterator[bytes]:
    progress = services.progress
    with progress.listening(site):
        told, sent = progress.step, None
        while access is not None:
            figures = await sync_to_thread(_figures, services, access, site)
            if (told.position, figures) == sent:
                yield ServerSentEventMessage(data=None, comment="nothing new").encode()
            else:
                sent = told.position, figures
                yield _message(site, services.clock(), told, figures)
            told = await _next_step(services, told)
            if progress.closed:
                return
            access = await sync_to_thread(credential.access, services.accounts)


async def _next_step(services: Services, told: Step) -> Step:
    """The next step that folded something, once the throttle allows; or the same, later."""
    progress, elapsed = services.progress, asyncio.get_running_loop().time
    comment_due = elapsed() + services.rhythm.comment
    # A step later than any is awaited: only closing ends this wait early.
    step = await progress.after(sys.maxsize, services.rhythm.throttle)
    while step.position == told.position and not progress.closed and elapsed() < comment_due:
        step = await progress.after(step.number, comment_due - elapsed())
    return step


def _figures(services: Services, access: Access, site: str) -> Now:
    return figures_now(access, site, math.floor(services.clock() / 60), services.store)


def _message(site: str, now: float, step: Step, figures: Now) -> bytes:
    watermark = None if step.watermark_ms is None else _iso(step.watermark_ms / 1000)
    event = LiveEvent(
        site=site,
        now=_iso(now),
        watermark=watermark,
        lag_seconds=step.lag_seconds,
        position=step.position,
        window_minutes=WINDOW_MINUTES,
        groups=figures.groups,
        impressions_last_minute=figures.impressions_last_minute,
    )
    return ServerSentEventMessage(event="live", data=msgspec.json.encode(event)).encode()


def _iso(seconds: float) -> str:
    time: Any = datetime.fromtimestamp(seconds, UTC)
    return str(time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z")
