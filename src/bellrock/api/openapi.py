"""The OpenAPI 3.1 document, made of what each handler says of itself.

Enters: the app's routes, each with a `Described` in its options (`described`). Leaves: the document
of /api/v1/openapi.json; schemas and their texts come from the very structs that are decoded and
encoded. A test fails where a route under the prefix has no description, or an example does not fit
its schema.
"""

from collections.abc import Iterable
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from bellrock import __version__
from bellrock.api.auth import COOKIE
from bellrock.api.problems import MEDIA_TYPE, Problem
from bellrock.api.services import PREFIX

_KEY = "described"
_REFERENCE = "#/components/schemas/{name}"
_PROBLEMS = {
    400: Problem(
        "Bad Request", 400, "There is no metric 'lcp75'. Did you mean 'lcp.p75'?", "metrics[0]"
    ),
    401: Problem("Unauthorized", 401, "Sign in, or send `Authorization: Bearer TOKEN`."),
    403: Problem("Forbidden", 403, "report may not see the site 'shop-b'. Ask an administrator …"),
    404: Problem("Not Found", 404, "There is no mark of this user agent on the site 'shop-b'. …"),
    415: Problem("Unsupported Media Type", 415, "Send the body as JSON, with …"),
    429: Problem(
        "Too Many Requests", 429, "This is more than 20 requests a second. Try again in 1 s."
    ),
}


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in the query string."""

    name: str
    description: str
    example: str
    required: bool = True


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint is for. `request` and `answer` are the structs of its JSON bodies."""

    summary: str
    description: str
    request: type[Any] | None = None
    request_example: Any = None
    answer: type[Any] | None = None
    answer_example: Any = None
    media_type: str = "application/json"
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = (401, 429)
    public: bool = False


def described(of: Described) -> dict[str, Any]:
    """The options of a handler that carry its description."""
    return {_KEY: of} | ({"public": True} if of.public else {})


def descriptions(app: Litestar) -> dict[tuple[str, str], Described | None]:
    """Every (path, method) below the prefix, with its description where it has one."""
    return {
        (route.path, method): handler.opt.get(_KEY)
        for route in app.routes
        if route.path.startswith(PREFIX)
        for method, handler in _handlers(route)
        if method != "OPTIONS"
    }


def document(app: Litestar) -> dict[str, Any]:
    """The whole OpenAPI document."""
    known = {place: of for place, of in descriptions(app).items() if of is not None}
    bodies = {Problem} | {t for of in known.values() for t in (of.request, of.answer) if t}
    types = sorted(bodies, key=lambda t: str(t.__name__))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    for component in components.values():
        # Before Python 3.13 a docstring keeps its indentation.
        component["description"] = cleandoc(component["description"])
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for (path, method), of in sorted(known.items(), key=lambda item: item[0]):
        paths.setdefault(path, {})[method.lower()] = _operation(path, of, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "bellrock",
            "version": __version__,
            "description": "Real-time web-performance analytics for A/B tests. Errors are problem"
            " documents (RFC 9457). Times are UTC; timers are in ms, CLS has no unit.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security()},
        "security": [{"token": []}, {"session": []}],
    }


def _handlers(route: Any) -> Iterable[tuple[str, HTTPRouteHandler]]:
    return ((str(method), pair[0]) for method, pair in route.route_handler_map.items())


def _security() -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of one site."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }


def _operation(path: str, of: Described, schema_of: dict[type[Any], Any]) -> dict[str, Any]:
    status = 204 if of.answer is None else 200
    success: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if of.answer is not None:
        success["content"] = {of.media_type: _body(schema_of[of.answer], of.answer_example)}
    operation: dict[str, Any] = {
        "operationId": path.removeprefix(PREFIX).strip("/").replace("-", "_").replace("/", "_"),
        "summary": of.summary,
        "description": of.description,
        "responses": {str(status): success}
        | {str(code): _problem(code, schema_of[Problem]) for code in of.problems},
    }
    if of.request is not None:
        body = _body(schema_of[of.request], of.request_example)
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    if of.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in of.parameters]
    return operation | ({"security": []} if of.public else {})


def _body(schema: Any, example: Any) -> dict[str, Any]:
    return {"schema": schema, "example": example}


def _problem(code: int, schema: Any) -> dict[str, Any]:
    body = _body(schema, msgspec.to_builtins(_PROBLEMS[code]))
    return {"description": HTTPStatus(code).phrase, "content": {MEDIA_TYPE: body}}


def _parameter(of: Parameter) -> dict[str, Any]:
    return {
        "name": of.name,
        "in": "query",
        "required": of.required,
        "description": of.description,
        "schema": {"type": "string"},
        "example": of.example,
    }
