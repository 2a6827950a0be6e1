"""How the beacons of a site came, by browser and transport.

Enters: a site and two times as a request has them, the caller's access. Leaves: frozen figures, whose JSON is
the public format. Bots are not in them: they are left out where delivery is counted.
"""

from collections.abc import Mapping

import msgspec
import polars as pl

from bellrock.query.interval import between
from bellrock.query.invalid import InvalidRequest
from bellrock.query.selection import select, visible_site
from bellrock.schema.access import Access
from bellrock.schema.measures import DELIVERY
from bellrock.schema.site import Site
from bellrock.store.contract import StoreReader

_MEASURES = [measure.name for measure in DELIVERY]


class TransportDelivery(msgspec.Struct, frozen=True):
    """What came by one transport: page impressions by the first beacon of a type, and all beacons.

    `transport` is empty where beacons do not say how they came.
    """

    transport: str
    navigations: int
    loads: int
    vitals: int
    beacons: int


class DeliveryTotal(msgspec.Struct, frozen=True):
    """What came by any transport. Shares are of the navigations, null where there are none."""

    navigations: int
    loads: int
    vitals: int
    beacons: int
    load_share: float | None
    vitals_share: float | None


class BrowserDelivery(msgspec.Struct, frozen=True):
    """What came from one browser, in all and by transport."""

    browser: str
    total: DeliveryTotal
    transports: list[TransportDelivery]


class DeliveryResult(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """The answer: whole hours from `from` to before `to`; browsers and transports in order of their names."""

    site: str
    start: str
    end: str
    total: DeliveryTotal
    browsers: list[BrowserDelivery]


class DeliveryRequest(msgspec.Struct, frozen=True):
    """A site, and two ISO 8601 times; empty where the request has none."""

    site: str
    start: str
    end: str


def delivery_of(
    asked: DeliveryRequest, access: Access, sites: Mapping[str, Site], store: StoreReader
) -> DeliveryResult:
    """The delivery of a site in a span, widened to whole hours; raises InvalidRequest, Forbidden."""
    if not asked.site:
        raise InvalidRequest("site", "Name the site: /delivery?site=KEY&from=TIME&to=TIME.")
    site = visible_site(access, asked.site, sites)
    span = between(asked.start, asked.end, ("from", "to")).hours()
    rows = store.delivery(select(access, site.key, span)).sort("browser", "transport")
    browsers = rows.partition_by("browser", maintain_order=True)
    return DeliveryResult(site.key, *span.iso(), _total(rows), [_browser(own) for own in browsers])


def _browser(rows: pl.DataFrame) -> BrowserDelivery:
    transports = rows.select("transport", *_MEASURES).rows()
    return BrowserDelivery(
        rows["browser"][0], _total(rows), [TransportDelivery(*row) for row in transports]
    )


def _total(rows: pl.DataFrame) -> DeliveryTotal:
    navigations, loads, vitals, beacons = rows.select(_MEASURES).sum().row(0)
    return DeliveryTotal(
        navigations,
        loads,
        vitals,
        beacons,
        load_share=loads / navigations if navigations else None,
        vitals_share=vitals / navigations if navigations else None,
    )
