"""Signing in and out, and what guards it."""

from collections.abc import Callable

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.api.auth import COOKIE
from bellrock.api.limits import Budget, Limits

Client = TestClient[Litestar]
PASSWORD = "correct horse battery"
VERA = {"name": "vera", "password": PASSWORD}
QUERY = {"site": "shop-a", "metrics": ["impressions"], "date_range": "all"}


@pytest.fixture
def vera(accounts: Accounts) -> None:
    accounts.add_user("vera", PASSWORD, "viewer", ["shop-a"])


@pytest.mark.usefixtures("vera")
def test_a_session_begins_with_login_and_ends_with_logout(client: Client) -> None:
    answer = client.post("/api/v1/login", json=VERA)
    assert (answer.status_code, answer.content) == (204, b"")
    session = client.cookies[COOKIE]
    me = client.get("/api/v1/me").json()
    assert me == {"name": "vera", "role": "viewer", "sites": ["shop-a"]}
    assert client.post("/api/v1/query", json=QUERY).status_code == 200
    out = client.post("/api/v1/logout")
    assert out.status_code == 204
    assert "Max-Age=0" in out.headers["set-cookie"]
    # The session itself is over, not only the cookie.
    assert client.get("/api/v1/me", headers={"Cookie": f"{COOKIE}={session}"}).status_code == 401


@pytest.mark.usefixtures("vera")
def test_the_cookie_is_kept_from_scripts_and_other_sites(client: Client) -> None:
    cookie = client.post("/api/v1/login", json=VERA).headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=1209600"} <= parts
    assert "secure" not in parts
    behind_tls = {"X-Forwarded-Proto": "https"}
    cookie = client.post("/api/v1/login", json=VERA, headers=behind_tls).headers["set-cookie"]
    assert "secure" in cookie.lower()


@pytest.mark.usefixtures("vera")
@pytest.mark.parametrize(("name", "password"), [("vera", "wrong password"), ("otto", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    client: Client, name: str, password: str
) -> None:
    answer = client.post("/api/v1/login", json={"name": name, "password": password})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Name and password do not belong together."
    assert "set-cookie" not in answer.headers


class TestGuessing:
    """Five attempts at once for a name and address, then one every twelve seconds."""

    @pytest.fixture
    def now(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def limits(self, now: list[float]) -> Limits:
        def clock() -> float:
            return now[0]

        return Limits(
            caller=Budget(3, 1.0, clock),
            attempt=Budget(5, 12.0, clock),
            address=Budget(8, 2, clock),
        )

    @pytest.fixture
    def attempt(self, client: Client) -> Callable[[str, str], int]:
        def attempt(name: str, password: str) -> int:
            body = {"name": name, "password": password}
            return client.post("/api/v1/login", json=body).status_code

        return attempt

    @pytest.mark.usefixtures("vera")
    def test_the_sixth_guess_must_wait(
        self, attempt: Callable[[str, str], int], client: Client, now: list[float]
    ) -> None:
        assert [attempt("vera", "wrong") for _ in range(6)] == [401] * 5 + [429]
        refused = client.post("/api/v1/login", json=VERA)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "12")
        now[0] = 12.0
        assert attempt("vera", PASSWORD) == 204

    @pytest.mark.usefixtures("vera")
    def test_a_success_forgives_the_failures(self, attempt: Callable[[str, str], int]) -> None:
        tries = ["wrong"] * 3 + [PASSWORD] + ["wrong"] * 4
        assert [attempt("vera", tried) for tried in tries] == [401] * 3 + [204] + [401] * 4

    def test_many_names_from_one_address_must_wait_too(
        self, attempt: Callable[[str, str], int]
    ) -> None:
        assert [attempt(f"user{n}", "wrong") for n in range(9)] == [401] * 8 + [429]

    def test_each_token_has_a_budget_of_its_own(
        self, client: Client, token: dict[str, str], foreign_token: dict[str, str]
    ) -> None:
        answers = [client.get("/api/v1/me", headers=token) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].headers["retry-after"] == "1"
        assert client.get("/api/v1/me", headers=foreign_token).status_code == 200


class TestOtherPages:
    """A browser that another site's page makes send something."""

    @pytest.fixture(autouse=True)
    def _signed_in(self, vera: None, client: Client) -> None:
        assert client.post("/api/v1/login", json=VERA).status_code == 204

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver.local"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://testserver.local.evil.example"},
            {"Origin": "http://testserver.local:8080"},
        ],
    )
    @pytest.mark.parametrize("path", ["/api/v1/login", "/api/v1/logout", "/api/v1/query"])
    def test_it_is_refused(self, client: Client, path: str, headers: dict[str, str]) -> None:
        body = VERA if path.endswith("login") else QUERY
        answer = client.post(path, json=body, headers=headers)
        assert answer.status_code == 403
        assert "Another site's page" in answer.json()["detail"]
        assert client.get("/api/v1/me").status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Sec-Fetch-Site": "same-origin"},
            {"Origin": "http://testserver.local"},
            # Behind a proxy the host may differ; the browser still says where it is from.
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://bellrock.example"},
        ],
    )
    def test_the_dashboards_own_requests_pass(
        self, client: Client, headers: dict[str, str]
    ) -> None:
        assert client.post("/api/v1/query", json=QUERY, headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    )
    def test_a_form_cannot_send_a_body(self, client: Client, media_type: str) -> None:
        headers = {"Content-Type": media_type}
        for path in ("/api/v1/login", "/api/v1/query", "/api/v1/histogram", "/api/v1/logout"):
            answer = client.post(path, content=b"{}", headers=headers)
            assert answer.status_code == 415, path
            assert "application/json" in answer.json()["detail"]
