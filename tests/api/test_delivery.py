"""How beacons came, over HTTP: counts, shares, spans, and what is refused."""

from typing import Any

import polars as pl
import pytest
from litestar.testing import TestClient

from bellrock.query.interval import between
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

Client = TestClient[Any]
FROM, TO = "2026-11-23T05:00Z", "2026-11-23T06:00Z"
FIRST = between(FROM, TO).start


def row(browser: str, transport: str, *counts: int, **more: Any) -> dict[str, Any]:
    names = ("navigations", "loads", "vitals", "beacons")
    key = {"site": "shop-a", "minute": FIRST, "browser": browser, "transport": transport}
    return key | dict(zip(names, counts, strict=True)) | more


@pytest.fixture(autouse=True)
def delivered(store: DuckDBStore) -> None:
    rows = [
        row("Safari", "beacon", 4, 3, 2, 12),
        row("Chrome", "fetchLater", 0, 0, 5, 6),
        row("Chrome", "beacon", 8, 7, 1, 16),
        row("Chrome", "beacon", 0, 1, 0, 1, minute=FIRST + 59),
        row("Other", "", 0, 1, 0, 1),
        row("Chrome", "beacon", 100, 100, 100, 300, minute=FIRST - 1),
        row("Chrome", "beacon", 100, 100, 100, 300, minute=FIRST + 60),
        row("Chrome", "beacon", 100, 100, 100, 300, site="shop-b"),
    ]
    store.commit(
        StoredStep(
            {"delivery": pl.DataFrame(rows)},
            pl.DataFrame(),
            b"",
            base=True,
            position=2,
            watermark=0,
        )
    )


def asked(client: Client, headers: dict[str, str], **params: str) -> Any:
    span = {"site": "shop-a", "from": FROM, "to": TO} | params
    answer = client.get("/api/v1/delivery", headers=headers, params=span)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_counts_come_by_browser_and_transport_and_shares_by_browser_and_in_all(
    client: Client, token: dict[str, str]
) -> None:
    def total(n: int, loads: int, v: int, b: int, *shares: float | None) -> dict[str, Any]:
        names = ("navigations", "loads", "vitals", "beacons", "load_share", "vitals_share")
        return dict(zip(names, (n, loads, v, b, *shares), strict=True))

    def transport(name: str, n: int, loads: int, v: int, b: int) -> dict[str, Any]:
        return {"transport": name, "navigations": n, "loads": loads, "vitals": v, "beacons": b}

    assert asked(client, token) == {
        "site": "shop-a",
        "from": FROM,
        "to": TO,
        "total": total(12, 12, 8, 36, 1.0, 8 / 12),
        "browsers": [
            {
                "browser": "Chrome",
                "total": total(8, 8, 6, 23, 1.0, 0.75),
                "transports": [
                    transport("beacon", 8, 8, 1, 17),
                    transport("fetchLater", 0, 0, 5, 6),
                ],
            },
            {
                "browser": "Other",
                "total": total(0, 1, 0, 1, None, None),
                "transports": [transport("", 0, 1, 0, 1)],
            },
            {
                "browser": "Safari",
                "total": total(4, 3, 2, 12, 0.75, 0.5),
                "transports": [transport("beacon", 4, 3, 2, 12)],
            },
        ],
    }


def test_what_is_settled_counts_as_what_is_fresh(
    client: Client, token: dict[str, str], store: DuckDBStore
) -> None:
    before = asked(client, token)
    store.settle()
    assert asked(client, token) == before


def test_a_span_is_widened_to_whole_hours(client: Client, token: dict[str, str]) -> None:
    found = asked(
        client, token, **{"from": "2026-11-23T06:59:30+01:00", "to": "2026-11-23T05:59:59Z"}
    )
    assert (found["from"], found["to"]) == (FROM, TO)
    assert found["total"] == asked(client, token)["total"]


def test_a_span_may_last_until_the_end_of_time(client: Client, token: dict[str, str]) -> None:
    found = asked(client, token, to="9999-12-31T23:59Z")
    assert (found["from"], found["to"]) == (FROM, "9999-12-31T23:59Z")


def test_where_nothing_came_shares_are_null(client: Client, token: dict[str, str]) -> None:
    found = asked(client, token, **{"from": "2020-01-01T00:00Z", "to": "2020-01-02T00:00Z"})
    assert found["browsers"] == []
    assert found["total"]["beacons"] == 0
    assert found["total"]["load_share"] is found["total"]["vitals_share"] is None


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"site": ""}, "site", "Name the site"),
        ({"from": ""}, "from", "is no ISO 8601 time"),
        ({"from": "yesterday"}, "from", "'yesterday' is no ISO 8601 time"),
        ({"from": "2026-11-23T05:00"}, "from", "has no time zone"),
        ({"to": "24h"}, "to", "is no ISO 8601 time"),
        ({"to": FROM}, "to", "is not after the start"),
    ],
)
def test_what_is_wrong_is_named(
    client: Client, token: dict[str, str], change: dict[str, str], field: str, said: str
) -> None:
    span = {"site": "shop-a", "from": FROM, "to": TO} | change
    answer = client.get("/api/v1/delivery", headers=token, params=span)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert said in answer.json()["detail"]


def test_without_parameters_the_site_is_asked_for(client: Client, token: dict[str, str]) -> None:
    answer = client.get("/api/v1/delivery", headers=token)
    assert (answer.status_code, answer.json()["field"]) == (400, "site")
