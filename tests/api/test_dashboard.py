"""The dashboard's files are served as they were built."""

from collections.abc import Callable
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.api.app import create_app
from bellrock.api.dashboard import PAGES
from bellrock.progress import Progress
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore

Client = TestClient[Litestar]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_the_one_page_and_is_asked_for_again(client: Client, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "<title>bellrock" in answer.text


def test_a_hashed_asset_is_kept_for_ever_and_travels_packed(client: Client) -> None:
    answer = client.get("/assets/index-Ab12.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == "console.log('bellrock');" * 100
    plain = client.get("/assets/index-Ab12.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text


def test_a_file_that_has_not_changed_is_not_sent_again(client: Client) -> None:
    etag = client.get("/").headers["etag"]
    again = client.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_files_at_the_root_of_the_build_are_served(client: Client) -> None:
    assert client.get("/icon.svg").headers["content-type"] == "image/svg+xml"


def test_without_a_build_the_pages_say_so_and_the_api_works(
    store: DuckDBStore,
    sites: dict[str, Site],
    accounts: Accounts,
    progress: Progress,
    clock: Callable[[], float],
    tmp_path: Path,
) -> None:
    app = create_app(store, store, sites, accounts, progress, clock, dashboard=tmp_path / "none")
    with TestClient(app) as client:
        answer = client.get("/overview")
        assert answer.status_code == 503
        assert "make demo" in answer.json()["detail"]
        assert client.get("/api/v1/health").json() == {"status": "ok"}
