"""GET /metrics: figures of the engine for Prometheus, at the root, where Prometheus looks for them."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CONTENT_TYPE_LATEST

from bellrock.api.auth import ApiRequest
from bellrock.api.services import Services
from bellrock.errors import Forbidden

READERS = ("admin", "token")


def metrics_handler(services: Services) -> HTTPRouteHandler:
    """The handler; some figures are asked of the store, in a worker thread."""

    @get("/metrics", sync_to_thread=True)
    def metrics(request: ApiRequest) -> Response[bytes]:
        if request.user.role not in READERS:
            raise Forbidden("Metrics are for administrators, and for programs with a token.")
        text = services.metrics.text()
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    return metrics
