"""A real collector on a disk that fails: every 204 is in the log, and errors are 503."""

import asyncio
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random

import httpx
import pytest

from bellrock.config import Config
from bellrock.log.sqlite import SqliteLogReader
from bellrock.log.survey import survey
from end_to_end.installation import BELLROCK, settings, until
from log.disk import ALL, COMPILER, Disk, Fault, after_power_loss

pytestmark = pytest.mark.skipif(
    COMPILER is None, reason="there is no C compiler, which makes the disk that fails"
)

_PADDING = b"x" * 3000  # so that the log settles and rotates several times
_NUMBER = re.compile(rb'"number":(\d+)')


class Browsers:
    """Many browsers at once, who remember the answers."""

    def __init__(self, config: Config, disk: Disk) -> None:
        self._url, self._disk = config.collect_address.url, disk
        self.sent = 0
        self.kept: set[int] = set()
        self.moments: list[tuple[int, set[int]]] = []
        """Bytes of the trace, and what had been answered 204 by then."""

    def send(self, count: int) -> Counter[int]:
        """Send beacons; how often each status was answered."""
        answers = asyncio.run(self._send_all(count))
        kept = set(self.kept)
        self.moments.append((self._disk.trace.stat().st_size, kept))
        return answers

    async def _send_all(self, count: int) -> Counter[int]:
        answers: Counter[int] = Counter()
        last = self.sent + count
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as client:
            await asyncio.gather(*(self._send(client, last, answers) for _ in range(8)))
        return answers

    async def _send(self, client: httpx.AsyncClient, last: int, answers: Counter[int]) -> None:
        while self.sent < last:
            number, self.sent = self.sent, self.sent + 1
            body = b'{"number":%d,"padding":"%s"}' % (number, _PADDING)
            answer = await client.post("/b", content=body)
            answers[answer.status_code] += 1
            if answer.status_code == 204:
                self.kept.add(number)
            else:
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) > 0
                assert "the log cannot be written" in answer.text


@contextmanager
def collecting(config: Config, disk: Disk, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A collector that is killed at the end."""
    environment = {**os.environ, **disk.environment, "BELLROCK_LOG_KEEP_GIB": "0.03"}
    with (
        (folder / "collector.txt").open("ab") as output,
        subprocess.Popen(
            [
                *BELLROCK, "collect", "--data", config.data, "--sites", config.sites,
                "--collect", config.collect, "--commit-window-ms", "2",
            ],
            stdout=output, stderr=output, env=environment,
        ) as process,
    ):  # fmt: skip
        try:
            until(lambda: healthy(config), f"the collector, see {folder}")
            yield process
        finally:
            process.kill()


def healthy(config: Config) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{config.collect_address.url}/health").status_code == 200
    return False


def numbers(lines: list[bytes]) -> list[int]:
    return [int(found[1]) for line in lines if (found := _NUMBER.search(line))]


def in_log(directory: Path) -> list[int]:
    with closing(SqliteLogReader(directory)) as reader:
        return numbers(reader.read(0, 10**9).lines)


def after_losing_power(trace: bytes, seed: int, directory: Path) -> set[int]:
    """The numbers in the log that is found when power is lost at the end of a trace."""
    directory.mkdir()
    for name, data in after_power_loss(trace, seed).items():
        (directory / name).write_bytes(data)
    return set(in_log(directory))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return settings(tmp_path, 1.0)


@pytest.fixture
def disk(tmp_path: Path, config: Config) -> Disk:
    return Disk(tmp_path, config.log_directory)


@pytest.mark.parametrize("watched", [False, True], ids=["alone", "while it is read"])
def test_every_204_is_in_the_log_after_faults_of_the_disk_and_a_loss_of_power(
    config: Config, disk: Disk, tmp_path: Path, *, watched: bool
) -> None:
    chance = Random(4711)
    browsers = Browsers(config, disk)
    with closing(SqliteLogReader(config.log_directory)) as reader:
        with collecting(config, disk, tmp_path):
            assert browsers.send(50) == {204: 50}
            for faults in (*Fault, ALL):
                if watched:  # a second connection keeps the shared memory of the file in use
                    reader.read(0, 10)
                before = disk.injected()
                disk.fail(faults, 80 if faults == ALL else 200, chance.randrange(2**32))
                browsers.send(100)
                disk.mend()
                assert disk.injected() != before or faults == Fault.EIO_TRUNCATE, faults
                until(lambda: healthy(config), f"the collector to go on after {faults}")
                assert browsers.send(150) == {204: 150}, faults
            disk.fail(ALL, 100, chance.randrange(2**32))
            browsers.send(100)
        disk.mend()
        with collecting(config, disk, tmp_path):
            assert browsers.send(50) == {204: 50}
    found = in_log(config.log_directory)
    assert browsers.kept <= set(found)
    assert len(found) == len(set(found))
    assert [one.damage for one in survey(config.log_directory, verify=True) if one.damage] == []
    assert len(survey(config.log_directory)) > 1
    trace = disk.trace.read_bytes()
    for seed, (size, kept) in enumerate(browsers.moments):
        found_again = after_losing_power(trace[:size], seed, tmp_path / f"found-{seed}")
        assert kept <= found_again, f"after {size} bytes of the trace"


def test_what_a_failed_sync_left_is_written_anew_before_anything_behind_it_is_acknowledged(
    config: Config, disk: Disk, tmp_path: Path
) -> None:
    browsers = Browsers(config, disk)
    with collecting(config, disk, tmp_path):
        assert browsers.send(10) == {204: 10}
        disk.fail(Fault.EIO_SYNC, 1000, 1)
        assert browsers.send(20) == {503: 20}
    disk.mend()  # the pages are in memory, the next sync succeeds, and yet they are not on the disk
    with collecting(config, disk, tmp_path):
        assert browsers.send(20) == {204: 20}
    trace = disk.trace.read_bytes()
    for seed in range(10):
        assert browsers.kept <= after_losing_power(trace, seed, tmp_path / f"found-{seed}")


@pytest.mark.parametrize("fault", [Fault.EIO_WRITE, Fault.ENOSPC_WRITE, Fault.EIO_SYNC])
def test_a_disk_that_always_fails_keeps_nothing_and_every_beacon_is_answered_503(
    config: Config, disk: Disk, tmp_path: Path, fault: Fault
) -> None:
    browsers = Browsers(config, disk)
    with collecting(config, disk, tmp_path):
        assert browsers.send(10) == {204: 10}
        disk.fail(fault, 1000, 1)
        assert browsers.send(20) == {503: 20}
        assert not healthy(config)
        disk.mend()
        until(lambda: healthy(config), "the collector to go on")
        assert browsers.send(10) == {204: 10}
    assert browsers.kept <= set(in_log(config.log_directory))
