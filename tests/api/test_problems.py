"""Whatever goes wrong is a problem document (RFC 9457), and says no more than it should."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.api.app import SECURITY_HEADERS
from bellrock.store.duckdb import DuckDBStore

Client = TestClient[Litestar]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"{}", "site"),
        (b'{"site":"shop-a","metrics":["lcp75"],"date_range":"1h"}', "metrics[0]"),
        (b'{"site":"shop-a","metrics":["loads"],"date_range":"1x"}', "date_range"),
        (b'{"site":"shop-a","metrics":["loads"],"date_range":"1h","limit":1}', "limit"),
    ],
)
def test_bad_input_names_its_field(
    client: Client, token: dict[str, str], body: bytes, field: str
) -> None:
    headers = token | {"Content-Type": "application/json"}
    answer = client.post("/api/v1/query", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"title", "status", "detail", "field"}
    assert (problem["title"], problem["status"], problem["field"]) == ("Bad Request", 400, field)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("GET", "/assets/../../accounts.sqlite", 404),
        ("GET", "/api/v1/query", 405),
        ("DELETE", "/api/v1/me", 405),
    ],
)
def test_a_wrong_address_or_method_is_a_problem_document(
    client: Client, token: dict[str, str], method: str, path: str, status: int
) -> None:
    answer = client.request(method, path, headers=token)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_body_beyond_64_kib_is_refused(client: Client, token: dict[str, str]) -> None:
    answer = client.post("/api/v1/query", json={"site": "x" * 70_000}, headers=token)
    assert answer.status_code == 413
    assert "64 KiB" in answer.json()["detail"]


def test_live_without_a_site_names_the_field(client: Client, token: dict[str, str]) -> None:
    answer = client.get("/api/v1/live", headers=token)
    assert (answer.status_code, answer.json()["field"]) == (400, "site")


def test_an_unforeseen_error_does_not_show_its_inside(
    client: Client, token: dict[str, str], store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[object]:
        message = "secret inside"
        raise RuntimeError(message)

    monkeypatch.setattr(DuckDBStore, "measures", fail)
    query = {"site": "shop-a", "metrics": ["loads"], "date_range": "1h"}
    answer = client.post("/api/v1/query", json=query, headers=token)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_every_answer_has_the_security_headers(client: Client, token: dict[str, str]) -> None:
    for path in ("/", "/assets/index-Ab12.js", "/api/v1/me", "/api/v1/health", "/nothing"):
        for headers in ({}, token):
            answer = client.get(path, headers=headers)
            for name, value in SECURITY_HEADERS.items():
                assert answer.headers[name] == value, (path, name)


def test_scripts_need_no_eval_and_nothing_is_loaded_from_elsewhere() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy == (
        "default-src 'self'; img-src 'self' data:; object-src 'none';"
        " frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


def test_no_answer_of_the_api_is_kept_by_caches(client: Client, token: dict[str, str]) -> None:
    for path in ("/api/v1/me", "/api/v1/sites", "/api/v1/nothing"):
        assert client.get(path, headers=token).headers["cache-control"] == "no-store"
