"""The steps of normalising that write dimensions and flags.

Beacons of one visit say much alike, so what they say of their page and of their visit is described once for
all that say the same. What a site does not declare becomes `(other)`, so that no stranger can make a document.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Agents
from bellrock.normalise.agent import resolve_agent
from bellrock.normalise.columns import Columns
from bellrock.normalise.declared import Declared
from bellrock.normalise.decode import Decoded, refuse
from bellrock.normalise.remembered import RememberedRows
from bellrock.rows import Rows
from bellrock.schema import wire
from bellrock.schema.codes import COUNTRIES
from bellrock.schema.impression import (
    ABSENT,
    FALSE,
    GROUPS,
    IMPRESSION,
    NO_SEQ,
    NO_TIMER,
    TRUE,
    TYPE_BITS,
)
from bellrock.schema.issue import Issue

_SITE = re.compile(wire.SITE)
_COUNTRY_CODES = {country: code for code, country in enumerate(COUNTRIES)}
_NAVIGATION_CODES = {None: 0} | {name: code for code, name in enumerate(wire.NAVIGATIONS, start=1)}
_TRANSPORT_CODES = {None: 0} | {name: code for code, name in enumerate(wire.TRANSPORTS, start=1)}
_FLAGS = {None: ABSENT, False: FALSE, True: TRUE}

_NO_PAGE, _NO_TEST = wire.Page(label=""), wire.Test(name="", group="")
"""What no beacon can say: a text that is there has letters."""
_NO_BROWSER = wire.Browser()
_PageAndTest = tuple[str, str | None, str | None, str | None, str, str]
_Visit = tuple[str, Any, Any, bool | None, bool | None, str | None]

_DELIVERY = ("first_load", "served", "cache_hit")
_VISITOR = ("new_today", "new_this_month")
_VISIT = np.dtype(
    [
        (name, IMPRESSION[name])
        for name in (
            *("types", "events", "country", "country_seq", *_DELIVERY, "delivery_seq"),
            *(*_VISITOR, "visitor_seq", "mobile", "webdriver", "mobile_seq"),
        )
    ]
)
"""The fields that the site has no part in."""


def find_sites(decoded: Decoded, declared: Declared) -> Decoded:
    """Refuse what names no site that is declared."""
    sites = [line.beacon.site for line in decoded.beacons]
    known = np.fromiter(map(declared.sites.__contains__, sites), np.bool_, len(sites))
    if known.all():
        return decoded
    formed = known | [bool(_SITE.match(site)) for site in sites]
    return refuse(refuse(decoded, formed, Issue.SCHEMA), known[formed], Issue.SITE_UNKNOWN)


def begin_rows(columns: Columns, places: "Places", visits: "Visits") -> None:
    """Make the rows: all but user agent, timers, orders and what events say."""
    pages = [
        (
            one.site,
            (page := one.page or _NO_PAGE).label,
            page.navigation,
            page.release,
            (test := one.test or _NO_TEST).name,
            test.group,
        )
        for one in columns.beacons
    ]
    columns.rows = rows = places.find(pages)
    visit = visits.find(
        [
            (
                one.type,
                one.delivery
                and (one.delivery.first_load, one.delivery.served, one.delivery.cache_hit),
                one.visitor and (one.visitor.new_today, one.visitor.new_this_month),
                (browser := one.browser or _NO_BROWSER).mobile,
                browser.webdriver,
                line.country,
            )
            for line, one in zip(columns.lines, columns.beacons, strict=True)
        ]
    )
    for name in _VISIT.names or ():
        rows[name] = visit[name]
    rows["id"] = columns.ids
    rows["seen"] = np.uint64(1) << columns.seq.astype(np.uint64)
    for name in GROUPS:
        # The lowest seq wins, but for delivery.
        if name == "delivery_seq":
            rows[name] *= 1 + columns.seq
        else:
            rows[name] = np.maximum(rows[name], columns.seq)
    for row in np.flatnonzero(rows["test"] == columns.declared.other_test).tolist():
        site, *_, name, group = pages[row]
        if (site, name, group) not in columns.declared.tests:
            columns.note(row, Issue.TEST_UNDECLARED)


class Places(RememberedRows[_PageAndTest]):
    """Rows of a site by what a beacon says of page and test; declared texts only."""

    def __init__(self, declared: Declared) -> None:
        """Describe by what sites declare."""
        super().__init__(IMPRESSION, self._row)
        self._declared = declared

    def _row(self, key: _PageAndTest) -> Rows:
        declared, (site, label, navigation, release, test, group) = self._declared, key
        row = np.zeros((), IMPRESSION)
        row["site"], row["beacons"], row["timers"] = declared.codes[site], 1, NO_TIMER
        for name in GROUPS:
            row[name] = 0 if name == "delivery_seq" else NO_SEQ
        if label != _NO_PAGE.label:
            row["page_seq"] = 0
            row["label"] = declared.labels.get((site, label), declared.other)
            row["navigation"] = _NAVIGATION_CODES[navigation]
            row["release"] = declared.releases.get((site, release), declared.other)
        if test != _NO_TEST.name:
            row["test_seq"] = 0
            row["test"] = declared.tests.get((site, test, group), declared.other_test)
        return row


class Visits(RememberedRows[_Visit]):
    """Rows of `_VISIT` by type, what a beacon says of delivery, visitor and browser, and country."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(_VISIT, self._row)

    def _row(self, key: _Visit) -> Rows:
        kind, delivery, visitor, mobile, webdriver, country = key
        row = np.zeros((), _VISIT)
        for name in ("country_seq", "visitor_seq"):
            row[name] = NO_SEQ
        row["types"], row["events"] = TYPE_BITS[kind], kind == "event"
        if code := _COUNTRY_CODES.get(country or ""):
            row["country"], row["country_seq"] = code, 0
        for names, flags, seq, there in (
            (_DELIVERY, delivery, "delivery_seq", 1),
            (_VISITOR, visitor, "visitor_seq", 0),
        ):
            if flags:
                row[seq] = there
                for name, flag in zip(names, flags, strict=True):
                    row[name] = _FLAGS[flag]
        row["mobile"], row["webdriver"] = _FLAGS[mobile], webdriver is True
        # A group of its own, which a hint of something else does not make.
        row["mobile_seq"] = NO_SEQ if mobile is None else 0
        return row


def write_events(columns: Columns) -> None:
    """Which events are errors."""
    rows = np.flatnonzero(columns.rows["events"])
    events = [columns.beacons[row].event for row in rows.tolist()]
    errors = [event is not None and event.name == "error" for event in events]
    columns.rows["errors"][rows] = errors


def write_agents(columns: Columns, agents: Agents) -> None:
    """`agent`."""
    rows = columns.rows
    rows["agent"] = agents.codes([line.ua or "" for line in columns.lines], resolve_agent)
    rows["agent_seq"] = np.where(rows["agent"] != 0, columns.seq, NO_SEQ)


def read_transports(columns: Columns) -> NDArray[np.uint8]:
    """How each beacon came: 1 + index in `wire.TRANSPORTS`, 0 where it does not say."""
    codes = _TRANSPORT_CODES
    return np.frombuffer(bytes([codes[one.transport] for one in columns.beacons]), np.uint8)
