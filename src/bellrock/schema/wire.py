"""The log line and the beacon as they are on the wire, format version 1.

These types are the *fast path*: in a line that decodes into `Line` every field has the right form or is
absent, but for those of type `Formed`, whose patterns whoever reads them holds against many at once: in the
decoder they would cost more than all the rest. Test, timers and order are judged further by the steps.
Whatever the types refuse goes the slow path (`normalise.exact`), which makes the same `Line` of the fields
that are usable. A field that is not known is refused too: the decoder would skip what is in it without
looking at its UTF-8 or its depth. `None` is absent. Lengths are Unicode code points. There are no cycles of
objects here, so the garbage collector need not look.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

END_OF_TIME = 253_402_300_800_000
"""Year 10000 in ms since 1970: every `at` lies before it."""

UNTIMED = -1
"""Stands for `at` of a line that has none."""

SITE = r"^[a-z0-9][a-z0-9._-]{0,63}\Z"
IDENTIFIER = r"^[A-Za-z0-9_-]{16,64}\Z"
CURRENCY = r"^[A-Z]{3}\Z"
COUNTRY = r"^[A-Z]{2}\Z"
MAX_SEQ = 63
MAX_RB = 63
MAX_VALUE = 1e7
MAX_PROPS = 8

NAVIGATIONS = (
    "navigate",
    "reload",
    "back-forward",
    "back-forward-cache",
    "prerender",
    "restore",
    "soft-navigation",
)
TRANSPORTS = ("fetchLater", "beacon", "fetch", "xhr")
TYPES = ("navigation", "load", "vitals", "event", "order")

Text32 = Annotated[str, Meta(min_length=1, max_length=32)]
Text64 = Annotated[str, Meta(min_length=1, max_length=64)]
Text128 = Annotated[str, Meta(min_length=1, max_length=128)]
Text512 = Annotated[str, Meta(min_length=1, max_length=512)]
Text2048 = Annotated[str, Meta(min_length=1, max_length=2048)]
Formed = str
"""A text with a pattern, which the decoder does not look at: `SITE`, `IDENTIFIER`, `CURRENCY`, `COUNTRY`."""
Value = Annotated[float, Meta(ge=0, le=MAX_VALUE)]


class Page(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """What page it was and how it was reached."""

    url: Text2048 | None = None
    referrer: Text2048 | None = None
    label: Text64 | None = None
    navigation: Literal[NAVIGATIONS] | None = None  # type: ignore[valid-type]  # one list, used twice
    release: Text64 | None = None


class Test(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The group assigned."""

    name: Text64
    group: Text32
    rb: Annotated[int, Meta(ge=0, le=MAX_RB)] | None = None


class Delivery(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """What the accelerated variant really did on this page."""

    enabled: bool | None = None
    served: bool | None = None
    cache_hit: bool | None = None
    first_load: bool | None = None
    sw_supported: bool | None = None


class Event(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """Something that happened on the page."""

    name: Text64
    value: float | None = None
    props: Annotated[dict[Text64, Text64], Meta(max_length=MAX_PROPS)] | None = None


class Order(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An order without an id is ignored, one without value or currency is worth nothing."""

    id: Text128 | None = None
    value: Value | None = None
    currency: Formed | None = None
    items: int | None = None


class Visitor(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """Flags that the browser keeps, so that visitors are counted with no identifier."""

    new_today: bool | None = None
    new_this_month: bool | None = None


class Browser(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """Low-entropy hints."""

    mobile: bool | None = None
    platform: Text64 | None = None
    webdriver: bool | None = None
    width: Text64 | None = None


class Beacon(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """`timers` are judged against the site, which alone knows the names: any plain values may stand here."""

    v: Literal[1]
    site: Formed
    session: Formed
    impression: Formed
    seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)]
    type: Literal[TYPES]  # type: ignore[valid-type]  # one list, used twice
    page: Page | None = None
    test: Test | None = None
    delivery: Delivery | None = None
    timers: dict[str, float | str | bool | None] | None = None
    event: Event | None = None
    order: Order | None = None
    visitor: Visitor | None = None
    browser: Browser | None = None
    transport: Literal[TRANSPORTS] | None = None  # type: ignore[valid-type]  # one list, used twice
    sent_at: float | None = None


class Line(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One log line; `raw` is for what the collector could not take for a beacon; the fold reads no `gpc`."""

    at: Annotated[int, Meta(ge=0, lt=END_OF_TIME)]
    beacon: Beacon
    ua: Text512 | None = None
    country: Formed | None = None
    gpc: bool | None = None
    raw: None = None
