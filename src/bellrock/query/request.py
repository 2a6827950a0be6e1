"""The form of a request, before anything is known about the site.

Enters: the bytes of a body. Leaves: a frozen struct of the right form. Every other body becomes an
`InvalidRequest` that names the field. Whether the names in it exist is settled in `plan`.
"""

import re
from typing import Annotated, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

from bellrock.query.invalid import InvalidRequest, nearest

MAX_ROWS = 10_000

Name = Annotated[str, Meta(max_length=100)]
DateRange = Annotated[
    str | tuple[str, str],
    Meta(
        description="30m, 1h, 6h, 24h, 7d, 30d (or any whole number of m, h, d), all, or"
        " [start, end) as two ISO 8601 times with Z or an offset",
        examples=["24h", ["2026-11-23T05:12Z", "2026-11-23T05:43Z"]],
    ),
]
Filter = Annotated[
    tuple[
        Literal["is", "is_not"],
        Name,
        Annotated[
            tuple[Annotated[str, Meta(max_length=512)], ...], Meta(min_length=1, max_length=1000)
        ],
    ],
    Meta(description="[is or is_not, dimension, values]; all filters must hold"),
]
Filters = Annotated[tuple[Filter, ...], Meta(max_length=20)]
Order = tuple[Name, Literal["asc", "desc"]]


class Include(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to add to a query's answer: bots' impressions, the number of rows before pagination."""

    bots: bool = False
    total_rows: bool = False


class HistogramInclude(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to add to a histogram."""

    bots: bool = False


class Pagination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows of the ordered result to return."""

    limit: Annotated[int, Meta(ge=1, le=MAX_ROWS)] = MAX_ROWS
    offset: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0


class QueryRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metrics of one site over a span of time, by dimensions."""

    site: Name
    metrics: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]
    date_range: DateRange
    dimensions: Annotated[tuple[Name, ...], Meta(max_length=10)] = ()
    filters: Filters = ()
    order_by: Annotated[tuple[Order, ...], Meta(max_length=20)] = ()
    include: Include = Include()
    pagination: Pagination = Pagination()


class HistogramRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The distribution of one timer, whole or by test group."""

    site: Name
    timer: Name
    date_range: DateRange
    by: Literal["group"] | None = None
    filters: Filters = ()
    include: HistogramInclude = HistogramInclude()


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's name and password."""

    name: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=2000)]


class MarkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mark of a user agent on a site."""

    site: Name
    agent: Annotated[str, Meta(max_length=512)]


T = TypeVar("T")

_AT = re.compile(r"(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
# msgspec does not say which values an enumeration has.
_CHOICES = {
    "filters": "A filter begins with is or is_not.",
    "order_by": "The direction is asc or desc.",
    "by": "It is group or null.",
}


def decode(form: type[T], body: bytes) -> T:
    """The struct that a JSON body holds; raises InvalidRequest with the path of what is wrong."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise _explained(form, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("body", f"This is not JSON: {error}.") from error


def _explained(form: type[object], message: str) -> InvalidRequest:
    found = _AT.fullmatch(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    if name := _UNKNOWN.fullmatch(what):
        known = list(get_type_hints(_part(form, path)))
        near = nearest(name[1], known)
        hint = f"Did you mean {near!r}?" if near else f"Known are {', '.join(known)}."
        return InvalidRequest(_joined(path, name[1]), f"There is no such field. {hint}")
    if name := _MISSING.fullmatch(what):
        return InvalidRequest(_joined(path, name[1]), "This field is required.")
    if what.startswith("Invalid enum value"):
        what = f"{what}. {_CHOICES.get(re.split(r'[.[]', path)[0], '')}".rstrip()
    return InvalidRequest(path or "body", what.rstrip(".") + ".")


def _part(form: type[object], path: str) -> type[object]:
    for name in filter(None, path.split(".")):
        form = get_type_hints(form)[name]
    return form


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
