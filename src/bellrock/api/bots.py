"""GET /bots, POST /bots/lift, /bots/everywhere, /bots/restore: marks of user agents, and people's word."""

from http import HTTPStatus
from typing import NamedTuple

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, RawBody

from bellrock.api import examples
from bellrock.api.auth import ApiRequest
from bellrock.api.openapi import Described, Parameter, described
from bellrock.api.problems import Refusal
from bellrock.api.services import Services
from bellrock.errors import Forbidden
from bellrock.marks.book import MarkBook, MarkEntry, State
from bellrock.query.interval import iso_minute
from bellrock.query.request import MarkRequest, decode
from bellrock.query.selection import demand
from bellrock.schema.access import Access


class MarkView(msgspec.Struct, frozen=True):
    """A user agent that behaves like a bot on a site, since when, and why.

    Of the `sessions` that ended in the 24 hours before, `suspicious` ones looked like no reader's. `state` is
    active (on its site), everywhere, or lifted.
    """

    site: str
    agent: str
    since: str
    sessions: int
    suspicious: int
    state: State


class MarkList(msgspec.Struct, frozen=True):
    """Marks by site and user agent."""

    marks: list[MarkView]


MARKS = Described(
    summary="Bots by behaviour",
    description="User agents that were marked because their sessions behave like a bot's, with the"
    " evidence: of one site, or of all sites that the caller may see.",
    answer=MarkList,
    answer_example=examples.MARKS,
    parameters=(Parameter("site", "the key of a site", "shop-a", required=False),),
    problems=(401, 403, 404, 429),
)


class Change(NamedTuple):
    """The state that a change leads to, and how it is described."""

    state: State
    summary: str
    description: str


CHANGES = {
    "lift": Change(
        "lifted",
        "Lift a mark",
        "The user agent is no bot: from the next step on, its page impressions count again. It is never"
        " marked again by itself. What counted before stays as it is. For administrators.",
    ),
    "everywhere": Change(
        "everywhere",
        "Make a mark hold everywhere",
        "The user agent is a bot on every site, from the next step on. For administrators.",
    ),
    "restore": Change(
        "active",
        "Restore a mark",
        "The mark holds on its own site, as when it was made. For administrators.",
    ),
}


def bot_handlers(services: Services) -> list[HTTPRouteHandler]:
    """The handlers; they ask the store, in a worker thread."""

    @get("/bots", sync_to_thread=True, opt=described(MARKS))
    def bots(request: ApiRequest, site: FromQuery[str | None] = None) -> MarkList:
        if site:
            demand(request.user, site)
        found = _book(services).marks()
        return MarkList([_view(mark) for mark in found if _is_asked_for(mark, request.user, site)])

    return [bots, *(_change_handler(services, name) for name in CHANGES)]


def _change_handler(services: Services, name: str) -> HTTPRouteHandler:
    state, summary, description = CHANGES[name]
    options = described(
        Described(
            summary=summary,
            description=description,
            request=MarkRequest,
            request_example=examples.MARK,
            problems=(400, 401, 403, 404, 415, 429),
        )
    )

    @post(f"/bots/{name}", status_code=204, sync_to_thread=True, opt=options)
    def change(request: ApiRequest, body: RawBody) -> None:
        if request.user.role != "admin":
            raise Forbidden("Only administrators decide about bots.")
        asked = decode(MarkRequest, body)
        if not _book(services).set_mark(asked.site, asked.agent, state):
            raise Refusal(
                HTTPStatus.NOT_FOUND,
                f"There is no mark of this user agent on the site {asked.site!r}. GET /api/v1/bots"
                " lists them.",
            )

    return change


def _book(services: Services) -> MarkBook:
    if services.marks is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "This dashboard is not told where the marks of bots are. Set `marks` to their table of DynamoDB.",
        )
    return services.marks


def _is_asked_for(mark: MarkEntry, caller: Access, site: str | None) -> bool:
    return caller.allows(mark.site) and (not site or mark.site == site)


def _view(mark: MarkEntry) -> MarkView:
    return MarkView(
        mark.site, mark.agent, iso_minute(mark.since), mark.sessions, mark.suspicious, mark.state
    )
