"""Several workers on one address: whoever of them dies, what was answered 204 is in the log, and nobody is left."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import pytest

from bellrock.log.sqlite import SqliteLogReader
from collector.test_process import free_port

_SITE = f'[[site]]\nkey = "shop-a"\ncurrency = "EUR"\norder_key = "{"0" * 64}"\ngpc = "%s"\n'
_WORKERS = 2


class Installation:
    """`bellrock collect` with workers."""

    def __init__(self, data: Path) -> None:
        self.data, self.url = data, f"http://127.0.0.1:{free_port()}"
        # Each request has a connection of its own, so that all workers get some.
        self.http = httpx.Client(base_url=self.url, headers={"Connection": "close"}, timeout=30)
        (data / "sites.toml").write_text(_SITE % "ignore")
        self.start()
        until(lambda: len(self.answering()) == _WORKERS)

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.process = psutil.Popen(
            [
                *[sys.executable, "-m", "bellrock", "collect", "--data", str(self.data)],
                *["--collect", self.url.removeprefix("http://"), "--workers", str(_WORKERS)],
            ],
            stderr=subprocess.DEVNULL,
        )

    def workers(self) -> list[psutil.Process]:
        """Those that live."""
        found = [each for each in self.process.children() if "spawn_main" in " ".join(_line(each))]
        return [each for each in found if each.status() != psutil.STATUS_ZOMBIE]

    def answering(self) -> list[psutil.Process]:
        """Those that listen."""
        return [each for each in self.workers() if _listens(each)]

    def health(self) -> dict[str, Any]:
        return self.http.get("/health").json()

    def settled_health(self) -> dict[str, Any]:
        """When all workers have told what they counted, which they do twice a second."""
        time.sleep(0.7)
        return self.health()

    def logged(self) -> list[int]:
        """The numbers of the beacons in the log."""
        with closing(SqliteLogReader(self.data / "log")) as reader:
            lines = [msgspec.json.decode(line) for line in reader.read(0, 1_000_000).lines]
        times = [line["at"] for line in lines]
        assert times == sorted(times)
        return [line["beacon"]["number"] for line in lines]

    def end(self) -> None:
        """Leave nobody behind, whatever the test did."""
        self.http.close()
        with suppress(psutil.NoSuchProcess):
            for process in [*self.workers(), self.process]:
                process.kill()
        self.process.wait()


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _listens(process: psutil.Process) -> bool:
    try:
        return any(each.status == psutil.CONN_LISTEN for each in process.net_connections("tcp"))
    except psutil.NoSuchProcess:
        return False


def until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@contextmanager
def installed(data: Path) -> Iterator[Installation]:
    found = Installation(data)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """One that the test may end."""
    with installed(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One that tests share, because it takes seconds to start; its process and its workers go on."""
    with installed(tmp_path_factory.mktemp("lasting")) as found:
        yield found


class Visitors:
    """Many browsers, each with a connection of its own, who remember what was answered."""

    _numbers = count()

    def __init__(self, url: str) -> None:
        self._url = url
        self.kept, self.refused, self._leaving = set[int](), 0, False

    async def send(self, *events: Callable[[], object], ends: bool = False) -> None:
        """Send all the time; the events happen one after the other, when some more have been answered.

        After the last one some more are answered, too, unless it `ends` everything.
        """
        sending = [asyncio.create_task(self._send()) for _ in range(20)]
        for event in events:
            await self._more()
            await asyncio.to_thread(event)
        await (asyncio.sleep(0.3) if ends else self._more())
        self._leaving = True
        await asyncio.gather(*sending)

    async def _more(self) -> None:
        enough = len(self.kept) + 100
        async with asyncio.timeout(60):
            while len(self.kept) < enough:
                await asyncio.sleep(0.01)

    async def _send(self) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as client:
            while not self._leaving:
                number = next(self._numbers)
                try:
                    answer = await client.post("/b", content=b'{"number":%d}' % number)
                except httpx.TransportError:
                    await asyncio.sleep(0.01)
                    continue
                if answer.status_code == 204:
                    self.kept.add(number)
                else:
                    assert answer.status_code == 503
                    self.refused += 1


def test_beacons_of_all_workers_are_in_one_log_in_the_order_of_their_time(
    lasting: Installation,
) -> None:
    visitors = Visitors(lasting.url)
    asyncio.run(visitors.send())
    assert visitors.kept <= set(lasting.logged())
    assert visitors.refused == 0


def test_health_has_the_counts_of_all_workers_whichever_is_asked(lasting: Installation) -> None:
    before = lasting.settled_health()
    for number in range(1, 31):
        lasting.http.post("/b", content=b'{"number":-%d}' % number).raise_for_status()
    assert lasting.http.get("/nothing").status_code == 404
    lasting.settled_health()
    for _ in range(10):
        health = lasting.health()
        assert (health["status"], health["accepted"] - before["accepted"]) == ("ok", 30)
        assert health["rejected"]["404"] == before["rejected"].get("404", 0) + 1


def test_a_worker_that_is_killed_loses_nothing_that_it_answered_and_is_replaced(
    lasting: Installation,
) -> None:
    visitors = Visitors(lasting.url)
    before = {each.pid for each in lasting.workers()}

    def kill() -> None:
        lasting.answering()[0].kill()
        until(lambda: len(lasting.answering()) == _WORKERS)

    asyncio.run(visitors.send(kill))
    numbers = lasting.logged()
    assert visitors.kept <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert len({each.pid for each in lasting.workers()} - before) == 1


def test_sites_are_read_anew_by_every_worker_at_sighup(lasting: Installation) -> None:
    def dropped() -> int:
        before = lasting.settled_health()["dropped"]
        for _ in range(20):
            lasting.http.post(
                "/b",
                content=b'{"number":%d,"site":"shop-a"}' % next(Visitors._numbers),
                headers={"Sec-GPC": "1"},
            ).raise_for_status()
        return int(lasting.settled_health()["dropped"] - before)

    assert dropped() == 0
    (lasting.data / "sites.toml").write_text(_SITE % "drop")
    lasting.process.send_signal(signal.SIGHUP)
    until(lambda: dropped() == 20)


def test_when_the_process_that_writes_is_killed_nothing_answered_is_lost_and_no_worker_is_left(
    installation: Installation,
) -> None:
    visitors, workers = Visitors(installation.url), installation.workers()
    asyncio.run(visitors.send(installation.process.kill, ends=True))
    assert visitors.kept <= set(installation.logged())
    until(lambda: not any(map(_alive, workers)), seconds=5)
    with pytest.raises(httpx.ConnectError):
        installation.health()


def test_it_can_be_started_again_though_a_worker_takes_its_time_to_leave(
    installation: Installation,
) -> None:
    late = installation.answering()[0]
    late.suspend()
    installation.process.kill()
    installation.process.wait()
    installation.start()
    time.sleep(2)
    assert installation.process.poll() is None
    late.resume()
    until(lambda: len(installation.answering()) == _WORKERS)
    assert not _alive(late)


def test_a_clean_stop_answers_what_has_begun_and_exits_with_0(installation: Installation) -> None:
    visitors, workers = Visitors(installation.url), installation.workers()
    asyncio.run(visitors.send(installation.process.terminate, ends=True))
    assert installation.process.wait(10) == 0
    assert set(installation.logged()) == visitors.kept
    assert visitors.refused == 0
    assert not any(map(_alive, workers))


def test_ctrl_c_which_reaches_the_workers_too_is_a_clean_stop(installation: Installation) -> None:
    visitors, workers = Visitors(installation.url), installation.workers()

    def interrupt() -> None:
        for process in [*workers, installation.process]:
            process.send_signal(signal.SIGINT)

    asyncio.run(visitors.send(interrupt, ends=True))
    assert installation.process.wait(10) == 0
    assert set(installation.logged()) == visitors.kept
    assert not any(map(_alive, workers))


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
