"""POST /query and /histogram: decode, plan, execute, answer."""

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from bellrock.api import examples
from bellrock.api.auth import ApiRequest
from bellrock.api.openapi import Described, described
from bellrock.api.services import Services
from bellrock.query.execute import run_histogram, run_query
from bellrock.query.plan import plan_histogram, plan_query
from bellrock.query.request import HistogramRequest, QueryRequest, decode
from bellrock.query.result import (
    HistogramResult,
    QueryResult,
    histogram_result,
    query_result,
)

PROBLEMS = (400, 401, 403, 415, 429)

QUERY = Described(
    summary="Metrics by dimensions",
    description="Metrics of one site over a span of time, by any of its dimensions and one time"
    " bucket (time:minute, time:hour, time:day; UTC). A relative span ends with the minute after"
    " now. Rows come in the order of time, then of the dimensions, unless order_by says otherwise;"
    " combinations without data have no row. Bots are left out, and counted in meta, unless"
    " include.bots is true or a filter names the dimension bot. A metric with nothing to stand on"
    " is null.",
    request=QueryRequest,
    request_example=examples.QUERY,
    answer=QueryResult,
    answer_example=examples.QUERY_ANSWER,
    problems=PROBLEMS,
)
HISTOGRAM = Described(
    summary="The distribution of a timer",
    description="The cells of one timer's histogram, with mean and quantiles, whole or by test"
    " group. Cells are (lower, upper], ascending, empty ones left out.",
    request=HistogramRequest,
    request_example=examples.HISTOGRAM,
    answer=HistogramResult,
    answer_example=examples.HISTOGRAM_ANSWER,
    problems=PROBLEMS,
)


def query_handlers(services: Services) -> list[HTTPRouteHandler]:
    """The handlers, each in a worker thread, where the store gives it a cursor of its own."""

    @post("/query", status_code=200, sync_to_thread=True, opt=described(QUERY))
    def query(request: ApiRequest, body: RawBody) -> QueryResult:
        asked = decode(QueryRequest, body)
        plan = plan_query(asked, request.user, services.sites, services.clock())
        return query_result(plan, run_query(plan, services.store))

    @post("/histogram", status_code=200, sync_to_thread=True, opt=described(HISTOGRAM))
    def histogram(request: ApiRequest, body: RawBody) -> HistogramResult:
        asked = decode(HistogramRequest, body)
        plan = plan_histogram(asked, request.user, services.sites, services.clock())
        return histogram_result(plan, run_histogram(plan, services.store))

    return [query, histogram]
