"""The canonical text: the same documents give the same bytes."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from bellrock.canonical import canonical_text, minute_text
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import KEY
from bellrock.schema.measures import ADDITIVE_NAMES
from bellrock.sites import parse_sites

SITES = parse_sites(
    f"""
[[site]]
key = "shop-b"
currency = "EUR"
order_key = "{"ab" * 32}"

[[site]]
key = "shop-l"
currency = "EUR"
order_key = "{"ab" * 32}"
dimensions = ["label"]
""",
    "sites",
)
MINUTE = 1_795_412_520 // 60
AT: dict[str, Any] = dict.fromkeys(KEY) | {
    "site": "shop-b", "minute": MINUTE, "test": "speed", "group": "B", "browser": "Chrome",
    "device": "desktop", "bot": "",
}  # fmt: skip
IN_TEXT = (
    '"bot":"",{0}"browser":"Chrome","device":"desktop","group":"B",{1}"kind":"minute",'
    '{2}"minute":"2026-11-23T05:42Z",{3}"site":"shop-b","test":"speed"'
)


def documents(
    minutes: Sequence[dict[str, Any]] = (),
    timers: Sequence[dict[str, Any]] = (),
    issues: Sequence[dict[str, Any]] = (),
) -> Deltas:
    zero = dict.fromkeys(ADDITIVE_NAMES, 0)
    rows = {
        "minutes": [AT | zero | row for row in minutes],
        "timers": [AT | row for row in timers],
        "issues": [{"site": "?", "minute": MINUTE} | row for row in issues],
    }
    return Deltas(
        **{
            name: pl.DataFrame(found, schema=getattr(NO_DELTAS, name).schema)
            for name, found in rows.items()
        }
        | {name: getattr(NO_DELTAS, name) for name in ("clusters", "cluster_timers", "delivery")}
    )


def lcp(cell: int, count: int, total: int, **key: Any) -> dict[str, Any]:
    return {"timer": "lcp", "cell": cell, "count": count, "sum": total} | key


def text(**rows: list[dict[str, Any]]) -> str:
    return canonical_text(documents(**rows), SITES).decode()


def test_the_text_of_the_specification_comes_out_byte_for_byte() -> None:
    measures = dict.fromkeys(
        ["bounces", "impressions", "loads", "session_impressions", "sessions"], 1
    )
    assert text(
        minutes=[measures | {"beacons": 5}],
        timers=[lcp(320, 1, 812_000)],
        issues=[{"issue": "malformed", "lines": 3}],
    ) == (
        '{"beacons":5,"bot":"","bounces":1,"browser":"Chrome","device":"desktop","group":"B",'
        '"impressions":1,"kind":"minute","lcp":{"cells":[[320,1]],"count":1,"sum":812000},'
        '"loads":1,"minute":"2026-11-23T05:42Z","session_impressions":1,"sessions":1,'
        '"site":"shop-b","test":"speed"}\n'
        '{"issue":"malformed","kind":"issues","lines":3,"minute":"2026-11-23T05:42Z","site":"?"}\n'
    )


def test_several_rows_of_a_document_are_summed_whatever_their_order() -> None:
    rows = [{"beacons": 5, "events": 2}, {"beacons": -3, "events": -2}, {"beacons": 1}]
    cells = [lcp(7, 1, 100), lcp(3, 2, 50), lcp(7, 4, 400), lcp(-1, 1, 0)]
    once = text(minutes=rows, timers=cells)
    assert once == text(minutes=rows[::-1], timers=cells[::-1])
    assert json.loads(once) | {"lcp": None} == json.loads(once) | {"lcp": None, "beacons": 3}
    assert json.loads(once)["lcp"] == {"cells": [[-1, 1], [3, 2], [7, 5]], "count": 8, "sum": 550}


def test_cells_ascend_as_numbers() -> None:
    cells = [lcp(cell, 1, 1) for cell in (100, 9, 544, -1, 20)]
    found = json.loads(text(timers=cells))["lcp"]["cells"]
    assert found == [[-1, 1], [9, 1], [20, 1], [100, 1], [544, 1]]


def test_zeros_are_left_out() -> None:
    only = json.loads(text(minutes=[{"beacons": 1}], timers=[lcp(-1, 2, 0), lcp(5, 0, 0)]))
    assert only["lcp"] == {"cells": [[-1, 2]], "count": 2}
    assert set(only) - set(AT) == {"kind", "beacons", "lcp"}


def test_a_document_of_zeros_does_not_exist() -> None:
    assert text(minutes=[{"beacons": 2}, {"beacons": -2}]) == ""
    assert text(timers=[lcp(5, 1, 9), lcp(5, -1, -9)]) == ""
    assert text(issues=[{"issue": "field", "lines": 1}, {"issue": "field", "lines": -1}]) == ""


def test_a_document_may_have_timers_alone() -> None:
    expected = IN_TEXT.format("", "", '"lcp":{"cells":[[5,1]],"count":1,"sum":9},', "")
    assert text(timers=[lcp(5, 1, 9)]) == "{" + expected + "}\n"


def test_only_the_dimensions_that_a_site_has_chosen_are_in_its_documents() -> None:
    rows = [{"site": site, "label": "home", "country": "DE", "beacons": 1} for site in SITES]
    labelled, plain = map(json.loads, text(minutes=rows).splitlines())
    assert (labelled["site"], labelled["label"]) == ("shop-l", "home")
    assert not {"label", "country"} & set(plain)
    assert "country" not in labelled


def test_lines_are_sorted_by_their_bytes() -> None:
    """Which is not the order of UTF-16, nor of rows."""
    labels = ["z", "\uffee", "\U0001f6d2", "a", "\u00e9", "Z"]
    rows = [{"site": "shop-l", "label": label, "beacons": 1} for label in labels]
    lines = text(minutes=rows).splitlines()
    assert [json.loads(line)["label"] for line in lines] == sorted(labels, key=str.encode)
    assert lines == sorted(lines, key=str.encode)


def test_texts_are_not_escaped_beyond_the_needs_of_json() -> None:
    label = 'caf\u00e9 \U0001f6d2 " \\ / \x7f \n'
    made = text(minutes=[{"site": "shop-l", "label": label, "beacons": 1}])
    assert '"label":"caf\u00e9 \U0001f6d2 \\" \\\\ / \x7f \\n"' in made


@pytest.mark.parametrize(
    ("minute", "shown"),
    [
        (0, "1970-01-01T00:00Z"),
        (MINUTE, "2026-11-23T05:42Z"),
        (253_402_300_800 // 60 - 1, "9999-12-31T23:59Z"),
    ],
)
def test_a_minute_is_shown_in_utc(minute: int, shown: str) -> None:
    assert minute_text(minute) == shown
