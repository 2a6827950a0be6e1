"""GET /metrics: who may read it, and what stands in it."""

from typing import Any

import pytest
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.schema.site import Site

Client = TestClient[Any]
PASSWORD = "correct horse battery"


def test_programs_with_a_token_read_it_in_the_format_of_prometheus(
    client: Client, token: dict[str, str]
) -> None:
    answer = client.get("/metrics", headers=token)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    assert "\nbellrock_lines_total 0.0\n" in answer.text


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("viewer", 403)])
def test_of_people_administrators_read_it(
    client: Client, accounts: Accounts, role: Any, status: int
) -> None:
    accounts.add_user("ada", PASSWORD, role, ["shop-a"])
    client.post("/api/v1/login", json={"name": "ada", "password": PASSWORD})
    assert client.get("/metrics").status_code == status


def test_strangers_do_not(client: Client) -> None:
    assert client.get("/metrics").status_code == 401


def test_no_site_is_named_in_it(
    client: Client, token: dict[str, str], sites: dict[str, Site]
) -> None:
    text = client.get("/metrics", headers=token).text
    assert [key for key in sites if key in text] == []
