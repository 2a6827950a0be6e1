"""`bellrock serve` with its log in Kafka: created by the command, written by the collector, folded by the engine."""

import subprocess
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from bellrock.log.open import place_of
from bellrock.log.stamp import time_of
from bellrock.runners.fold import fold_lines
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore
from end_to_end.installation import BELLROCK, Installation, wait_until_folded
from log.visits import read_all
from stored import documents

VISITS = 200


def test_a_log_in_kafka_is_collected_and_folded_and_both_may_be_killed(
    tmp_path: Path, kafka_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"kafka://{kafka_servers}/served-{uuid4()}"
    made = subprocess.run(
        [*BELLROCK, "log", "create", url, "--partitions", "3"], capture_output=True, text=True
    )
    assert made.stdout == f"Made {url}, with 3 partitions.\n"
    monkeypatch.setenv("BELLROCK_LOG", url)
    with Installation(tmp_path) as bellrock:
        config = bellrock.config
        for begin in (0, VISITS):
            with httpx.Client(base_url=config.collect_address.url) as browser:
                for number in range(begin, begin + VISITS):
                    assert browser.post("/b", content=navigation(number)).status_code == 204
            wait_until_folded(config, begin + VISITS)
            bellrock.kill("engine")
            bellrock.kill("collect")
            until_it_answers(config.collect_address.url)
        assert bellrock.stop() == 0
        assert not config.log_directory.exists()
        with closing(place_of(url).log()) as log, closing(DuckDBStore(config.store_file)) as store:
            sites = load_sites(config.sites_file)
            lines = sorted(read_all(log))  # by their times, which they begin with
            assert len(lines) == 2 * VISITS == store.progress()[0]
            assert len(store.positions()) == 3
            assert documents(store, sites) == fold_lines(lines, sites, shards=3)
        exported = subprocess.run([*BELLROCK, "log", "export"], capture_output=True, check=True)
        assert sorted(exported.stdout.splitlines()) == lines
        times = [time_of(line) or 0 for line in exported.stdout.splitlines()]
        assert times == sorted(times)  # one collector after the other, so one clock


def navigation(number: int) -> bytes:
    return (
        b'{"v":1,"site":"demo-shop","session":"session-%08d","impression":"impression-%08d",'
        b'"seq":0,"type":"navigation"}' % (number // 3, number)
    )


def until_it_answers(url: str) -> None:
    with httpx.Client(
        base_url=url, timeout=60, transport=httpx.HTTPTransport(retries=10)
    ) as browser:
        assert browser.get("/health").status_code == 200
