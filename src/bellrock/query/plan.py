"""What a request means for this caller and site.

Enters: a request of the right form, the caller's access, the sites, the time now. Leaves: a frozen
plan that names only what exists, with the selections it may read. Raises InvalidRequest for names
that do not exist, Forbidden for a site that is not the caller's. Bots are left out unless the
request keeps them or filters by them.
"""

from collections.abc import Iterable, Mapping

import msgspec

from bellrock.query.interval import Span, resolve
from bellrock.query.invalid import InvalidRequest, unknown
from bellrock.query.metrics import Figure, Metric, metrics_of, timers_of
from bellrock.query.request import Filter, HistogramRequest, QueryRequest
from bellrock.query.selection import select, visible_site
from bellrock.schema import dimensions
from bellrock.schema.access import Access
from bellrock.schema.site import Site
from bellrock.schema.timers import Timer
from bellrock.store.contract import TIME_BUCKETS, Condition, Selection

NOT_BOTS = Condition("bot", ("",))
BOTS = Condition("bot", ("",), negated=True)


class Rows(msgspec.Struct, frozen=True):
    """What is read, and what the default leaves out (None where nothing is)."""

    span: Span
    kept: Selection
    left_out: Selection | None


class QueryPlan(msgspec.Struct, frozen=True):
    """A query, resolved. `timers` are those whose histograms it needs."""

    request: QueryRequest
    site: Site
    rows: Rows
    metrics: tuple[Metric, ...]
    timers: tuple[Timer, ...]


class HistogramPlan(msgspec.Struct, frozen=True):
    """A histogram, resolved."""

    request: HistogramRequest
    rows: Rows
    timer: Timer


def plan_query(
    request: QueryRequest, access: Access, sites: Mapping[str, Site], now: float
) -> QueryPlan:
    """The plan of a query; `now` in seconds since 1970."""
    site = visible_site(access, request.site, sites)
    metrics = _metrics(request, site)
    _check_dimensions(request, site)
    _check_order(request)
    timers = {m.source.timer.name: m.source.timer for m in metrics if isinstance(m.source, Figure)}
    rows = _rows(request, access, site, now)
    return QueryPlan(request, site, rows, metrics, tuple(timers.values()))


def plan_histogram(
    request: HistogramRequest, access: Access, sites: Mapping[str, Site], now: float
) -> HistogramPlan:
    """The plan of a histogram; `now` in seconds since 1970."""
    site = visible_site(access, request.site, sites)
    timers = timers_of(site)
    if request.timer not in timers:
        raise unknown("timer", "timer", request.timer, timers)
    return HistogramPlan(request, _rows(request, access, site, now), timers[request.timer])


def _rows(request: QueryRequest | HistogramRequest, access: Access, site: Site, now: float) -> Rows:
    span = resolve(request.date_range, now)
    where = _conditions(request.filters, site)
    if request.include.bots or any(c.dimension == "bot" for c in where):
        return Rows(span, select(access, site.key, span, where), None)
    return Rows(
        span,
        kept=select(access, site.key, span, (*where, NOT_BOTS)),
        left_out=select(access, site.key, span, (*where, BOTS)),
    )


def _conditions(filters: Iterable[Filter], site: Site) -> tuple[Condition, ...]:
    conditions = []
    for at, (operator, dimension, values) in enumerate(filters):
        _check_dimension(f"filters[{at}][1]", dimension, site)
        conditions.append(Condition(dimension, values, negated=operator == "is_not"))
    return tuple(conditions)


def _metrics(request: QueryRequest, site: Site) -> tuple[Metric, ...]:
    known = metrics_of(site)
    for at, name in enumerate(request.metrics):
        if name not in known:
            raise unknown(f"metrics[{at}]", "metric", name, known)
    _refuse_twice("metrics", request.metrics)
    return tuple(known[name] for name in request.metrics)


def _check_dimensions(request: QueryRequest, site: Site) -> None:
    for at, name in enumerate(request.dimensions):
        if name not in TIME_BUCKETS:
            _check_dimension(f"dimensions[{at}]", name, site, TIME_BUCKETS)
    _refuse_twice("dimensions", request.dimensions)
    if len(TIME_BUCKETS.keys() & set(request.dimensions)) > 1:
        raise InvalidRequest("dimensions", "There can be one time bucket only.")


def _check_dimension(field: str, name: str, site: Site, more: Iterable[str] = ()) -> None:
    known = (*dimensions.FIXED_NAMES, *site.dimensions)
    if name in known:
        return
    if name in dimensions.OPTIONAL_NAMES:
        raise InvalidRequest(
            field,
            f"The site {site.key!r} has not chosen the dimension {name!r}."
            " Add it to the site's dimensions to count by it from then on.",
        )
    raise unknown(field, "dimension", name, (*known, *more))


def _check_order(request: QueryRequest) -> None:
    asked = (*request.metrics, *request.dimensions)
    for at, (name, _) in enumerate(request.order_by):
        if name not in asked:
            raise InvalidRequest(
                f"order_by[{at}][0]",
                f"{name!r} is none of the query's metrics and dimensions, which are"
                f" {', '.join(asked)}.",
            )
    _refuse_twice("order_by", [name for name, _ in request.order_by])


def _refuse_twice(field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            raise InvalidRequest(f"{field}[{at}]", f"{name!r} is named twice.")
        seen.add(name)
