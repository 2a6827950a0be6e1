"""The steps of normalising that write dimensions and flags, each from one group of all beacons.

What a site does not declare becomes `(other)`, so that no stranger can make a document.
"""

from collections.abc import Sequence
from itertools import product, repeat
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Agents
from bellrock.normalise.agent import resolve_agent
from bellrock.normalise.columns import Columns, codes, transposed
from bellrock.normalise.declared import UNDECLARED, Declared
from bellrock.normalise.decode import Decoded, refuse
from bellrock.schema.codes import COUNTRIES
from bellrock.schema.impression import ABSENT, FALSE, TRUE, TYPE_BITS
from bellrock.schema.issue import Issue
from bellrock.schema.wire import NAVIGATIONS

_COUNTRY_CODES = {country: code for code, country in enumerate(COUNTRIES)}
_NAVIGATION_CODES = {None: 0} | {name: code for code, name in enumerate(NAVIGATIONS, start=1)}
_FLAGS = {ABSENT: None, FALSE: False, TRUE: True}
_COMBINATIONS = {
    count: {flags: code for code, flags in enumerate(product(_FLAGS.values(), repeat=count))}
    for count in (2, 3)
}
"""Codes of some flags together: digits to the base 3, the first flag's the highest."""


def find_sites(decoded: Decoded, declared: Declared) -> Decoded:
    """Refuse what names no site that is declared."""
    known = [line.beacon.site in declared.sites for line in decoded.beacons]
    return refuse(decoded, np.array(known, dtype=np.bool_), Issue.SITE_UNKNOWN)


def write_kinds(columns: Columns) -> None:
    """What every beacon is: `site`, `seen`, `types`, and that it is one."""
    rows, types = columns.rows, columns.of_beacon["type"]
    rows["site"] = codes(map(columns.declared.codes.__getitem__, columns.sites), len(columns))
    rows["seen"] = np.uint64(1) << columns.seq.astype(np.uint64)
    rows["types"] = codes(map(TYPE_BITS.__getitem__, types), len(columns))
    rows["beacons"] = 1
    rows["events"] = rows["types"] == TYPE_BITS["event"]
    for row, _, event in zip(*columns.present("event"), strict=True):
        rows["errors"][row] = rows["events"][row] and event.name == "error"


def write_pages(columns: Columns) -> None:
    """`label`, `navigation` and `release`; declared texts only."""
    rows, sites, pages = columns.present("page")
    columns.rows["page_seq"][rows] = columns.seq[rows]
    page = transposed(pages, ("label", "navigation", "release"))
    declared = columns.declared
    for name, look_up in (("label", declared.labels), ("release", declared.releases)):
        found = map(look_up.get, zip(sites, page[name], strict=True), repeat(declared.other))
        columns.rows[name][rows] = codes(found, len(rows))
    columns.rows["navigation"][rows] = codes(
        map(_NAVIGATION_CODES.__getitem__, page["navigation"]), len(rows)
    )


def write_tests(columns: Columns) -> None:
    """`test`, with its group; both `(other)` where the site declares no such test or group."""
    rows, sites, tests = columns.present("test")
    columns.rows["test_seq"][rows] = columns.seq[rows]
    test = transposed(tests, ("name", "group"))
    keys = zip(sites, test["name"], test["group"], strict=True)
    found = codes(map(columns.declared.tests.get, keys, repeat(UNDECLARED)), len(rows))
    for row in rows[found == UNDECLARED].tolist():
        columns.note(row, Issue.TEST_UNDECLARED)
    found[found == UNDECLARED] = columns.declared.other_test
    columns.rows["test"][rows] = found


def write_agents(columns: Columns, agents: Agents) -> None:
    """`agent` and `country`; a country of the wrong form is absent."""
    rows = columns.rows
    for name, found in (
        ("agent", agents.codes(columns.of_line["ua"], resolve_agent)),
        ("country", map(_COUNTRY_CODES.get, columns.of_line["country"], repeat(0))),
    ):
        rows[name] = codes(found, len(columns))
        rows[f"{name}_seq"] = np.where(rows[name] != 0, columns.seq, rows[f"{name}_seq"])


def write_visitors(columns: Columns) -> None:
    """`new_today` and `new_this_month`."""
    rows, _, visitors = columns.present("visitor")
    columns.rows["visitor_seq"][rows] = columns.seq[rows]
    _write_flags(columns, rows, visitors, ("new_today", "new_this_month"))


def write_hints(columns: Columns) -> None:
    """`mobile`, which is a group of its own, and `webdriver`."""
    rows, _, browsers = columns.present("browser")
    mobile, webdriver = _flags(browsers, ("mobile", "webdriver"))
    columns.rows["mobile"][rows] = mobile
    hinted = rows[mobile != ABSENT]
    columns.rows["mobile_seq"][hinted] = columns.seq[hinted]
    columns.rows["webdriver"][rows] = webdriver == TRUE


def write_delivery(columns: Columns) -> None:
    """`first_load`, `served` and `cache_hit`."""
    rows, _, deliveries = columns.present("delivery")
    columns.rows["delivery_seq"][rows] = columns.seq[rows] + 1
    _write_flags(columns, rows, deliveries, ("first_load", "served", "cache_hit"))


def _write_flags(
    columns: Columns, rows: NDArray[np.int64], groups: Sequence[Any], names: tuple[str, ...]
) -> None:
    for name, flags in zip(names, _flags(groups, names), strict=True):
        columns.rows[name][rows] = flags


def _flags(groups: Sequence[Any], names: tuple[str, ...]) -> NDArray[np.uint8]:
    """Flags of groups by their names, shape (names, groups): all of a group are looked up at once."""
    combined = map(_COMBINATIONS[len(names)].__getitem__, map(attrgetter(*names), groups))
    powers = len(_FLAGS) ** np.arange(len(names))[::-1, None]
    return (codes(combined, len(groups)) // powers % len(_FLAGS)).astype(np.uint8)
