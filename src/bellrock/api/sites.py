"""GET /sites and /metrics-catalogue: what there is to ask for."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from bellrock.api import examples
from bellrock.api.auth import ApiRequest
from bellrock.api.openapi import Described, described
from bellrock.api.services import Services
from bellrock.query.metrics import catalogue, timers_of
from bellrock.schema import dimensions
from bellrock.schema.dimensions import Dimension
from bellrock.schema.site import Site, Test
from bellrock.schema.timers import VITALS
from bellrock.store.contract import TIME_BUCKETS


class SiteView(msgspec.Struct, frozen=True):
    """What a caller may know of a site: no keys, no caps."""

    key: str
    currency: str
    dimensions: tuple[str, ...]
    labels: tuple[str, ...]
    timers: tuple[str, ...]
    tests: tuple[Test, ...]


class SiteList(msgspec.Struct, frozen=True):
    """The sites that the caller may see, in the order of their declaration."""

    sites: list[SiteView]


class MetricView(msgspec.Struct, frozen=True):
    """A metric by the name that queries use; the unit currency is the site's."""

    name: str
    unit: str
    description: str


class MetricsCatalogue(msgspec.Struct, frozen=True):
    """Every metric and dimension; a site has those optional dimensions that it chose."""

    metrics: list[MetricView]
    dimensions: list[Dimension]


SITES = Described(
    summary="The sites",
    description="The sites that the caller may see, with their tests and what they declare.",
    answer=SiteList,
    answer_example=examples.SITES,
)
CATALOGUE = Described(
    summary="Metrics and dimensions",
    description="Every metric and dimension that a query may name, with unit and meaning, including"
    " the timers that the caller's sites declare.",
    answer=MetricsCatalogue,
    answer_example=examples.METRICS,
)


def site_handlers(services: Services) -> list[HTTPRouteHandler]:
    """The handlers; they read memory only."""

    def visible(request: ApiRequest) -> list[Site]:
        return [services.sites[key] for key in request.user.visible(services.sites)]

    @get("/sites", sync_to_thread=False, opt=described(SITES))
    def sites(request: ApiRequest) -> SiteList:
        return SiteList([_view(site) for site in visible(request)])

    @get("/metrics-catalogue", sync_to_thread=False, opt=described(CATALOGUE))
    def metrics(request: ApiRequest) -> MetricsCatalogue:
        return _catalogue(visible(request))

    return [sites, metrics]


def _view(site: Site) -> SiteView:
    return SiteView(site.key, site.currency, site.dimensions, site.labels, site.timers, site.tests)


def _catalogue(sites: list[Site]) -> MetricsCatalogue:
    timers = {timer.name: timer for timer in VITALS}
    for site in sites:
        timers |= timers_of(site)
    metrics = catalogue(timers.values()).values()
    buckets = [
        Dimension(name, f"start of the {name.partition(':')[2]}, UTC") for name in TIME_BUCKETS
    ]
    return MetricsCatalogue(
        [MetricView(metric.name, metric.unit, metric.description) for metric in metrics],
        [*buckets, *dimensions.ALL],
    )
