"""The fast path and the slow path read every line alike."""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bellrock.normalise import exact
from bellrock.normalise.decode import decode_line, is_blank, session_of
from bellrock.normalise.steps import (
    Declared,
    beacon_row,
    declare_test,
    declare_timers,
    value_order,
)
from bellrock.schema import wire
from bellrock.schema.issue import Issue
from strategies import SITES, START, beacon, encode

WHOLE: dict[str, Any] = {
    "at": START,
    "ua": "curl/8",
    "country": "DE",
    "gpc": False,
    "raw": None,
    "beacon": beacon(
        page={
            "url": "https://shop.example/",
            "referrer": "x",
            "label": "home",
            "navigation": "reload",
            "release": "r1",
        },
        test={"name": "speed", "group": "B", "rb": 63},
        delivery=dict.fromkeys(["enabled", "served", "cacheHit", "firstLoad", "swSupported"], True),
        timers={"ttfb": 0, "lcp": 812.3, "cls": 0.1, "hero": 5, "nowhere": 1},
        event={"name": "error", "value": 1.5, "props": {"colour": "red"}},
        order={"id": "o-1", "value": 19.99, "currency": "EUR", "items": 2},
        visitor={"newToday": True, "newThisMonth": False},
        browser={"mobile": False, "platform": "Linux", "webdriver": False, "width": "1024"},
        transport="beacon",
        sentAt=17.25,
        unknown={"deep": [1, {"x": None}]},
    ),
}
# Texts of JSON values; `MARK` is replaced by one of them.
VALUES = """null "" true false 0 -0 -0.0 1 1.0 1e0 63 64 63.0 -1 1.5 1e400 -1e400 1e-400 600000 600001
 123456789012345678901234567890 9007199254740993 "1" "true" "x" "EUR" "\\ud800" "\\ud83d\\uded2"
 "\\u0000" "\\n" "\u00e9" [] {} [1] [{}] {"":null} {"name":"a"} {"name":"a","group":null}
 {"a":"b","a":"c"} {"a":1,"a":"c"} {"id":null} {"id":"o","value":null,"currency":"EUR"}
 {"id":"o","value":1,"currency":null} {"id":"","value":1,"currency":"EUR"} {"lcp":1e400}""".split()
MARK = "MARK"
PIECES = [
    *(bytes([byte]) for byte in b'"\\{}[],:0-e.+ \t\x00\x1f\x7f\xff'),
    *(b"NaN", b"Infinity", b"1e400", b"null", b"\\ud800", b"\\u0041", b"\xed\xa0\x80"),
    *(
        b"\xef\xbb\xbf",
        b"\xc0\xaf",
        b"//",
        b'"v":1,',
        b'"seq":1.0,',
        b'"at":null,',
        b"[[[[",
        b"]]]]",
    ),
]


def paths(value: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    return [path] * bool(path) + [p for name, v in inner for p in paths(v, (*path, name))]


PATHS = paths(WHOLE)


@st.composite
def near_lines(draw: st.DrawFn) -> bytes:
    """The whole line with some fields left out, wrong or repeated."""
    line = json.loads(json.dumps(WHOLE))
    texts: list[str] = []
    for path in draw(st.lists(st.sampled_from(PATHS), max_size=4)):
        place = line
        for name in path[:-1]:
            place = place.get(name) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            continue
        if draw(st.booleans()):
            place.pop(path[-1], None)
        else:
            place[path[-1]] = f"{MARK}{len(texts)}"
            texts.append(draw(st.sampled_from(VALUES)))
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=draw(st.booleans()))
    for number, value in enumerate(texts):
        text = text.replace(f'"{MARK}{number}"', value)
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(['"v"', '"seq"', '"lcp"', '"page"', '"served"', '"value"']))
        text = text.replace(f"{name}:", f"{name}:{draw(st.sampled_from(VALUES))},{name}:", 1)
    return text.encode()


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    """A line with pieces put in or bytes cut out anywhere."""
    line = draw(near_lines())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(line)))
        cut = draw(st.sampled_from([0, 0, 0, 1, 2, 9]))
        line = line[:start] + draw(st.sampled_from(PIECES)) + line[start + cut :]
    return line


def read(path: Callable[[bytes], tuple[wire.Line, set[Issue]]], line: bytes) -> Any:
    """All that becomes of a line: its fatal issue, or its row, timers, order and issues."""
    try:
        decoded, issues = path(line)
    except exact.Refused as refused:
        return refused.issue, refused.at, refused.site
    declared = Declared(SITES["shop"])
    issues = set(issues)
    test = declare_test(decoded.beacon.test, declared, issues)
    timers = sorted(declare_timers(decoded.beacon.timers, declared, issues))
    order = value_order(decoded.beacon.order, declared, issues)
    row = beacon_row(decoded, declared, test, has_order=order is not None)
    return decoded.at, row, timers, order, issues


@settings(max_examples=400, deadline=None)
@given(near_lines())
@example(encode(START, beacon(order={"id": "o-1", "value": None, "currency": "EUR"})))
@example(encode(START, beacon(order={"id": "o-1", "value": 5, "currency": None})))
@example(encode(START, beacon(order={"id": None, "value": 5, "currency": "EUR"})))
@example(encode(START, beacon(timers={"lcp": 10**400})))
def test_both_paths_read_a_line_alike(line: bytes) -> None:
    assert read(decode_line, line) == read(exact.read_line, line)


@settings(max_examples=400, deadline=None)
@given(damaged_lines())
@example(encode(START, beacon(unknown="?")).replace(b"?", b"\xff"))
@example(encode(START, beacon(unknown="?")).replace(b"?", b"\xed\xa0\x80"))
@example(encode(START, beacon(unknown="?")).replace(b'"?"', b"[" * 200 + b"]" * 200))
def test_both_paths_read_a_damaged_line_alike(line: bytes) -> None:
    assert read(decode_line, line) == read(exact.read_line, line)


@settings(max_examples=200, deadline=None)
@given(st.one_of(near_lines(), damaged_lines()))
@example(encode(START, beacon(session="0session-00000000")))
@example(encode(START, beacon(session="too-short")))
def test_a_line_is_sharded_by_the_session_of_its_beacon_whatever_else_is_wrong(line: bytes) -> None:
    document = exact.parse(line)
    body = document.get("beacon") if isinstance(document, dict) else None
    named = body.get("session") if isinstance(body, dict) else None
    usable = isinstance(named, str) and re.fullmatch(r"[A-Za-z0-9_-]{16,64}", named)
    assert session_of(line) == (named if usable else None)


def test_a_plain_line_takes_the_fast_path() -> None:
    """Else the two paths would agree for want of a second one, and be slow."""
    plain = json.loads(json.dumps(WHOLE))
    assert msgspec.json.decode(json.dumps(plain), type=wire.Line).beacon.seq == 0


@pytest.mark.parametrize("line", [b"", b" ", b"\t \r\n"])
def test_white_space_is_no_line(line: bytes) -> None:
    assert is_blank(line)


@pytest.mark.parametrize("line", [b"\x00", b"\x0b", b"\xc2\xa0", b"\xef\xbb\xbf", b"{}"])
def test_other_bytes_are_a_line(line: bytes) -> None:
    assert not is_blank(line)
