"""What must hold of a log and a store whenever all their processes are dead.

Enters: the files as they were left, and what the visitors know. Leaves: nothing but what is wrong, as an
AssertionError. The files stay as they are: of the store a copy is opened, because looking into it settles it.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from bellrock.config import Config
from bellrock.log.files import log_files, open_for_reading
from bellrock.log.sqlite import SqliteLogReader
from bellrock.runners.fold import fold_lines
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore
from end_to_end.visitors import Visitors, name
from stored import Folding, Holding, difference, holding

_MOST_LINES = 10_000  # folded together


class _Line(msgspec.Struct):
    at: int
    ua: str = ""
    country: str = ""
    beacon: msgspec.Raw = msgspec.Raw()
    raw: str = ""

    @property
    def name(self) -> bytes:
        return name(self.ua, self.country, bytes(self.beacon) or self.raw.encode())


_line = msgspec.json.Decoder(_Line)


class LogBook:
    """A log as it was read so far: what is there stays, and goes on without a gap."""

    def __init__(self) -> None:
        """Begin before the first line."""
        self.position = 0
        self.logged = Counter[bytes]()
        self._last_at = 0
        self._content = sha256()

    def read_on(self, directory: Path) -> list[bytes]:
        """The lines since."""
        lines: list[bytes] = []
        end = 0
        for file in log_files(directory):
            assert file.first == end, f"{file.path.name} should begin at {end}"
            with closing(open_for_reading(file.path)) as log:
                for first, count in log.execute("SELECT first, count FROM block ORDER BY first"):
                    assert first == end, f"after {end} lines of the log comes line {first}"
                    end += count
                since = "SELECT count, lines FROM block WHERE first >= ? ORDER BY first"
                for count, block in log.execute(since, [self.position]):
                    found = block.split(b"\n")[:-1]
                    assert len(found) == count, f"a block of {count} lines has {len(found)}"
                    lines += found
        assert end == self.position + len(lines), f"the log had {self.position} lines, now {end}"
        self.take(lines)
        return lines

    def require_same(self, lines: Sequence[bytes]) -> None:
        """Nothing has become another since it was read."""
        again = LogBook()
        again.take(lines)
        assert again.position == self.position, f"a reader finds {again.position} lines"
        assert again._content.digest() == self._content.digest(), "lines have changed"

    def require_what_was_acknowledged(self, visitors: Visitors) -> None:
        """What was answered with 204 is there, and nothing that was not sent."""
        lost, foreign = visitors.acknowledged - self.logged, self.logged - visitors.sent
        assert not lost, f"{lost.total()} acknowledged are not in the log: {list(lost)[:3]}"
        assert not foreign, f"{foreign.total()} in the log were not sent: {list(foreign)[:3]}"

    def take(self, lines: Sequence[bytes]) -> None:
        """Note the next lines."""
        for line in lines:
            said = _line.decode(line)
            assert said.at >= self._last_at, f"time goes back to {said.at}"
            self._last_at = said.at
            self.logged[said.name] += 1
            self._content.update(line)
        self.position += len(lines)


class Checks:
    """The checks of one installation, one after the other."""

    def __init__(self, config: Config, visitors: Visitors) -> None:
        """Nothing has happened yet."""
        self._config, self._visitors = config, visitors
        self._sites = load_sites(config.sites_file)
        self._folding = Folding(self._sites)
        self._unfolded: list[bytes] = []
        self.log = LogBook()

    @property
    def folded(self) -> int:
        """How many lines the store covered at the last check."""
        return self._folding.position

    def check(self) -> Holding:
        """Check what the processes have left; what the store holds."""
        self._unfolded += self.log.read_on(self._config.log_directory)
        self._require_what_was_acknowledged()
        with self.store() as store:
            found, balance = holding(store, self._sites), store.balance()
        assert balance.difference == 0, f"lines are unaccounted for: {balance}"
        assert balance.lines == found.position, f"{balance.lines} of {found.position} lines counted"
        before = self._folding.position
        assert before <= found.position <= self.log.position, (
            f"the store was at {before} and is at {found.position}, of {self.log.position} lines"
        )
        self._fold(found.position - before)
        told = difference(found, self._folding.holding())
        assert not told, told
        return found

    def check_all(self) -> Holding:
        """Check, also that every line is folded; and again from the first line, as `bellrock fold` does it."""
        found = self.check()
        assert found.position == self.log.position
        with closing(SqliteLogReader(self._config.log_directory)) as reader:
            lines = reader.read(0, found.position + 1).lines
        self.log.require_same(lines)
        assert found.documents == fold_lines(lines, self._sites), "another text than that of fold"
        return found

    @contextmanager
    def store(self) -> Iterator[DuckDBStore]:
        """A copy of the store."""
        file = self._config.store_file
        copy = file.parent.with_name("copy") / file.name
        copy.parent.mkdir()
        for one in file.parent.glob(f"{file.name}*"):
            shutil.copy(one, copy.with_name(one.name))
        with closing(DuckDBStore(copy)) as store:
            yield store
        shutil.rmtree(copy.parent)

    def _require_what_was_acknowledged(self) -> None:
        refused = self._visitors.refused
        assert not refused, f"answers other than 204: {refused}"
        self.log.require_what_was_acknowledged(self._visitors)

    def _fold(self, lines: int) -> None:
        for start in range(0, lines, _MOST_LINES):
            self._folding.fold(self._unfolded[start : min(start + _MOST_LINES, lines)])
        del self._unfolded[:lines]
