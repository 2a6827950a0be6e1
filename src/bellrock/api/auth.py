"""Who is calling: a cookie session for people, a bearer token for programs.

Enters: a request. Leaves: `request.user`, an `Access`, and `request.auth`, the credential; or a
refusal: 401 without a valid credential, 429 past the caller's budget, 403 for what another site's
page sent. Routes with the option `public` are let through unknown.
"""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from bellrock.accounts import Accounts
from bellrock.accounts.accounts import SESSION_SECONDS
from bellrock.api.limits import Budget
from bellrock.api.problems import Refusal, too_many, unauthorized
from bellrock.schema.access import Access

COOKIE = "bellrock_session"
PUBLIC = {"public": True}

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Credential(msgspec.Struct, frozen=True):
    """What a caller showed: a session id or a token."""

    kind: str
    secret: str

    def access(self, accounts: Accounts) -> Access | None:
        """What it allows now; None once it is revoked or over."""
        if self.kind == "token":
            return accounts.access_for_token(self.secret)
        return accounts.access_for_session(self.secret)


ApiRequest = Request[Access, Credential, State]


class Authenticate(ASGIMiddleware):
    """Demands a known caller within its budget."""

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "public"

    def __init__(self, accounts: Accounts, budget: Budget) -> None:
        """`budget` is per session or token."""
        self._accounts, self._budget = accounts, budget

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Set the user and the credential, or refuse."""
        credential = credential_of(ASGIConnection(scope))
        access = await sync_to_thread(credential.access, self._accounts)
        if access is None:
            raise unauthorized(
                "This token is unknown or was revoked."
                if credential.kind == "token"
                else "This session is over. Sign in again."
            )
        if wait := self._budget.take(access.key):
            raise too_many(wait, "This is more than 20 requests a second.")
        scope["user"], scope["auth"] = access, credential
        await next_app(scope, receive, send)


def credential_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Credential:
    """The credential of a request, a token before a cookie; raises a 401 where there is none."""
    header = connection.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if header and (scheme.lower() != "bearer" or not token.strip()):
        raise unauthorized("The Authorization header must be `Bearer TOKEN`.")
    if header:
        return Credential("token", token.strip())
    session = connection.cookies.get(COOKIE)
    if not session:
        raise unauthorized("Sign in, or send `Authorization: Bearer TOKEN`.")
    return Credential("session", session)


def session_cookie(session_id: str, request: Request[Any, Any, Any]) -> Cookie:
    """The cookie of a new session; over HTTPS it is never sent in the clear."""
    return Cookie(
        key=COOKIE,
        value=session_id,
        path="/",
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure="https" in (request.url.scheme, request.headers.get("x-forwarded-proto")),
    )


def refuse_cross_site(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a state-changing request that another site's page made a browser send.

    The cookie is SameSite=Strict already; this holds for siblings on one registrable domain, too.
    Browsers tell where it is from by Sec-Fetch-Site, or at least by Origin; programs by neither.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    if not isinstance(connection, Request) or connection.method in _READING:
        return
    headers = connection.headers
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        _demand_json(headers.get("content-type", ""))
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        same = site in {"same-origin", "none"}
    else:
        same = origin is None or urlsplit(origin).netloc == headers.get("host")
    if not same:
        raise Refusal(403, "Another site's page sent this request; only the dashboard's own may.")


def _demand_json(content_type: str) -> None:
    # Forms cannot send this type, so a page elsewhere would have to ask first (CORS), in vain.
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "Send the body as JSON, with `Content-Type: application/json`.")
