"""A body becomes elements: beacons byte for byte, and everything else as the text it is."""

import json
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.collector.elements import Element, elements
from bellrock.collector.limits import DEPTH, TooLarge


def beacon(text: bytes) -> Element:
    return Element(text, is_beacon=True)


def other(text: bytes) -> Element:
    return Element(text, is_beacon=False)


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"v":1,"sit":"shop-a"}',
        b'{ "v" : 1.0e0 , "unknown" : [ {} ] }',
        b'{"a":1,"a":2}',
        b'{"number":1e400,"other":-0,"long":' + b"9" * 5000 + b"}",
        b'{"lone":"\\ud800","pair":"\\ud83d\\ude00"}',
        '{"name":"Grüße 😀"}'.encode(),
        b'{"lone":"\\udc00","number":1e400,"long":' + b"9" * 5000 + b"}",
    ],
)
def test_an_object_is_kept_byte_for_byte_alone_and_in_an_array(text: bytes) -> None:
    assert elements(text) == [beacon(text)]
    assert elements(b" \t" + text + b"\r\n") == [beacon(text)]
    assert elements(b"[" + text + b" ,\n" + text + b"]") == [beacon(text), beacon(text)]


@pytest.mark.parametrize(
    ("text", "site"),
    [
        (b'{"v":1,"site":"shop-a"}', "shop-a"),
        (b'{"page":{"site":"inner"},"s\\u0069te" : "shop\\u002da"}', "shop-a"),
        (b'{"site":"first","site":"shop-a"}', "shop-a"),
        (b'{"v":1}', ""),
        (b'{"site":7}', ""),
        (b'{"site":null,"a":[1e400]}', ""),
        (b'{"site":"\\ud800"}', ""),
    ],
)
def test_a_beacon_is_known_by_the_site_that_it_names(text: bytes, site: str) -> None:
    assert elements(text) == elements(b"[" + text + b"]")
    assert elements(text) == [Element(text, is_beacon=True, site=site)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"NaN",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity,"b":"\\ud800"}',
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1} {"b":2}',
        b'{"a":"\x01"}',
        b'{"a":"line\nend"}',
        b'{"a":"\\x"}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a":1',
        b"[{},]",
        b"[{},,{}]",
        b"[{}",
        b"[{}]]",
        b"[{}],[{}]",
        b'[{"a":"\\ud800"},]',
        b'[{"a":"\\ud800"},{"b":NaN}]',
        "{}".encode("utf-16"),
    ],
)
def test_a_body_that_is_not_json_is_one_element_and_no_beacon(body: bytes) -> None:
    assert elements(body) == [other(body)]


@pytest.mark.parametrize("value", [b"1", b"null", b"true", b'"text"', b"[]", b"[{}]", b"1e400"])
def test_an_element_that_is_no_object_is_no_beacon(value: bytes) -> None:
    assert elements(b"[" + value + b",{}]") == [other(value), beacon(b"{}")]


def test_an_empty_array_has_no_elements() -> None:
    assert elements(b"[]") == []
    assert elements(b" [ ] ") == []


def test_line_ends_between_tokens_become_spaces_so_that_a_line_stays_a_line() -> None:
    assert elements(b'{\r\n"a":\n1}') == [beacon(b'{  "a": 1}')]
    assert elements(b'[{\n"lone":"\\ud800"}]') == [beacon(b'{ "lone":"\\ud800"}')]


def test_a_beacon_may_have_62_levels() -> None:
    assert elements(nested(DEPTH)) == [beacon(nested(DEPTH))]
    assert elements(b"[" + nested(DEPTH) + b"]") == [beacon(nested(DEPTH))]


@pytest.mark.parametrize("levels", [DEPTH + 1, 64, 900, 1100, 30_000])
def test_one_that_is_nested_deeper_is_no_beacon_and_its_neighbours_are(levels: int) -> None:
    deep = nested(levels)
    assert elements(deep) == [other(deep)]
    assert elements(b'[{"a":1},' + deep + b',{"b":2}]') == [
        beacon(b'{"a":1}'),
        other(deep),
        beacon(b'{"b":2}'),
    ]


def test_brackets_within_text_are_no_levels() -> None:
    text = b'{"a":"' + b"[{" * 100 + b'\\"]","b":"' + b"[" * 100 + b'"}'
    assert elements(text) == [beacon(text)]


def test_many_brackets_side_by_side_are_not_deep() -> None:
    text = b'{"a":[' + b",".join([b"[]"] * 100) + b"]}"
    assert elements(text) == [beacon(text)]


def test_an_array_may_have_100_elements_and_no_more() -> None:
    assert len(elements(b"[" + b",".join([b"{}"] * 100) + b"]")) == 100
    with pytest.raises(TooLarge):
        elements(b"[" + b",".join([b"{}"] * 101) + b"]")
    with pytest.raises(TooLarge):
        elements(b'["\\ud800",' + b",".join([b"{}"] * 100) + b"]")


def refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(
    value=st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=3),
    ascii_only=st.booleans(),
)
def test_every_json_object_comes_back_as_it_was_sent(
    value: list[dict[str, object]], ascii_only: bool
) -> None:
    texts = [json.dumps(each, ensure_ascii=ascii_only) for each in value]
    body = f"[{','.join(texts)}]"
    try:
        expected = [beacon(text.encode()) for text in texts]
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8: only its escape can be sent
        return
    if not is_json(body):  # json.dumps writes Infinity
        expected = [other(body.encode())]
    assert elements(body.encode()) == expected


@settings(deadline=None)
@given(
    body=st.text(alphabet='[]{}",:\\u08dNa1e.- \n', max_size=40)
    | st.from_regex(r'\[?\{"a":[^a-z]{0,12}\}\]?', fullmatch=True)
)
def test_what_is_json_is_judged_as_the_standard_library_does(body: str) -> None:
    found = elements(body.encode(errors="replace"))
    if is_json(body) and isinstance(value := json.loads(body), dict):
        assert [json.loads(element.text) for element in found if element.is_beacon] == [value]
    elif not is_json(body):
        assert found == [other(body.encode(errors="replace"))]
