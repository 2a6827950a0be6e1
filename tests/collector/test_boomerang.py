"""What the boomerang library sends, and the beacons it becomes."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.collector.boomerang import boomerang_elements, translate
from bellrock.collector.elements import Element
from bellrock.collector.exchange import Request
from bellrock.collector.limits import TooLarge
from bellrock.normalise.check import BeaconCheck
from bellrock.schema.site import Site
from bellrock.schema.site import Test as Split

VISITOR, PAGE = "0f4c24e1-9b3e-4c7e-a7b4-1f2e3d4c5b6a", "a1b2c3d4"
SESSION, IMPRESSION = f"{VISITOR}-t5tmqd", f"{VISITOR}-{PAGE}"
START = 1_795_412_520_000
# As version 1.815.1 sends it, but for what has no place here.
LOAD = {
    "v": "1.815.1",
    "n": "1",
    "u": "https://shop.example/p/17?token=secret#part",
    "r": "https://search.example/?q=secret",
    "pid": PAGE,
    "rt.si": SESSION,
    "rt.ss": str(START),
    "rt.sl": "1",
    "rt.start": "navigation",
    "t_done": "1240",
    "t_resp": "182",
    "t_page": "1058",
    "t_other": "t_domloaded|578,boomerang|5,boomr_fb|310,hero|903.5,Bad-Name|1,late|NaN",
    "nt_nav_st": str(START),
    "nt_act_st": str(START),
    "nt_nav_type": "0",
    "nt_res_st": f"{START + 182}.4",
    "nt_domcontloaded_st": str(START + 700),
    "nt_load_st": str(START + 1200),
    "pt.fcp": "611.2",
    "pt.lcp": "900",
    "c.cls": "0.013",
    "et.inp.inc": "40",
    "ua.plt": "Linux x86_64",
    "mob.etype": "4g",
    "dom.ln": "1234",
    "h.pg": "product",
    "h.ab": "B",
}
BEACON = {
    "v": 1,
    "site": "shop-a",
    "session": SESSION,
    "impression": IMPRESSION,
    "seq": 0,
    "type": "load",
    "page": {
        "url": "https://shop.example/p/17",
        "referrer": "https://search.example/",
        "label": "product",
        "navigation": "navigate",
    },
    "test": {"name": "speed", "group": "B"},
    "timers": {
        "fcp": 611.2,
        "lcp": 900.0,
        "cls": 0.013,
        "ttfb": 182.4,
        "dcl": 700.0,
        "load": 1200.0,
        "hero": 903.5,
    },
    "browser": {"platform": "Linux x86_64"},
    "transport": "xhr",
}


def load(**changed: str | None) -> dict[str, Any]:
    fields = LOAD | {name.replace("__", "."): value for name, value in changed.items()}
    return translate({name: value for name, value in fields.items() if value is not None}, "shop-a", "speed")  # fmt: skip


def test_a_page_load_becomes_a_load_beacon() -> None:
    assert load() == BEACON


def test_what_it_becomes_has_no_issue() -> None:
    site = Site(
        key="shop-a",
        currency="EUR",
        order_key=b"",
        timers=("hero",),
        labels=("product",),
        tests=(Split(name="speed", control="A", groups={"A": 0.5, "B": 0.5}),),
    )
    sent = [load(), load(n="2", rt__quit="", et__inp="56"), load(n="3", http__initiator="spa")]
    lines = [msgspec.json.encode({"at": 0, "gpc": False, "beacon": beacon}) for beacon in sent]
    assert BeaconCheck({"shop-a": site})(lines) == [[], [], []]


@pytest.mark.parametrize(
    ("changed", "type_"),
    [
        ({}, "load"),
        ({"http__initiator": "spa_hard"}, "load"),
        ({"http__initiator": "spa"}, "load"),
        ({"http__initiator": "bfcache"}, "load"),
        ({"early": "1"}, "navigation"),
        ({"rt__quit": ""}, "vitals"),
        ({"rt__quit": "", "rt__abld": ""}, "navigation"),
        ({"http__initiator": "error"}, "event"),
        ({"http__initiator": "xhr"}, "event"),
        ({"http__initiator": "interaction"}, "event"),
    ],
)
def test_the_stage_is_told_by_what_made_the_library_send(
    changed: dict[str, str], type_: str
) -> None:
    assert load(**changed)["type"] == type_


def test_vitals_come_when_the_page_is_left_and_load_times_do_not_come_again() -> None:
    left = load(n="3", rt__quit="", et__inp="56", nt_load_st=None, nt_res_st=None)
    assert (left["type"], left["seq"], left["impression"]) == ("vitals", 2, IMPRESSION)
    assert left["timers"]["inp"] == 56
    assert not {"load", "ttfb"} & left["timers"].keys()


def test_a_soft_navigation_and_a_restored_page_are_impressions_of_their_own() -> None:
    for initiator, navigation in (("spa", "soft-navigation"), ("bfcache", "back-forward-cache")):
        again = load(n="4", http__initiator=initiator)
        assert (again["impression"], again["seq"]) == (f"{IMPRESSION}-4", 0)
        assert again["page"]["navigation"] == navigation
        assert again["timers"]["load"] == 1240
        assert not {"ttfb", "dcl"} & again["timers"].keys()


def test_without_navigation_timing_the_timers_of_the_library_stand_for_it() -> None:
    timers = load(nt_nav_st=None)["timers"]
    assert (timers["ttfb"], timers["load"], "dcl" in timers) == (182, 1240, False)


def test_a_prerendered_page_counts_from_when_it_was_shown() -> None:
    shown = load(nt_act_st=str(START + 400))
    assert shown["page"]["navigation"] == "prerender"
    assert (shown["timers"]["ttfb"], shown["timers"]["load"]) == (0, 800)
    assert load(vis__pre="1")["page"]["navigation"] == "prerender"


@pytest.mark.parametrize(
    ("type_", "navigation"), [("0", "navigate"), ("1", "reload"), ("2", "back-forward"), ("255", None)]
)  # fmt: skip
def test_how_the_page_was_reached_is_kept(type_: str, navigation: str | None) -> None:
    assert load(nt_nav_type=type_)["page"].get("navigation") == navigation


def test_a_request_of_the_page_is_an_event_on_the_page_and_not_on_what_was_asked() -> None:
    asked = load(http__initiator="xhr", u="https://api.example/cart?id=7", pgu="https://shop.example/p/17?a")  # fmt: skip
    assert asked["event"] == {"name": "xhr", "value": 1240}
    assert asked["page"]["url"] == "https://shop.example/p/17"
    assert "timers" not in asked
    assert "navigation" not in asked["page"]


def test_an_error_is_an_error() -> None:
    assert load(http__initiator="error", t_done=None)["event"] == {"name": "error"}


def test_what_is_missing_is_absent() -> None:
    assert translate({"v": "1", "u": ""}, "") == {"v": 1, "type": "load", "transport": "xhr"}
    assert "test" not in translate(LOAD, "shop-a")
    assert "transport" not in translate(LOAD, "shop-a", posted=False)
    assert load(sb="1")["transport"] == "beacon"


def request(method: str, target: str) -> Request:
    path, _, query = target.partition("?")
    return Request(method, path, {}, b"", query=query)


def post(body: bytes, target: str = "/boomerang/shop-a?test=speed") -> list[Element]:
    return boomerang_elements(request("POST", target), body)


@pytest.mark.parametrize(
    "body",
    [
        urlencode(LOAD).encode(),
        urlencode({"data": msgspec.json.encode(LOAD).decode()}).encode(),
        msgspec.json.encode(LOAD),
        b" [%b]" % msgspec.json.encode({**LOAD, "n": 1, "t_done": 1240, "x": None, "y": []}),
    ],
)
def test_a_beacon_is_read_in_every_form(body: bytes) -> None:
    (element,) = post(body)
    assert (element.is_beacon, element.site) == (True, "shop-a")
    assert msgspec.json.decode(element.text) == BEACON
    assert b"secret" not in element.text


def test_a_small_beacon_comes_in_the_query() -> None:
    target = f"/boomerang?site=shop-a&test=speed&{urlencode(LOAD)}"
    (element,) = boomerang_elements(request("GET", target), b"")
    expected = {name: value for name, value in BEACON.items() if name != "transport"}
    assert msgspec.json.decode(element.text) == expected
    assert element.site == "shop-a"


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"a=b", b"\xff=%ff", b"{", b"5", b'{"v":1}', b"[]", b"[[1]]", b"data=x", b"data=%7B"]
)  # fmt: skip
def test_what_is_no_beacon_of_the_library_is_kept_as_the_text_it_is(body: bytes) -> None:
    assert post(body) == [Element(body, is_beacon=False)]


def test_a_query_that_is_no_beacon_is_kept_as_the_text_it_is() -> None:
    found = boomerang_elements(request("GET", "/boomerang/shop-a?a=%20b"), b"")
    assert found == [Element(b"a=%20b", is_beacon=False)]


def test_too_many_beacons_are_refused_and_too_many_fields_are_none() -> None:
    with pytest.raises(TooLarge):
        post(b"[" + b",".join([b'{"v":1,"u":"x"}'] * 101) + b"]")
    many = b"v=1&u=2&" + b"a=1&" * 1000
    assert post(many) == [Element(many, is_beacon=False)]
    assert post(urlencode(LOAD).encode(), "/boomerang/shop-a?" + "a&" * 2000)[0].is_beacon


@given(
    st.dictionaries(
        st.sampled_from(list(LOAD)), st.text(max_size=20) | st.floats().map(str) | st.integers().map(str)
    ).map(lambda changed: LOAD | changed)
)  # fmt: skip
def test_no_value_makes_it_fail_or_leaves_what_is_not_json(fields: dict[str, str]) -> None:
    (element,) = post(urlencode(fields).encode())
    assert element.is_beacon
    assert b"\n" not in element.text
    msgspec.json.decode(element.text)
