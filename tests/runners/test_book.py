"""The book of marks is the same wherever it can be read: from a store at rest, or from the engine that has it open."""

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import get_args

import msgspec
import psutil
import pytest

from bellrock.accounts import Accounts
from bellrock.config import Config
from bellrock.errors import BellrockError, ConfigurationError
from bellrock.marks.book import MarkBook, MarkEntry, State
from bellrock.runners.embedded import book as book_module
from bellrock.runners.embedded.book import EngineBook, open_book
from end_to_end.installation import Installation, free_port, settings
from runners.marked import SINCE, held, put_marks

AGENTS = (
    "Fetcher/1.0",
    "fetcher/1.0",
    "Fetcher/1.0 ",
    """it's "quoted" \\ 100% {json: [1]}; --""",
    "Crawler ü 日本語 🤖",
    "x" * 512,
    "ü" * 512,
    "a\tb\x9b31m",
    "-",
    "",
)
MARKS = [(site, agent) for site in ("demo-shop", "kiosk") for agent in AGENTS]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A store that no process has open."""
    config = settings(tmp_path_factory.mktemp("resting"), 0.2)
    put_marks(config.store_file, MARKS)
    return config


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """An engine that runs, in its own process."""
    installation = Installation(tmp_path_factory.mktemp("running"))
    put_marks(installation.config.store_file, MARKS)
    with installation:
        yield installation.config


@pytest.fixture(scope="module")
def mute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """A store that a process has open which answers nowhere."""
    config = settings(tmp_path_factory.mktemp("mute"), 0.2)
    put_marks(config.store_file, MARKS)
    with held(config.store_file):
        yield config


@pytest.fixture(params=["resting", "running"])
def config(request: pytest.FixtureRequest) -> Config:
    found: Config = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def without_accounts(mute: Config) -> Iterator[Config]:
    yield mute
    for file in mute.data_directory.glob("accounts.sqlite*"):
        file.unlink()


@pytest.fixture
def with_administrator(without_accounts: Config) -> Config:
    with Accounts(without_accounts.accounts_file) as accounts:
        accounts.add_user("ada", PASSWORD, "admin")
    return without_accounts


def states_in(book: MarkBook) -> dict[tuple[str, str], State]:
    return {(mark.site, mark.agent): mark.state for mark in book.marks()}


def states(config: Config) -> dict[tuple[str, str], State]:
    with open_book(config) as book:
        return states_in(book)


def sessions(config: Config) -> int:
    """How many sessions of people there are, open or over."""
    with closing(sqlite3.connect(config.accounts_file)) as accounts:
        [(count,)] = accounts.execute("SELECT count(*) FROM sessions")
        return int(count)


def refuse_to_be_taken_for_the_engine(config: Config) -> None:
    """Somebody else answers at the address of the dashboard."""
    told = (
        rf"does not answer at http://{config.dashboard} \(something else does\)\. Name its address"
    )
    with open_book(config) as book:
        with pytest.raises(BellrockError, match=told):
            book.marks()
        with pytest.raises(BellrockError, match=told):
            book.set_mark(*MARKS[0], "lifted")


def at(config: Config, port: int) -> Config:
    """The same with its dashboard at another port."""
    return msgspec.structs.replace(config, dashboard=f"127.0.0.1:{port}")


# --- what every book promises ---


def test_the_book_has_every_mark_by_site_and_user_agent_with_its_evidence(config: Config) -> None:
    with open_book(config) as book:
        found = book.marks()
    assert [msgspec.structs.replace(mark, state="active") for mark in found] == [
        MarkEntry(site, agent, SINCE, 25, 24, "active") for site, agent in sorted(MARKS)
    ]


def test_a_decision_is_about_one_user_agent_on_one_site_and_stays(config: Config) -> None:
    expected = states(config)
    with open_book(config) as book:
        for number, agent in enumerate(AGENTS):
            for state in get_args(State)[number % 3 :] + get_args(State)[: number % 3]:
                assert book.set_mark("demo-shop", agent, state)
                expected["demo-shop", agent] = state
                assert states_in(book) == expected
    assert states(config) == expected
    assert set(expected.values()) == set(get_args(State))


def test_a_book_without_such_a_mark_says_so_and_changes_nothing(config: Config) -> None:
    expected = states(config)
    with open_book(config) as book:
        for site, agent in [
            ("shop", AGENTS[0]),
            ("demo-shop", "Fetcher/1"),
            ("", ""),
            ("kiosk", "ü" * 511),
        ]:
            assert not book.set_mark(site, agent, "lifted")
        assert states_in(book) == expected


# --- at rest ---


@pytest.mark.parametrize("fails", [False, True])
def test_a_store_at_rest_is_left_as_it_was_for_an_engine_to_open(
    resting: Config, fails: bool
) -> None:
    with suppress(KeyboardInterrupt), open_book(resting) as book:
        book.marks()
        if fails:
            raise KeyboardInterrupt
    assert str(resting.store_file) not in [file.path for file in psutil.Process().open_files()]
    assert not resting.accounts_file.exists()


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    config = settings(tmp_path, 0.2)
    with (
        pytest.raises(ConfigurationError, match=r"store\.duckdb: there is no store yet\. Start"),
        open_book(config),
    ):
        pass
    assert not config.data_directory.exists()


# --- of an engine ---


@pytest.mark.parametrize("fails", [False, True])
def test_the_session_of_an_administrator_is_lent_for_as_long_as_the_book_is_open(
    running: Config, fails: bool
) -> None:
    before = sessions(running)
    with Accounts(running.accounts_file) as accounts:
        with suppress(KeyboardInterrupt), open_book(running) as book:
            assert isinstance(book, EngineBook)
            session = book._headers["Cookie"].partition("=")[2]
            access = accounts.access_for_session(session)
            assert access is not None
            assert access.role == "admin"
            assert sessions(running) == before + 1
            if fails:
                raise KeyboardInterrupt
        assert accounts.access_for_session(session) is None
    assert sessions(running) == before
    with pytest.raises(BellrockError, match=r"refused: .*This session is over"):
        book.marks()
    with pytest.raises(BellrockError, match=r"refused: .*This session is over"):
        book.set_mark(*MARKS[0], "lifted")


def test_a_lent_session_that_nobody_gave_back_is_over_in_a_minute(
    with_administrator: Config,
) -> None:
    with (
        open_book(with_administrator) as book,
        Accounts(with_administrator.accounts_file, lambda: time.time() + 61) as accounts,
    ):
        assert isinstance(book, EngineBook)
        session = book._headers["Cookie"].partition("=")[2]
        assert accounts.access_for_session(session) is None


@pytest.mark.parametrize("viewer", [False, True])
def test_without_an_administrator_no_session_is_lent(
    without_accounts: Config, viewer: bool
) -> None:
    with Accounts(without_accounts.accounts_file) as accounts:
        if viewer:
            accounts.add_user("vera", PASSWORD, "viewer", ["demo-shop"])
    with (
        pytest.raises(BellrockError, match=r"no administrator yet: .* `bellrock serve`"),
        open_book(without_accounts),
    ):
        pass
    assert sessions(without_accounts) == 0


def test_an_engine_that_is_elsewhere_is_told_apart_from_a_store_at_rest(running: Config) -> None:
    before, port = sessions(running), free_port()
    told = (
        rf"has the store open, but does not answer at http://127\.0\.0\.1:{port}"
        r" \(.*refused.*\)\. Name its address with --dashboard, or stop it"
    )
    with pytest.raises(BellrockError, match=told), open_book(at(running, port)) as book:
        book.marks()
    assert sessions(running) == before


def test_an_engine_that_hangs_is_not_waited_for_without_end(
    with_administrator: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_module, "_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = at(with_administrator, silent.getsockname()[1])
        with (
            pytest.raises(BellrockError, match=r"does not answer at .* \(timed out\)"),
            open_book(config) as book,
        ):
            book.marks()
    assert sessions(config) == 0


def test_the_collector_is_not_taken_for_the_engine(running: Config) -> None:
    config = msgspec.structs.replace(running, dashboard=running.collect)
    refuse_to_be_taken_for_the_engine(config)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<!doctype html>"), (200, b'{"marks": [{}]}'), (404, b"{}"), (500, b"\xff\xfe")],
)
def test_whatever_another_server_answers_it_is_not_taken_for_the_engine(
    with_administrator: Config, status: int, body: bytes
) -> None:
    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the name that http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Shop) as server:
        answering = threading.Thread(target=server.serve_forever, args=(0.01,))
        answering.start()
        try:
            refuse_to_be_taken_for_the_engine(at(with_administrator, server.server_port))
        finally:
            server.shutdown()
            answering.join()
