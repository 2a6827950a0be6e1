"""The collector as a process: started, used over the network, stopped, and killed."""

import asyncio
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from socket import inet_aton

import httpx
import msgspec
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from bellrock.collector import CollectorConfig, run
from bellrock.config import Config
from bellrock.errors import ConfigurationError, LogInUse
from bellrock.log.sqlite import SqliteLogReader
from bellrock.process import collect

_SERVE_UNTIL_THE_CLOCK_JUMPS = Path(__file__).with_name("serve_until_the_clock_jumps.py")
_spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def config(tmp_path: Path) -> CollectorConfig:
    return CollectorConfig(
        host="127.0.0.1", port=free_port(), log_directory=tmp_path / "log", policies={}
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def address(config: CollectorConfig) -> str:
    return f"http://{config.host}:{config.port}"


def collector(config: CollectorConfig) -> AbstractContextManager[BaseProcess]:
    return running(run, config, address(config))


@contextmanager
def running(serve: Callable[..., None], config: object, url: str) -> Iterator[BaseProcess]:
    """Run what serves that configuration, in a process of its own."""
    process = _spawn.Process(target=serve, args=(config,))
    process.start()
    try:
        until_it_answers(url, process)
        yield process
    finally:
        process.kill()
        process.join()


def until_it_answers(url: str, process: BaseProcess | subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/health").raise_for_status()
        except httpx.TransportError:
            alive = (
                process.poll() is None
                if isinstance(process, subprocess.Popen)
                else process.is_alive()
            )
            assert alive, "the collector did not start"
            time.sleep(0.05)
        else:
            return


def start_where_the_clock_will_jump(config: CollectorConfig) -> subprocess.Popen[bytes]:
    directory = str(config.log_directory)
    return subprocess.Popen(
        [sys.executable, _SERVE_UNTIL_THE_CLOCK_JUMPS, str(config.port), directory],
        stderr=subprocess.PIPE,
    )


def logged(config: CollectorConfig) -> list[int]:
    with closing(SqliteLogReader(config.log_directory)) as reader:
        lines = reader.read(0, 1_000_000).lines
    times = [msgspec.json.decode(line)["at"] for line in lines]
    assert times == sorted(times)
    return [msgspec.json.decode(line)["beacon"]["number"] for line in lines]


class Visitors:
    """Many browsers at once, who remember which beacons were answered 204."""

    def __init__(self, config: CollectorConfig) -> None:
        self._config = config
        self.sent, self.kept = 0, set[int]()

    async def send_for(self, process: BaseProcess, seconds: float, end: signal.Signals) -> None:
        """Send beacons concurrently; after some seconds the collector gets the signal."""
        async with httpx.AsyncClient(base_url=address(self._config)) as client:
            sending = [asyncio.create_task(self._send(client)) for _ in range(20)]
            await asyncio.sleep(seconds)
            os.kill(process.pid or 0, end)
            await asyncio.gather(*sending)

    async def _send(self, client: httpx.AsyncClient) -> None:
        while True:
            number, self.sent = self.sent, self.sent + 1
            try:
                answer = await client.post("/b", content=b'{"number":%d}' % number)
            except httpx.TransportError:
                return
            if answer.status_code != 204:
                return
            self.kept.add(number)


def test_every_beacon_that_was_answered_204_is_in_the_log_after_any_number_of_kills(
    config: CollectorConfig,
) -> None:
    visitors, moments = Visitors(config), random.Random(4711)
    for _ in range(4):
        before = len(visitors.kept)
        with collector(config) as process:
            moment = moments.uniform(0.2, 0.8)
            asyncio.run(visitors.send_for(process, moment, signal.SIGKILL))
            process.join(5)
            assert process.exitcode == -signal.SIGKILL
        assert len(visitors.kept) > before
    numbers = logged(config)
    assert visitors.kept <= set(numbers)
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_under_load_answers_what_it_has_and_exits_with_0(
    config: CollectorConfig, end: signal.Signals
) -> None:
    visitors = Visitors(config)
    with collector(config) as process:
        asyncio.run(visitors.send_for(process, 0.5, end))
        process.join(5)
        assert process.exitcode == 0
    assert len(visitors.kept) > 20
    assert visitors.kept <= set(logged(config))


def test_an_idle_connection_does_not_hold_up_a_stop(config: CollectorConfig) -> None:
    with collector(config) as process, httpx.Client(base_url=address(config)) as client:
        assert client.post("/b", content=b"{}").status_code == 204
        os.kill(process.pid or 0, signal.SIGTERM)
        process.join(5)
        assert process.exitcode == 0


def test_a_request_over_the_limit_is_refused_over_the_network_too(config: CollectorConfig) -> None:
    with collector(config), httpx.Client(base_url=address(config)) as client:
        assert client.post("/b", content=b"x" * 1_000_000).status_code == 413
        assert client.post("/b", content=b'{"number":1}').status_code == 204
    assert logged(config) == [1]


def test_a_second_collector_is_refused_on_the_same_address_and_on_the_same_log(
    config: CollectorConfig, tmp_path: Path
) -> None:
    elsewhere = msgspec.structs.replace(config, log_directory=tmp_path / "other")
    with collector(config):
        with pytest.raises(
            ConfigurationError, match=f"127.0.0.1:{config.port}: cannot be listened on"
        ):
            run(elsewhere)
        with pytest.raises(LogInUse, match="another writer"):
            run(msgspec.structs.replace(config, port=0))


def test_sites_are_read_anew_at_sighup_without_losing_a_beacon(tmp_path: Path) -> None:
    site = f'[[site]]\nkey = "shop-a"\ncurrency = "EUR"\norder_key = "{"0" * 64}"\ngpc = "%s"\n'
    sites = tmp_path / "sites.toml"
    sites.write_text(site % "ignore")
    settings = Config(data=str(tmp_path), collect=f"127.0.0.1:{free_port()}")
    with (
        running(collect, settings, settings.collect_address.url) as process,
        httpx.Client(base_url=settings.collect_address.url, headers={"Sec-GPC": "1"}) as client,
    ):
        kept = 0
        while not (dropped := client.get("/health").json()["dropped"]):
            assert client.post("/b", content=b'{"site":"shop-a"}').status_code == 204
            kept += 1
            if kept == 3:
                sites.write_text(site % "drop")
                os.kill(process.pid or 0, signal.SIGHUP)
            assert kept < 1000
        assert codes(client, "shop-b") == ["version", "site.unknown"]
        assert codes(client, "shop-a") == ["version"]
    with closing(SqliteLogReader(settings.log_directory)) as reader:
        assert reader.end() == kept - dropped >= 3


def codes(client: httpx.Client, site: str) -> list[str]:
    """What a check finds in two beacons, one of which names that site and is right otherwise."""
    good = {"v": 1, "site": site, "session": "s" * 16, "impression": "i" * 16, "seq": 0}
    answer = client.post("/b/check", json=[{}, {**good, "type": "load"}])
    return [issue["code"] for each in answer.json()["beacons"] for issue in each["issues"]]


def test_a_jump_of_the_clock_stops_the_process_with_a_clear_error(config: CollectorConfig) -> None:
    with start_where_the_clock_will_jump(config) as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert b"The system clock jumped by +3600.0 s" in errors


def test_no_address_of_a_visitor_is_written_down_anywhere(tmp_path: Path) -> None:
    """What the process prints and every file it writes are searched for addresses that it used."""
    visitor, forged, data = "203.0.113.77", "198.51.100.201", tmp_path / "data"
    data.mkdir()
    sites, countries = data / "sites.toml", tmp_path / "countries.mmdb"
    sites.write_text(f'[[site]]\nkey = "shop-a"\ncurrency = "EUR"\norder_key = "{"0" * 64}"\n')
    writer = MMDBWriter(6, "Test-Country", ipv4_compatible=True)
    writer.insert_network(IPSet(["203.0.113.0/24"]), {"country": {"iso_code": "DE"}})
    writer.to_db_file(str(countries))
    output = tmp_path / "output.txt"
    settings = {
        "data": data,
        "collect": f"127.0.0.1:{free_port()}",
        "trusted-proxies": "127.0.0.1",
        "country-database": countries,
        "address-budget": "0.01",
    }
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "bellrock", "collect"]
            + [f"--{name}={value}" for name, value in settings.items()],
            stdout=printed,
            stderr=printed,
        )
    try:
        url = f"http://{settings['collect']}"
        until_it_answers(url, process)
        headers = {"X-Forwarded-For": f"{forged}, {visitor}"}
        with httpx.Client(base_url=url, headers=headers) as client:
            found = [client.post("/b", content=b'{"site":"shop-a"}').status_code for _ in range(6)]
            assert found == [204] + [429] * 5
            assert client.post("/b", content=b"x" * 70_000).status_code == 413
            assert client.get("/b").status_code == 405
            assert client.get("/health").json()["limited"] == {"address": 5}
            process.send_signal(signal.SIGHUP)
    finally:
        process.terminate()
        process.wait(10)
    with closing(SqliteLogReader(data / "log")) as reader:
        lines = reader.read(0, 100).lines
    assert [b'"country":"DE"' in line for line in lines] == [True]
    assert b"collector started" in output.read_bytes()
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != countries]
    assert len(written) >= 3
    for path in written:
        content = path.read_bytes()
        for address in (visitor, forged):
            for form in (address.encode(), inet_aton(address).hex().encode()):
                assert form not in content.lower(), path
