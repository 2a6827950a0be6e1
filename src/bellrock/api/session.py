"""POST /login and /logout, GET /me."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from bellrock.api.auth import COOKIE, ApiRequest, session_cookie
from bellrock.api.limits import Limits
from bellrock.api.openapi import Described, described
from bellrock.api.problems import Refusal, too_many
from bellrock.api.services import Services
from bellrock.query.request import LoginRequest, decode
from bellrock.schema.access import Role


class Me(msgspec.Struct, frozen=True):
    """The caller: a user, or a token by its note."""

    name: str
    role: Role
    sites: list[str]


LOGIN = Described(
    summary="Sign in",
    description="Begins a session of 14 days, in an HttpOnly cookie. Five attempts at once for a"
    " name and address, then one every 12 s.",
    request=LoginRequest,
    request_example={"name": "admin", "password": "joraro-bubaho-filege-pobonu"},
    problems=(400, 401, 415, 429),
    public=True,
)
LOGOUT = Described(summary="Sign out", description="Ends the session and clears its cookie.")
ME = Described(
    summary="Who am I",
    description="The caller's name and role, and the sites it may see.",
    answer=Me,
    answer_example={"name": "admin", "role": "admin", "sites": ["shop-a"]},
)


def session_handlers(services: Services) -> list[HTTPRouteHandler]:
    """The handlers; passwords are verified in a worker thread."""

    @post("/login", status_code=204, sync_to_thread=True, opt=described(LOGIN))
    def login(request: Request[Any, Any, Any], body: RawBody) -> Response[None]:
        asked = decode(LoginRequest, body)
        address = request.client.host if request.client else ""
        attempt = (asked.name, address)
        _within_limits(services.limits, attempt)
        session_id = services.accounts.sign_in(asked.name, asked.password)
        if session_id is None:
            raise Refusal(401, "Name and password do not belong together.")
        services.limits.attempt.forgive(attempt)
        return Response(None, status_code=204, cookies=[session_cookie(session_id, request)])

    @post("/logout", status_code=204, sync_to_thread=True, opt=described(LOGOUT))
    def logout(request: ApiRequest) -> Response[None]:
        if request.auth.kind == "session":
            services.accounts.sign_out(request.auth.secret)
        over = Cookie(key=COOKIE, value="", path="/", max_age=0, httponly=True, samesite="strict")
        return Response(None, status_code=204, cookies=[over])

    @get("/me", sync_to_thread=False, opt=described(ME))
    def me(request: ApiRequest) -> Me:
        caller = request.user
        return Me(caller.name, caller.role, caller.visible(services.sites))

    return [login, logout, me]


def _within_limits(limits: Limits, attempt: tuple[str, str]) -> None:
    wait = limits.address.take(attempt[1]) or limits.attempt.take(attempt)
    if wait:
        raise too_many(wait, "There were too many attempts to sign in.")
