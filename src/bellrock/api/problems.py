"""Errors as problem documents (RFC 9457).

Enters: every exception that a handler lets through. Leaves: `application/problem+json` with a
title, a detail that says what is wrong and what to do, the status, and for bad input the `field`.
An error that nobody foresaw is logged whole and answered without its inside.
"""

import math
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from bellrock.errors import BellrockError, Forbidden, StoreUnavailable
from bellrock.query.invalid import InvalidRequest

MEDIA_TYPE = "application/problem+json"

# What the framework says of these helps nobody.
_DETAILS = {
    404: "There is nothing at {path}. /api/v1/openapi.json lists what there is.",
    405: "{path} does not take {method}.",
    413: "The body is too large: 64 KiB are enough for any request.",
}

log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document, RFC 9457. `field` is there where a field of the request is the reason."""

    title: str
    status: int
    detail: str
    field: str = ""


class Refusal(BellrockError):
    """A request that is refused with a status, a detail, and headers where they help the caller."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        """`detail` is a whole sentence for a person."""
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def unauthorized(detail: str) -> Refusal:
    """401: the caller is not known."""
    return Refusal(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


def too_many(wait: float, detail: str) -> Refusal:
    """429: the caller must wait so many seconds."""
    return Refusal(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"{detail} Try again in {math.ceil(wait)} s.",
        {"Retry-After": str(math.ceil(wait))},
    )


def response(
    status: int, detail: str, field: str = "", headers: dict[str, str] | None = None
) -> Response[Problem]:
    """A problem document as a response."""
    problem = Problem(HTTPStatus(status).phrase, status, detail, field)
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _invalid(_: Request[Any, Any, Any], error: InvalidRequest) -> Response[Problem]:
    return response(HTTPStatus.BAD_REQUEST, error.detail, error.field)


def _forbidden(_: Request[Any, Any, Any], error: Forbidden) -> Response[Problem]:
    return response(HTTPStatus.FORBIDDEN, str(error))


def _refusal(_: Request[Any, Any, Any], error: Refusal) -> Response[Problem]:
    return response(error.status, error.detail, headers=error.headers)


def _unavailable(_: Request[Any, Any, Any], error: StoreUnavailable) -> Response[Problem]:
    log.warning("store unavailable", reason=str(error))
    detail = "The store cannot be read now. Try again in a moment."
    return response(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    detail = _DETAILS.get(error.status_code, error.detail) or HTTPStatus(error.status_code).phrase
    detail = detail.format(path=request.url.path, method=request.method)
    return response(error.status_code, detail, headers=error.headers)


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.error("unforeseen error", path=request.url.path, exc_info=error)
    return response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The server made a mistake; its log says which. Please report it.",
    )


HANDLERS: ExceptionHandlersMap = {
    InvalidRequest: _invalid,
    Forbidden: _forbidden,
    Refusal: _refusal,
    StoreUnavailable: _unavailable,
    HTTPException: _http,
    Exception: _unforeseen,
}
