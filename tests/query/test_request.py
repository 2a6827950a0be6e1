"""The form of requests: what is right becomes a struct, what is wrong names its field."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.query.invalid import InvalidRequest
from bellrock.query.request import HistogramRequest, Pagination, QueryRequest, decode

LEAST = {"site": "shop-a", "metrics": ["impressions"], "date_range": "30m"}


def refused(**change: object) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        decode(QueryRequest, msgspec.json.encode(LEAST | change))
    return caught.value


def test_the_least_request_gets_every_default() -> None:
    asked = decode(QueryRequest, msgspec.json.encode(LEAST))
    assert asked.dimensions == ()
    assert asked.filters == ()
    assert asked.include.bots is False
    assert asked.pagination == Pagination(limit=10_000, offset=0)


def test_a_request_cannot_be_changed() -> None:
    asked = decode(QueryRequest, msgspec.json.encode(LEAST))
    with pytest.raises(AttributeError):
        asked.site = "shop-b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"metric": []}, "metric", "Did you mean 'metrics'?"),
        ({"include": {"bot": True}}, "include.bot", "Did you mean 'bots'?"),
        ({"pagination": {"limitt": 1}}, "pagination.limitt", "Did you mean 'limit'?"),
        ({"zzzz": 1}, "zzzz", "Known are site, metrics, date_range"),
        ({"site": 5}, "site", "Expected `str`, got `int`."),
        ({"metrics": []}, "metrics", "length >= 1"),
        ({"metrics": "impressions"}, "metrics", "Expected `array`, got `str`."),
        ({"date_range": ["2026-11-23T05:12Z"]}, "date_range", "length 2"),
        ({"filters": [["equals", "group", ["A"]]]}, "filters[0][0]", "begins with is or is_not"),
        ({"filters": [["is", "group", []]]}, "filters[0][2]", "length >= 1"),
        ({"filters": [["is", "group", [1]]]}, "filters[0][2][0]", "Expected `str`"),
        ({"order_by": [["impressions", "up"]]}, "order_by[0][1]", "asc or desc"),
        ({"include": {"bots": "yes"}}, "include.bots", "Expected `bool`"),
        ({"pagination": {"limit": 10_001}}, "pagination.limit", "<= 10000"),
        ({"pagination": {"limit": 0}}, "pagination.limit", ">= 1"),
        ({"pagination": {"offset": -1}}, "pagination.offset", ">= 0"),
    ],
)
def test_what_is_wrong_names_its_field(change: dict[str, object], field: str, words: str) -> None:
    error = refused(**change)
    assert error.field == field
    assert words in error.detail


def test_what_is_missing_names_its_field() -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(QueryRequest, b'{"metrics":["impressions"],"date_range":"30m"}')
    assert (caught.value.field, caught.value.detail) == ("site", "This field is required.")


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(QueryRequest, body)
    assert caught.value.field == "body"


def test_a_histogram_is_by_group_or_whole() -> None:
    body = {"site": "shop-a", "timer": "lcp", "date_range": "30m", "by": "browser"}
    with pytest.raises(InvalidRequest, match="group or null") as caught:
        decode(HistogramRequest, msgspec.json.encode(body))
    assert caught.value.field == "by"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*QueryRequest.__struct_fields__, "x"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*QueryRequest.__struct_fields__, "x"]), JSON))
def test_any_json_is_a_request_or_a_named_refusal(body: dict[str, object]) -> None:
    try:
        decode(QueryRequest, msgspec.json.encode(LEAST | body))
    except InvalidRequest as error:
        assert error.field
        assert error.detail.endswith((".", "?"))
