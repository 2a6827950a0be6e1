"""The wire format of a beacon, strictly: what `semantics.md` would note as an issue is refused here."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Text = Annotated[str, Meta(min_length=1, max_length=64)]
Time = Annotated[float, Meta(ge=0, le=600_000)]
Small = Annotated[int, Meta(ge=0, le=63)]


class Strict(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """No field that the format does not know."""


class Page(Strict, kw_only=True):
    url: Annotated[str, Meta(max_length=2048)]
    label: Literal["home", "listing", "product", "cart", "confirmation"]
    navigation: Literal["navigate", "reload", "back-forward", "back-forward-cache"]


class AssignedTest(Strict):
    name: Literal["speed"]
    group: Literal["A", "B"]
    rb: Small


class Delivery(Strict):
    enabled: bool
    served: bool
    cache_hit: bool
    first_load: bool
    sw_supported: bool


class Timers(Strict):
    ttfb: Time | None = None
    fcp: Time | None = None
    lcp: Time | None = None
    inp: Time | None = None
    dcl: Time | None = None
    load: Time | None = None
    hero: Time | None = None
    cls: Annotated[float, Meta(ge=0, le=100)] | None = None


class Event(Strict):
    name: Text
    value: float | None = None
    props: dict[Text, Text] = {}


class Order(Strict):
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    value: Annotated[float, Meta(ge=0, le=10_000_000)]
    currency: Literal["EUR"]
    items: int


class Visitor(Strict):
    new_today: bool
    new_this_month: bool


class Browser(Strict):
    webdriver: bool
    width: Text
    mobile: bool | None = None
    platform: Text | None = None


class Beacon(Strict, kw_only=True):
    v: Literal[1]
    site: Key
    session: Id
    impression: Id
    seq: Small
    type: Literal["navigation", "load", "vitals", "event", "order"]
    page: Page
    test: AssignedTest
    delivery: Delivery
    browser: Browser
    transport: Literal["fetchLater", "beacon", "fetch", "xhr"]
    sent_at: float
    timers: Timers | None = None
    event: Event | None = None
    order: Order | None = None
    visitor: Visitor | None = None
