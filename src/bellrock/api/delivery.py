"""GET /delivery: how the beacons of a site came."""

from litestar import get
from litestar.handlers import HTTPRouteHandler

from bellrock.api import examples
from bellrock.api.auth import ApiRequest
from bellrock.api.openapi import Described, Parameter, described
from bellrock.api.services import Services
from bellrock.query.delivery import DeliveryRequest, DeliveryResult, delivery_of

DELIVERY = Described(
    summary="How beacons came",
    description="By browser and transport (fetchLater, beacon, fetch, xhr, or empty where beacons do not"
    " say): how many page impressions had their first navigation, load and vitals beacon by it, and how many"
    " beacons came; by browser and in all the shares of loads and vitals in the navigations. Each"
    " counts in the hour in which it came, so a share over a short span may be above 1. Bots are"
    " left out. The span is widened to whole hours.",
    answer=DeliveryResult,
    answer_example=examples.DELIVERY,
    parameters=(
        Parameter("site", "the key of the site", "shop-a"),
        Parameter("from", "ISO 8601 time with Z or an offset", "2026-11-23T05:00Z"),
        Parameter("to", "the end, which is not in it", "2026-11-24T05:00Z"),
    ),
    problems=(400, 401, 403, 429),
)


def delivery_handlers(services: Services) -> list[HTTPRouteHandler]:
    """The handler; it asks the store, in a worker thread."""

    @get("/delivery", sync_to_thread=True, opt=described(DELIVERY))
    def delivery(request: ApiRequest) -> DeliveryResult:
        # `from` is no name that a parameter can have.
        asked = DeliveryRequest(*(request.query_params.get(n, "") for n in ("site", "from", "to")))
        return delivery_of(asked, request.user, services.sites, services.store)

    return [delivery]
