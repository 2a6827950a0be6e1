"""Every endpoint, with a token of another site, with a revoked one, and with none."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.api.openapi import descriptions

Client = TestClient[Litestar]

PUBLIC = {"/api/v1/login", "/api/v1/health", "/api/v1/openapi.json"}
QUERY = {"site": "shop-a", "metrics": ["impressions"], "date_range": "all"}
HISTOGRAM = {"site": "shop-a", "timer": "lcp", "date_range": "all"}
DELIVERY = {"site": "shop-a", "from": "2026-11-23T05:00Z", "to": "2026-11-23T06:00Z"}
OF_A_SITE = [
    ("POST", "/api/v1/query", {"json": QUERY}),
    ("POST", "/api/v1/histogram", {"json": HISTOGRAM}),
    ("GET", "/api/v1/delivery", {"params": DELIVERY}),
    ("GET", "/api/v1/live", {"params": {"site": "shop-a"}}),
    ("GET", "/api/v1/bots", {"params": {"site": "shop-a"}}),
]


def test_the_list_of_endpoints_of_a_site_is_whole(app: Litestar) -> None:
    own = {"/api/v1/sites", "/api/v1/metrics-catalogue", "/api/v1/me", "/api/v1/logout"}
    administrators = {f"/api/v1/bots/{change}" for change in ("lift", "everywhere", "restore")}
    known = {path for _, path, _ in OF_A_SITE} | PUBLIC | own | administrators
    assert {path for path, _ in descriptions(app)} == known


def test_every_endpoint_that_is_not_public_demands_a_credential(
    app: Litestar, client: Client
) -> None:
    for path, method in descriptions(app):
        if path not in PUBLIC:
            answer = client.request(method, path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["title"] == "Unauthorized"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer br_0123456789_x", "Basic YTpi", "bearer null"]
)
def test_what_is_no_token_is_401_everywhere(app: Litestar, client: Client, header: str) -> None:
    for path, method in descriptions(app):
        if path not in PUBLIC:
            answer = client.request(method, path, headers={"Authorization": header})
            assert answer.status_code == 401, path


@pytest.mark.parametrize(("method", "path", "request_"), OF_A_SITE)
def test_a_token_of_another_site_is_forbidden(
    client: Client, foreign_token: dict[str, str], method: str, path: str, request_: Any
) -> None:
    answer = client.request(method, path, headers=foreign_token, **request_)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "may not see the site 'shop-a'" in answer.json()["detail"]


@pytest.mark.parametrize("values", [["shop-a"], ["' OR site = 'shop-a"], ["') OR true --"]])
def test_a_filter_does_not_reach_another_sites_rows(
    client: Client, foreign_token: dict[str, str], values: list[str]
) -> None:
    change = {"site": "shop-b", "filters": [["is_not", "browser", values]]}
    rows = client.post("/api/v1/query", headers=foreign_token, json=QUERY | change).json()
    assert rows["results"] == [{"dimensions": [], "metrics": [0]}]
    cells = client.post("/api/v1/histogram", headers=foreign_token, json=HISTOGRAM | change).json()
    assert cells["series"] == []


def test_sites_and_names_of_other_sites_are_not_listed(
    client: Client, token: dict[str, str], foreign_token: dict[str, str]
) -> None:
    def keys(headers: dict[str, str]) -> list[str]:
        listed = client.get("/api/v1/sites", headers=headers).json()["sites"]
        return [site["key"] for site in listed]

    assert keys(token) == ["shop-a"]
    assert keys(foreign_token) == ["shop-b"]
    assert client.get("/api/v1/me", headers=foreign_token).json()["sites"] == ["shop-b"]
    catalogue = client.get("/api/v1/metrics-catalogue", headers=foreign_token).text
    assert "hero" not in catalogue
    assert "hero.p75" in client.get("/api/v1/metrics-catalogue", headers=token).text


def test_a_site_does_not_show_its_order_key(client: Client, token: dict[str, str]) -> None:
    site = client.get("/api/v1/sites", headers=token).json()["sites"][0]
    assert set(site) == {"key", "currency", "dimensions", "labels", "timers", "tests"}
    assert site["tests"] == [{"name": "speed", "control": "A", "groups": {"A": 0.5, "B": 0.5}}]


def test_a_revoked_token_is_refused_from_then_on(
    client: Client, accounts: Accounts, token: dict[str, str]
) -> None:
    assert client.get("/api/v1/me", headers=token).status_code == 200
    accounts.revoke_token(token["Authorization"].removeprefix("Bearer "))
    assert client.get("/api/v1/me", headers=token).status_code == 401
