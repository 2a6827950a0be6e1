"""The book of marks, wherever it can be read: from the engine that runs, or from the store at rest.

DuckDB opens its file for one process. While an engine has it, a command asks that engine's API, as an
administrator: whoever may read the file of accounts is one. Otherwise it opens the store itself.
"""

import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

import msgspec

from bellrock.accounts import Accounts
from bellrock.api.auth import COOKIE
from bellrock.api.bots import CHANGES, MarkList
from bellrock.api.problems import Problem
from bellrock.api.services import PREFIX
from bellrock.config import Address, Config
from bellrock.errors import BellrockError, ConfigurationError, StoreInUse
from bellrock.marks.book import MarkBook, MarkEntry, State
from bellrock.store.duckdb import DuckDBStore

_SESSION_SECONDS = 60
_TIMEOUT = 10.0
_T = TypeVar("_T")


@contextmanager
def open_book(config: Config) -> Iterator[MarkBook]:
    """The book of an installation; raises BellrockError where neither engine nor store has it."""
    if not config.store_file.exists():
        raise ConfigurationError(
            str(config.store_file), "there is no store yet", "Start bellrock once, or name --data."
        )
    try:
        store = DuckDBStore(config.store_file)
    except StoreInUse:
        with _borrowed(config) as book:
            yield book
        return
    with closing(store):
        yield store


@contextmanager
def _borrowed(config: Config) -> Iterator["EngineBook"]:
    with Accounts(config.accounts_file) as accounts:
        session = accounts.lend_session(_SESSION_SECONDS)
        if session is None:
            raise BellrockError(
                "There is no administrator yet: start bellrock once with `bellrock serve`."
            )
        try:
            yield EngineBook(config.dashboard_address, session)
        finally:
            accounts.sign_out(session)


class EngineBook:
    """See `MarkBook`; asks the API of a running engine."""

    def __init__(self, address: Address, session: str) -> None:
        """Ask at an address, with the session of an administrator."""
        self._address = address
        self._headers = {"Cookie": f"{COOKIE}={session}", "Content-Type": "application/json"}

    def marks(self) -> Sequence[MarkEntry]:
        """See `MarkBook.marks`."""
        status, body = self._ask("GET", "/bots")
        if status != HTTPStatus.OK:
            raise self._refused(body)
        return [
            MarkEntry(m.site, m.agent, _minute(m.since), m.sessions, m.suspicious, m.state)
            for m in self._read(body, MarkList).marks
        ]

    def set_mark(self, site: str, agent: str, state: State) -> bool:
        """See `MarkBook.set_mark`."""
        name = next(name for name, change in CHANGES.items() if change.state == state)
        request = msgspec.json.encode({"site": site, "agent": agent})
        status, body = self._ask("POST", f"/bots/{name}", request)
        if status == HTTPStatus.NO_CONTENT:
            return True
        # Also where there is no such mark: so it is the engine that says it.
        refused = self._refused(body)
        if status != HTTPStatus.NOT_FOUND:
            raise refused
        return False

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        with closing(
            http.client.HTTPConnection(self._address.host, self._address.port, timeout=_TIMEOUT)
        ) as connection:
            try:
                connection.request(method, f"{PREFIX}{path}", body, self._headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise self._elsewhere(error) from error

    def _read(self, body: bytes, form: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=form)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._elsewhere("something else does") from error

    def _elsewhere(self, reason: object) -> BellrockError:
        return BellrockError(
            f"An engine has the store open, but does not answer at {self._address.url} ({reason})."
            " Name its address with --dashboard, or stop it."
        )

    def _refused(self, body: bytes) -> BellrockError:
        problem = self._read(body, Problem)
        return BellrockError(f"The engine at {self._address.url} refused: {problem.detail}")


def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 60
