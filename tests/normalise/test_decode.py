"""The fast path and the slow path read every line alike."""

import json
import re
from typing import Any, NoReturn
from unittest.mock import patch

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bellrock.names import Names
from bellrock.normalise import block, decode, exact
from bellrock.normalise.block import Normalised, Normaliser
from bellrock.normalise.decode import route_of
from bellrock.schema import wire
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
    """The whole line with some fields left out, wrong or repeated, or one that nobody knows."""
    line = json.loads(json.dumps(WHOLE))
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.sampled_from([line, line["beacon"], line["beacon"]["page"]]))
        place["unknown"] = {"deep": [1, {"x": None}]}
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


def read(line: bytes) -> Normalised:
    """All that becomes of a line."""
    return Normaliser(SITES, Names())([line])


def read_slowly(line: bytes) -> Normalised:
    """The same by the slow path alone."""

    def refuse(_: bytes) -> NoReturn:
        raise msgspec.DecodeError

    with patch.object(decode, "_decode", refuse):
        return read(line)


def assert_alike(line: bytes) -> None:
    fast, slow = read(line), read_slowly(line)
    for found, wanted in zip(fast, slow, strict=True):
        if isinstance(found, np.ndarray):
            assert found.tobytes() == wanted.tobytes()
        else:
            assert found == wanted


@settings(max_examples=400, deadline=None)
@given(near_lines())
@example(encode(START, beacon(order={"id": "o-1", "value": None, "currency": "EUR"})))
@example(encode(START, beacon(order={"id": "o-1", "value": 5, "currency": None})))
@example(encode(START, beacon(order={"id": None, "value": 5, "currency": "EUR"})))
@example(encode(START, beacon(timers={"lcp": 10**400})))
def test_both_paths_read_a_line_alike(line: bytes) -> None:
    assert_alike(line)


@settings(max_examples=400, deadline=None)
@given(damaged_lines())
@example(encode(START, beacon(unknown="?")).replace(b"?", b"\xff"))
@example(encode(START, beacon(unknown="?")).replace(b"?", b"\xed\xa0\x80"))
@example(encode(START, beacon(unknown="?")).replace(b'"?"', b"[" * 200 + b"]" * 200))
def test_both_paths_read_a_damaged_line_alike(line: bytes) -> None:
    assert_alike(line)


@settings(max_examples=200, deadline=None)
@given(st.one_of(near_lines(), damaged_lines()))
@example(encode(START, beacon(session="0session-00000000")))
@example(encode(START, beacon(session="too-short")))
def test_a_line_is_sharded_by_the_session_of_its_beacon_whatever_else_is_wrong(line: bytes) -> None:
    document = exact.parse(line)
    body = document.get("beacon") if isinstance(document, dict) else None
    named = body.get("session") if isinstance(body, dict) else None
    usable = isinstance(named, str) and re.fullmatch(r"[A-Za-z0-9_-]{16,64}", named)
    at, session = route_of(line)
    assert session == (named if usable else None)
    assert [at] == [None if at == wire.UNTIMED else at for at in read(line).at.tolist()]


def test_a_plain_line_takes_the_fast_path() -> None:
    """Else the two paths would agree for want of a second one, and be slow."""
    plain = json.loads(json.dumps(WHOLE))
    assert msgspec.json.decode(json.dumps(plain), type=wire.Line).beacon.seq == 0


def test_what_a_line_says_besides_changes_nothing() -> None:
    more = json.loads(json.dumps(WHOLE))
    for place in (more, more["beacon"], *more["beacon"].values()):
        if isinstance(place, dict) and place is not more["beacon"]["timers"]:
            place["unknown"] = {"deep": [1, {"x": None}]}
    plain, said = read(json.dumps(WHOLE).encode()), read(json.dumps(more).encode())
    assert said.rows.tobytes() == plain.rows.tobytes()
    assert said.issues == plain.issues


@pytest.mark.parametrize("line", [b"", b" ", b"\t \r\n"])
def test_white_space_is_no_line(line: bytes) -> None:
    assert read(line).lines == 0
    assert route_of(line) == (None, None)


@pytest.mark.parametrize("line", [b"\x00", b"\x0b", b"\xc2\xa0", b"\xef\xbb\xbf", b"{}"])
def test_other_bytes_are_a_line(line: bytes) -> None:
    assert read(line).lines == 1


@pytest.mark.parametrize(
    "line",
    [
        encode(START, beacon(session="sixteen-letters\0")),
        encode(START, beacon(session="session-00000001\0\0")),
        encode(START, beacon(impression="impressi\u00f6n-000001")),
        encode(START, beacon(impression="i" * 65)),
        encode(START, beacon(impression="i" * 10_000)),
        encode(START, beacon(session="")),
        encode(START, beacon(site="shop\n")),
        encode(START, beacon(), country="DEU"),
        encode(START, beacon(), country="\u0130E"),
        encode(START, beacon(order={"id": "o", "value": 1, "currency": "EURO"})),
    ],
)
def test_what_has_a_form_is_held_against_it_by_both_paths(line: bytes) -> None:
    """The typed decoder leaves these to be looked at many at once."""
    assert_alike(line)


@pytest.mark.parametrize("depth", [63, 64, 65])
def test_depth_and_utf8_are_looked_at_line_by_line_in_a_block(depth: int) -> None:
    deep = encode(START, beacon(unknown="?")).replace(b'"?"', b"[" * depth + b"]" * depth)
    damaged = encode(START, beacon(1, unknown="?")).replace(b"?", b"\xff")
    fine = encode(START, beacon(2, unknown="[" * 100 + "\u20ac"))
    read_together = Normaliser(SITES, Names())([fine, deep, damaged, fine])
    assert {issue.line for issue in read_together.issues} == ({1, 2} if depth > 62 else {2})
    assert read_together.line.tolist() == ([0, 3] if depth > 62 else [0, 1, 3])


@settings(max_examples=20, deadline=None)
@given(lines=st.lists(near_lines(), min_size=1, max_size=8), at_once=st.integers(1, 3))
def test_a_block_is_read_as_its_lines_are_one_by_one(lines: list[bytes], at_once: int) -> None:
    with patch.object(block, "_AT_ONCE", at_once):
        together = Normaliser(SITES, Names())(lines)
    alone = Normaliser(SITES, Names())
    parts = [alone([line]) for line in lines]
    assert together.at.tolist() == [part.at[0] for part in parts]
    assert together.rows.tobytes() == b"".join(part.rows.tobytes() for part in parts)
    assert together.line.tolist() == [n for n, part in enumerate(parts) if len(part.rows)]
    assert list(together.orders.values()) == [o for part in parts for o in part.orders.values()]
    assert [(issue.line, issue.issue) for issue in together.issues] == [
        (n, issue.issue) for n, part in enumerate(parts) for issue in part.issues
    ]
