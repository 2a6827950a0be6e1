"""Marks of bots over HTTP: who may see which, and who decides."""

from typing import Any

import polars as pl
import pytest
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.marks.contract import Mark
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

Client = TestClient[Any]
PASSWORD = "correct horse battery"
OF_A = {"site": "shop-a", "agent": "Fetcher/1.0"}
OF_B = {"site": "shop-b", "agent": "Crawler é\"'%"}
EVIDENCE = {"since": "2026-11-23T05:42Z", "sessions": 25, "suspicious": 24, "state": "active"}
CHANGES = {"lift": "lifted", "everywhere": "everywhere", "restore": "active"}


@pytest.fixture(autouse=True)
def marked(store: DuckDBStore) -> None:
    marks = EmbeddedMarks(store.marks, store.edition)
    marks.mark([Mark(m["site"], m["agent"], 29_923_542, 25, 24) for m in (OF_A, OF_B)])
    step = StoredStep({}, pl.DataFrame(), b"", False, 2, 0, marks=marks.pending())
    store.commit(step)


@pytest.fixture
def admin(client: Client, accounts: Accounts) -> dict[str, str]:
    """The headers of a signed-in administrator."""
    return signed_in(client, accounts, "ada", "admin")


def signed_in(client: Client, accounts: Accounts, name: str, role: Any) -> dict[str, str]:
    accounts.add_user(name, PASSWORD, role, ["shop-a"])
    answer = client.post("/api/v1/login", json={"name": name, "password": PASSWORD})
    client.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]}


def listed(client: Client, headers: dict[str, str], **params: str) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/bots", headers=headers, params=params)
    assert answer.status_code == 200
    marks: list[dict[str, Any]] = answer.json()["marks"]
    return marks


def test_an_administrator_sees_every_mark_with_its_evidence(
    client: Client, admin: dict[str, str]
) -> None:
    assert listed(client, admin) == [OF_A | EVIDENCE, OF_B | EVIDENCE]
    assert listed(client, admin, site="shop-b") == [OF_B | EVIDENCE]
    assert listed(client, admin, site="shop-c") == []


def test_others_see_those_of_their_own_sites_alone(
    client: Client, token: dict[str, str], foreign_token: dict[str, str], accounts: Accounts
) -> None:
    viewer = signed_in(client, accounts, "viewer", "viewer")
    assert listed(client, token) == listed(client, viewer) == [OF_A | EVIDENCE]
    assert listed(client, foreign_token) == [OF_B | EVIDENCE]
    for headers in (token, viewer):
        answer = client.get("/api/v1/bots", headers=headers, params={"site": "shop-b"})
        assert answer.status_code == 403
        assert "Crawler" not in answer.text


@pytest.mark.parametrize(("name", "state"), CHANGES.items())
def test_an_administrator_decides(
    client: Client, admin: dict[str, str], store: DuckDBStore, name: str, state: str
) -> None:
    before = store.edition()
    answer = client.post(f"/api/v1/bots/{name}", headers=admin, json=OF_B)
    assert (answer.status_code, answer.content) == (204, b"")
    assert listed(client, admin) == [OF_A | EVIDENCE, OF_B | EVIDENCE | {"state": state}]
    assert store.edition() == before + 1


@pytest.mark.parametrize("name", CHANGES)
def test_nobody_else_decides_not_even_about_an_own_site(
    client: Client, token: dict[str, str], accounts: Accounts, store: DuckDBStore, name: str
) -> None:
    viewer = signed_in(client, accounts, "viewer", "viewer")
    for headers in (token, viewer):
        answer = client.post(f"/api/v1/bots/{name}", headers=headers, json=OF_A)
        assert answer.status_code == 403
    assert {mark.state for mark in store.marks()} == {"active"}


def test_what_was_never_marked_is_not_found(client: Client, admin: dict[str, str]) -> None:
    for body in (OF_A | {"agent": "x"}, OF_A | {"site": "nowhere"}):
        answer = client.post("/api/v1/bots/lift", headers=admin, json=body)
        assert answer.status_code == 404
        assert "There is no mark" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"site": "shop-a"}, OF_A | {"agent": 1}, OF_A | {"more": 1}])
def test_a_body_of_another_form_is_refused(
    client: Client, admin: dict[str, str], body: Any
) -> None:
    assert client.post("/api/v1/bots/lift", headers=admin, json=body).status_code == 400
