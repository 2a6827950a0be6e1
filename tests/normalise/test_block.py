"""Lines to beacons and issues: every kind of issue by its own example, and what is used all the same."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import strategies
from bellrock.names import Names
from bellrock.normalise.block import Normalised, Normaliser
from bellrock.schema.agent import BROWSERS, SYSTEMS
from bellrock.schema.codes import COUNTRIES
from bellrock.schema.impression import IMPRESSION, NO_TIMER
from bellrock.schema.issue import Issue
from bellrock.schema.timers import SLOTS, VITAL_NAMES
from bellrock.schema.wire import NAVIGATIONS, TRANSPORTS
from strategies import SITES, START, beacon, encode

names = Names()
normalise = Normaliser(SITES, names)
FATAL = {Issue.MALFORMED, Issue.VERSION, Issue.SCHEMA, Issue.SITE_UNKNOWN}
LONE = "\ud800"
FLAGS = ("first_load", "served", "cache_hit", "mobile", "new_today", "new_this_month")


def normalise_beacon(**fields: Any) -> Normalised:
    return normalise([encode(START, beacon(**fields))])


def issues_of(block: Normalised) -> list[tuple[str, str]]:
    return sorted((found.site, found.issue.value) for found in block.issues)


def the_row(block: Normalised) -> dict[str, Any]:
    """The first row in words, None where something is absent."""
    row = dict(zip(IMPRESSION.names or (), block.rows[0].tolist(), strict=True))
    flags = {0: None, 1: False, 2: True}
    agent = names.agents.table[row["agent"]]
    test, group = names.tests.value(row["test"])
    return (
        row
        | {name: names.texts.value(row[name]) or None for name in ("site", "label", "release")}
        | {name: flags[row[name]] for name in FLAGS}
        | {"timers": block.rows["timers"][0].tolist()}
        | {"test": test or None, "group": group or None}
        | {"country": COUNTRIES[row["country"]] or None}
        | {"navigation": (None, *NAVIGATIONS)[row["navigation"]]}
        | {"browser": BROWSERS[agent["browser"]], "os": SYSTEMS[agent["os"]]}
    )


def timers_of(block: Normalised) -> dict[str, int]:
    names = [*VITAL_NAMES, "hero"]
    found = zip(names, block.rows["timers"][0].tolist(), strict=False)
    return {name: micro for name, micro in found if micro != NO_TIMER}


GOOD = encode(START, beacon())


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"5",
        b'"text"',
        b"null",
        b"\xef\xbb\xbf" + GOOD,
        GOOD + b"}",
        GOOD.replace(b'"v"', b'"x":NaN,"v"'),
        GOOD.replace(b'"v"', b'"x":-Infinity,"v"'),
        GOOD.replace(b'"v"', b'"x":"\xff","v"'),
        GOOD.replace(b'"v"', b'"x":"\x01","v"'),
        GOOD.replace(b'"at"', b'"bt"'),
        GOOD.replace(b'{"at": ', b'{"at": -'),
        GOOD.replace(b'{"at": ', b'{"at": 0.5, "x": '),
        GOOD.replace(b'{"at": ', b'{"at": true, "x": '),
        GOOD.replace(b'{"at": ', b'{"at": "1", "x": '),
        GOOD.replace(b'{"at": ', b'{"at": 253402300800000, "x": '),
        GOOD.replace(b'{"at": ', b'{"at": 1e400, "x": '),
    ],
)
def test_what_is_no_json_object_with_a_time_is_malformed_and_has_no_time(line: bytes) -> None:
    block = normalise([line])
    assert issues_of(block) == [("?", "malformed")]
    assert block.at.tolist() == [-1]
    assert len(block.rows) == 0


@pytest.mark.parametrize(
    ("envelope", "site"),
    [
        ({"raw": "<html>"}, "?"),
        ({"raw": 0, "beacon": beacon()}, "shop"),
        ({"raw": "x", "beacon": beacon(site="nowhere")}, "?"),
        ({"beacon": None}, "?"),
        ({"beacon": [beacon()]}, "?"),
        ({}, "?"),
    ],
)
def test_a_line_without_a_beacon_of_its_own_is_malformed_at_its_own_time(
    envelope: dict[str, Any], site: str
) -> None:
    block = normalise([json.dumps({"at": 7, **envelope}).encode()])
    assert issues_of(block) == [(site, "malformed")]
    assert block.at.tolist() == [7]


@pytest.mark.parametrize("raw", [None, ""])
def test_an_absent_raw_is_no_issue(raw: str | None) -> None:
    block = normalise([encode(START, beacon(), raw=raw)])
    assert (issues_of(block), len(block.rows)) == ([], 1)


@pytest.mark.parametrize("version", [None, 0, 2, "1", True, [1], 1.5])
def test_another_version_is_fatal_before_anything_else_is_looked_at(version: object) -> None:
    block = normalise_beacon(v=version, session="short", page=5)
    assert issues_of(block) == [("shop", "version")]
    assert (block.at.tolist(), len(block.rows)) == ([START], 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"session": "fifteen-letters"},
        {"session": "s" * 65},
        {"session": "sixteen letters!"},
        {"session": "session-00000001\n"},
        {"session": "sessi\u00f6n-00000001"},
        {"session": None},
        {"session": 1234567890123456},
        {"impression": ""},
        {"impression": "impression_00001\n"},
        {"seq": -1},
        {"seq": 64},
        {"seq": 1.5},
        {"seq": True},
        {"seq": "1"},
        {"seq": None},
        {"type": "Load"},
        {"type": ""},
        {"type": ["load"]},
    ],
)
def test_a_required_field_of_the_wrong_form_is_fatal(wrong: dict[str, Any]) -> None:
    block = normalise_beacon(**wrong, page=5)
    assert issues_of(block) == [("shop", "schema")]
    assert len(block.rows) == 0


def test_the_schema_is_judged_before_the_site_is_looked_up() -> None:
    assert issues_of(normalise_beacon(site="Shop")) == [("?", "schema")]
    assert issues_of(normalise_beacon(site="nowhere", seq=64)) == [("?", "schema")]
    assert issues_of(normalise_beacon(site="nowhere", page=5)) == [("?", "site.unknown")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"page": []},
        {"page": "home"},
        {"page": {"url": "u" * 2049}},
        {"page": {"referrer": 5}},
        {"page": {"label": "l" * 65}},
        {"page": {"label": LONE}},
        {"page": {"navigation": "sideways"}},
        {"page": {"release": {}}},
        {"test": True},
        {"test": {}},
        {"test": {"name": "speed"}},
        {"test": {"group": "A"}},
        {"test": {"name": "speed", "group": "g" * 33}},
        {"test": {"name": "speed", "group": "A", "rb": 64}},
        {"test": {"name": "speed", "group": "A", "rb": 0.5}},
        {"delivery": {"served": "true"}},
        {"delivery": {"enabled": 1}},
        {"timers": [1]},
        {"timers": {"lcp": "812"}},
        {"timers": {"lcp": True}},
        {"timers": {"hero": {}}},
        {"event": {}},
        {"event": {"name": "a", "value": "1"}},
        {"event": {"name": "a", "props": {"a": 1}}},
        {"event": {"name": "a", "props": {"a" * 65: "b"}}},
        {"event": {"name": "a", "props": {str(n): "x" for n in range(9)}}},
        {"order": {}},
        {"order": {"id": "", "value": 5, "currency": "EUR"}},
        {"order": {"id": "o-1", "value": None, "currency": "EUR"}},
        {"order": {"id": "o-1", "value": 5, "currency": None}},
        {"order": {"id": "o-1", "value": -1, "currency": "EUR"}},
        {"order": {"id": "o-1", "value": 10_000_001, "currency": "EUR"}},
        {"order": {"id": "o-1", "value": 5, "currency": "eur"}},
        {"order": {"id": "o-1", "value": 5, "currency": "EUR", "items": 1.5}},
        {"visitor": {"newToday": 0}},
        {"browser": {"mobile": "no"}},
        {"browser": {"width": "w" * 65}},
        {"transport": "pigeon"},
        {"sentAt": "17"},
    ],
)
def test_a_wrong_optional_field_is_one_issue_and_keeps_the_beacon(wrong: dict[str, Any]) -> None:
    block = normalise_beacon(**wrong)
    assert issues_of(block) == [("shop", "field")]
    assert len(block.rows) == 1


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ('"timers":{"lcp":1e400}', "timer.range"),
        ('"timers":{"lcp":-1e400}', "timer.range"),
        ('"event":{"name":"a","value":1e400}', "field"),
        ('"order":{"id":"o","value":1e400,"currency":"EUR"}', "field"),
        ('"sentAt":1e400', "field"),
        ('"seq":1e400', "schema"),
        ('"v":1e400', "version"),
    ],
)
def test_a_number_beyond_all_doubles_is_infinite(text: str, issue: str) -> None:
    line = GOOD[:-2] + b"," + text.encode() + b"}}"
    assert issues_of(normalise([line])) == [("shop", issue)]


@pytest.mark.parametrize("absent", [None, ""])
def test_what_is_null_or_empty_is_absent_without_an_issue(absent: object) -> None:
    names = "page test delivery timers event order visitor browser transport sentAt".split()
    block = normalise_beacon(**dict.fromkeys(names, absent))
    assert issues_of(block) == []
    inner = normalise_beacon(
        page=dict.fromkeys(["url", "referrer", "label", "navigation", "release"], absent),
        test={"name": "speed", "group": "A", "rb": absent},
        delivery={"served": absent},
        timers={"lcp": absent, "nowhere": absent},
        event={"name": "a", "value": absent, "props": {"a": absent}},
        browser={"mobile": absent, "platform": absent},
    )
    assert issues_of(inner) == []
    of_the_groups = {"test", "group", "test_seq", "page_seq", "delivery_seq"}
    absent_row, inner_row = (
        {name: value for name, value in the_row(part).items() if name not in of_the_groups}
        for part in (block, inner)
    )
    assert absent_row == inner_row


def test_what_stands_beside_a_wrong_field_is_used() -> None:
    block = normalise_beacon(
        page={"url": 5, "label": "home", "navigation": "reload"},
        test={"name": "speed", "group": "B", "rb": 99},
        delivery={"served": "yes", "firstLoad": True},
        visitor={"newToday": [], "newThisMonth": True},
        browser={"mobile": True, "width": 5, "webdriver": True},
    )
    row = the_row(block)
    assert issues_of(block) == [("shop", "field")]
    assert (row["label"], row["navigation"], row["test"], row["group"]) == (
        "home",
        "reload",
        "speed",
        "B",
    )
    assert (row["served"], row["first_load"]) == (None, True)
    assert (row["new_today"], row["new_this_month"]) == (None, True)
    assert (row["mobile"], row["webdriver"]) == (True, True)


@pytest.mark.parametrize(
    ("timers", "issues", "usable"),
    [
        ({"lcp": -0.001, "fcp": 5}, ["timer.range"], {"fcp": 5000}),
        ({"lcp": 600_000, "fcp": 600_000.01}, ["timer.range"], {"lcp": 600_000_000}),
        ({"cls": 100, "ttfb": 0}, [], {"cls": 100_000_000, "ttfb": 0}),
        ({"cls": 100.01, "hero": 100.01}, ["timer.range"], {"hero": 100_010}),
        ({"nowhere": -1, "": 5, "hero": 1}, ["timer.undeclared"], {"hero": 1000}),
        ({"nowhere": "x", "inp": "x", "dcl": -1}, ["field", "timer.range", "timer.undeclared"], {}),
    ],
)
def test_timers_are_judged_one_by_one(
    timers: dict[str, Any], issues: list[str], usable: dict[str, int]
) -> None:
    block = normalise_beacon(timers=timers)
    assert [issue for _, issue in issues_of(block)] == issues
    assert timers_of(block) == usable


def test_a_timer_of_another_site_is_not_declared() -> None:
    block = normalise_beacon(site="kiosk", timers={"hero": 5, "lcp": 5})
    assert issues_of(block) == [("kiosk", "timer.undeclared")]
    assert timers_of(block) == {"lcp": 5000}


@pytest.mark.parametrize(
    ("name", "group"), [("speed", "C"), ("colour", "A"), ("Speed", "A"), ("speed", "(other)")]
)
def test_a_test_that_the_site_does_not_declare_becomes_other(name: str, group: str) -> None:
    block = normalise_beacon(test={"name": name, "group": group})
    assert issues_of(block) == [("shop", "test.undeclared")]
    assert (the_row(block)["test"], the_row(block)["group"]) == ("(other)", "(other)")


def test_an_undeclared_label_or_release_becomes_other_without_an_issue() -> None:
    block = normalise_beacon(page={"label": "l" * 64, "release": "\U0001f6d2" * 64})
    assert issues_of(block) == []
    assert (the_row(block)["label"], the_row(block)["release"]) == ("(other)", "(other)")


@pytest.mark.parametrize(
    ("order", "issues", "value"),
    [
        ({"id": "o-1", "value": 19.99, "currency": "EUR"}, [], 1999),
        ({"id": "o-1", "value": 1e7, "currency": "EUR"}, [], 10**9),
        ({"id": "o-1", "value": 5, "currency": "USD"}, ["order.currency"], 0),
        ({"id": "o-1", "value": "5", "currency": "USD"}, ["field", "order.currency"], 0),
        ({"id": "o-1", "value": "5", "currency": "EUR"}, ["field"], 0),
        ({"id": "o-1", "value": 5, "currency": "E"}, ["field"], 0),
        ({"id": "o" * 128, "value": 0.005, "currency": "EUR"}, [], 1),
        ({"id": "o" * 129, "value": 5, "currency": "USD"}, ["field", "order.currency"], None),
        ({"id": 5, "value": 5, "currency": "EUR"}, ["field"], None),
    ],
)
def test_an_order_counts_by_its_id_and_is_worth_what_value_and_currency_say(
    order: dict[str, Any], issues: list[str], value: int | None
) -> None:
    block = normalise_beacon(order=order)
    assert [issue for _, issue in issues_of(block)] == issues
    assert {row: found.value for row, found in block.orders.items()} == (
        {} if value is None else {0: value}
    )


@pytest.mark.parametrize(("site", "value", "minor"), [("shop", 1.005, 100), ("kiosk", 10.5, 11)])
def test_minor_units_are_those_of_the_sites_currency(site: str, value: float, minor: int) -> None:
    currency = SITES[site].currency
    block = normalise_beacon(site=site, order={"id": "o", "value": value, "currency": currency})
    assert block.orders[0].value == minor


@pytest.mark.parametrize(("levels", "fine"), [(62, True), (63, False), (100_000, False)])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"x":', b"}")])
def test_64_levels_are_json_and_65_are_not(
    levels: int, fine: bool, opening: bytes, closing: bytes
) -> None:
    """The line is level 1, its beacon level 2."""
    inside = b"0" if opening != b"[" else b""
    deep = opening * levels + inside + closing * levels
    block = normalise([encode(START, beacon(unknown="?")).replace(b'"?"', deep)])
    assert issues_of(block) == ([] if fine else [("?", "malformed")])


def test_brackets_in_texts_are_no_levels() -> None:
    assert issues_of(normalise_beacon(unknown='[{"\\[' * 200, page={"label": "[" * 64})) == []


def test_a_lone_surrogate_is_json_but_no_text() -> None:
    assert issues_of(normalise_beacon(unknown=LONE)) == []
    assert issues_of(normalise_beacon(session=LONE * 16)) == [("shop", "schema")]
    paired = normalise_beacon(page={"label": "\U0001f6d2"})
    assert (issues_of(paired), the_row(paired)["label"]) == ([], "(other)")
    assert the_row(normalise([encode(START, beacon(), ua=LONE)]))["agent_seq"] == 255


def test_of_equal_keys_the_last_holds() -> None:
    line = GOOD.replace(b'"seq": 0', b'"seq": "x", "seq": 3, "page": 5, "page": {"label": "home"}')
    block = normalise([line])
    assert (issues_of(block), the_row(block)["seen"], the_row(block)["label"]) == ([], 8, "home")
    assert issues_of(normalise([line.replace(b'"v": 1', b'"v": 1, "v": 2')])) == [
        ("shop", "version")
    ]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    line = GOOD.replace(b'"seq": 0', b'"seq": 63.0').replace(b'"v": 1', b'"v": 1e0')
    block = normalise([line.replace(str(START).encode(), f"{START}.0".encode())])
    assert (issues_of(block), block.at.tolist()) == ([], [START])
    assert the_row(block)["seen"] == 1 << 63


@pytest.mark.parametrize("country", ["de", "DEU", "D1", "", None, 5])
def test_a_country_of_the_wrong_form_is_absent_without_an_issue(country: object) -> None:
    block = normalise([encode(START, beacon(), country=country)])
    assert (issues_of(block), the_row(block)["country"]) == ([], None)


@pytest.mark.parametrize("agent", ["", None, "u" * 513, 5])
def test_a_user_agent_of_the_wrong_form_is_absent_without_an_issue(agent: object) -> None:
    row = the_row(normalise([encode(START, beacon(), ua=agent)]))
    assert (row["agent_seq"], row["browser"], row["os"]) == (255, "Other", "Other")


def test_rows_and_issues_carry_the_number_of_their_line() -> None:
    lines = [b"", GOOD, b"{", b" ", encode(5, beacon(page=5)), encode(6, beacon(site="nowhere"))]
    block = normalise(lines)
    assert block.lines == 4
    assert block.at.tolist() == [START, -1, 5, 6]
    assert block.line.tolist() == [0, 2]
    assert [(found.line, found.issue) for found in block.issues] == [
        (1, Issue.MALFORMED),
        (2, Issue.FIELD),
        (3, Issue.SITE_UNKNOWN),
    ]


def test_a_block_of_nothing_is_empty_and_has_all_columns() -> None:
    block = normalise([b"", b"\t"])
    assert block.lines == 0
    assert (len(block.rows), block.rows.dtype) == (0, IMPRESSION)
    assert len(block.sessions) == 0


@settings(max_examples=50, deadline=None)
@given(strategies.logs())
def test_every_line_is_a_row_or_has_one_fatal_issue_and_each_issue_once(log: list[bytes]) -> None:
    block = normalise(log)
    assert block.rows.dtype == IMPRESSION
    assert block.rows["timers"].shape == (len(block.line), SLOTS)
    assert (block.rows["beacons"] == 1).all()
    fatal = [found.line for found in block.issues if found.issue in FATAL]
    assert sorted([*fatal, *block.line.tolist()]) == list(range(block.lines))
    assert block.lines == sum(bool(line.strip()) for line in log)
    assert len({(found.line, found.issue) for found in block.issues}) == len(block.issues)
    others = {found.line for found in block.issues if found.issue not in FATAL}
    assert not others & set(fatal)


def test_how_a_beacon_came_stands_beside_its_row() -> None:
    said = [*TRANSPORTS, None, "pigeon", "", 5]
    lines = [encode(START, beacon(seq, transport=one)) for seq, one in enumerate(said)]
    lines.insert(1, b"{")
    block = normalise(lines)
    assert block.transports.tolist() == [1, 2, 3, 4, 0, 0, 0, 0]
    assert block.transports.dtype == np.uint8
    many = normalise(lines * 200)
    assert many.transports.tolist() == block.transports.tolist() * 200
