"""`bellrock search`: objects for other dashboards, and the daily tidying of indices."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bellrock.config import Config
from bellrock.serve import _arguments
from bellrock.sites import add_site
from bellrock.store.search import SearchStore, open_search_store
from store.search.test_writing import minutes

MINUTE = 29_000_000


def bellrock(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bellrock", "search", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def url(opensearch_url: str) -> str:
    return f"opensearch://{opensearch_url.removeprefix('http://')}/test-{uuid4()}"


@pytest.fixture
def store(url: str) -> Iterator[SearchStore]:
    opened = open_search_store(url)
    yield opened
    opened._client.indices.delete(index=f"{opened._prefix}*")
    opened.close()


def test_objects_are_lines_of_json_for_a_timer_and_a_prefix() -> None:
    ran = bellrock("objects", "--timer", "inp", "--prefix", "shops")
    assert ran.returncode == 0, ran.stderr
    pattern, chart = map(json.loads, ran.stdout.splitlines())
    assert (pattern["type"], pattern["attributes"]["title"]) == ("index-pattern", "shops.*@*")
    assert chart["type"] == "visualization"
    assert "timers.inp.cells" in chart["attributes"]["visState"]


def test_tidying_deletes_what_is_older_only_where_it_is_told_to(
    url: str, store: SearchStore, tmp_path: Path
) -> None:
    sites = tmp_path / "sites.toml"
    add_site(sites, "shop", "EUR")
    store.write({"minute": minutes(1)}, 1)
    asked = ["tidy", "--store", url, "--sites", str(sites)]
    told = bellrock(*asked)
    assert told.stdout == "shop: an index a year, 0 deleted\n?: an index a year, 0 deleted\n"
    assert len(store.indices.of_site("shop")) == 1
    told = bellrock(*asked, "--keep-days", "1")
    assert told.stdout.startswith("shop: an index a year, 1 deleted\n")
    assert store.indices.of_site("shop") == []


def test_tidying_without_a_store_says_what_to_do(tmp_path: Path) -> None:
    ran = bellrock("tidy", "--data", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Give --store, or set `store`" in ran.stderr


def test_the_password_of_a_store_is_no_argument_of_a_process() -> None:
    arguments = _arguments(Config(store="opensearch://writer:s3cret@h", marks="bots"))
    assert "--marks=bots" in arguments
    assert not any("s3cret" in argument or "--store" in argument for argument in arguments)
