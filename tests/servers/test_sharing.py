"""Servers as processes, and shared among processes: with one that is small, and stubborn."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers import share
from servers.process import ServerFailed, free_ports, java, running

TESTS = Path(__file__).parents[1]


def serves(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until_gone(port: int) -> None:
    end = time.monotonic() + 30
    while serves(port):
        assert time.monotonic() < end, "the server outlived its users"
        time.sleep(0.02)


class User:
    """A process that uses the server of a folder, started by it or by another."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, share.__file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )

    def port(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Callable[[], User]]:
    users: list[User] = []

    def new() -> User:
        users.append(User(tmp_path))
        return users[-1]

    yield new
    for user in users:
        user.end()


def test_a_server_serves_as_long_as_it_is_wanted(tmp_path: Path) -> None:
    with share.small_server(tmp_path) as address:
        assert serves(int(address))
    assert not serves(int(address))


def test_jars_that_were_not_fetched_are_said_to_be_missing() -> None:
    with pytest.raises(ServerFailed, match="run `make test`"):
        java("no-such-server", "Main")


def test_a_server_that_ends_before_it_is_ready_is_quoted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no room'); raise SystemExit(3)"]
    with pytest.raises(ServerFailed, match="no room"), running(command, tmp_path, ready="READY"):
        pass


def test_a_server_that_is_never_ready_is_stopped(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    command = [sys.executable, share.SMALL_SERVER, str(port)]
    never = running(command, tmp_path, ready="never", ready_within=0.5, stop_within=0.2)
    with pytest.raises(ServerFailed), never:
        pass
    assert not serves(port)


def test_processes_that_ask_at_once_share_one_server(use: Callable[[], User]) -> None:
    users = [use() for _ in range(4)]
    assert len({user.port() for user in users}) == 1


def test_the_server_stays_until_the_last_has_left_whoever_started_it(
    use: Callable[[], User],
) -> None:
    starter = use()
    port = starter.port()
    other = use()
    assert other.port() == port
    starter.leave()
    with pytest.raises(subprocess.TimeoutExpired):
        starter.process.wait(0.5)
    assert serves(port)
    other.leave()
    assert starter.process.wait(30) == other.process.wait(30) == 0
    assert not serves(port)


def test_one_who_asks_when_all_have_left_gets_a_server_again(use: Callable[[], User]) -> None:
    first = use()
    first.port()
    first.leave()
    later = use()
    assert serves(later.port())


def test_a_user_that_is_killed_keeps_nobody_waiting(use: Callable[[], User]) -> None:
    starter, other = use(), use()
    port = starter.port()
    assert other.port() == port
    other.process.kill()
    starter.leave()
    assert starter.process.wait(30) == 0
    assert not serves(port)


def test_the_server_dies_with_its_starter_even_when_that_is_killed(
    use: Callable[[], User],
) -> None:
    starter = use()
    port = starter.port()
    starter.process.kill()
    until_gone(port)
