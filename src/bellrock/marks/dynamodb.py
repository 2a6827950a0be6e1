"""Marks of the distributed runner: one item of a DynamoDB table for each user agent that was marked on a site.

Enters: new marks from the fold of any worker, and what people change in the book. Leaves: the marks that hold,
as the worker knows them. What always holds: a mark is durable when it was made; between two calls of `refresh`
nothing changes but by the worker's own fold, so a step sees one truth.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from bellrock.dynamodb.table import Item, Key, Table, create_table
from bellrock.marks.book import MarkEntry, State, active, by_pair
from bellrock.marks.contract import Active, Mark

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# A user agent may be longer than a key, or empty, which a key may not.
_KEY: Key = {"site": "S", "agent_hash": "B"}


class DynamoMarkBook:
    """See `MarkBook`; raises TableUnavailable where the table cannot be read or written now."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Open the table; raises ConfigurationError where it is missing or has another key."""
        self._table = Table(client, table, _KEY)

    def marks(self) -> list[MarkEntry]:
        """See `MarkBook.marks`."""
        entries = [msgspec.convert(item, MarkEntry) for item in self._table.items()]
        return sorted(entries, key=lambda entry: (entry.site, entry.agent))

    def set_mark(self, site: str, agent: str, state: State) -> bool:
        """See `MarkBook.set_mark`; workers know it from their next `refresh` on."""
        return self._table.change(_key(site, agent), "state", state)

    def keep(self, marks: Sequence[MarkEntry]) -> list[MarkEntry]:
        """Write marks of different pairs where there are none yet; the marks that stand then."""
        items = [{**_key(mark.site, mark.agent), **msgspec.structs.asdict(mark)} for mark in marks]
        there = self._table.put_new(items)
        return [
            msgspec.convert(item, MarkEntry) if item else mark
            for mark, item in zip(marks, there, strict=True)
        ]


class DynamoMarks:
    """See `Marks`: what a worker knows of the book."""

    def __init__(self, book: DynamoMarkBook, *, every: int = 1) -> None:
        """Begin with what the book has; `refresh` reads it again every so many minutes of the log."""
        self._book = book
        self._every = every
        self._due: int | None = None
        self._known = by_pair(book.marks())
        self._version = 1

    @property
    def version(self) -> int:
        """See `Marks.version`."""
        return self._version

    def active(self) -> Sequence[Active]:
        """See `Marks.active`."""
        return active(self._known.values())

    def is_known(self, site: str, agent: str) -> bool:
        """See `Marks.is_known`; what another worker has marked since the last refresh is not known."""
        return (site, agent) in self._known

    def mark(self, marks: Sequence[Mark]) -> None:
        """See `Marks.mark`; where another worker was first, its mark is the one that is kept."""
        new: dict[tuple[str, str], MarkEntry] = {}
        for mark in marks:
            if not self.is_known(mark.site, mark.agent):
                new.setdefault((mark.site, mark.agent), MarkEntry(*mark, state="active"))
        self._known |= by_pair(self._book.keep(list(new.values())))
        self._version += len(new)

    def refresh(self, minute: int) -> None:
        """Take over what other workers and people have changed; before a step, if it is time.

        `minute` is that of the log, not of a clock on the wall: a mark holds from ten minutes of the log
        after it was made, and a backlog passes those in seconds.
        """
        if self._due is not None and minute < self._due:
            return
        known = by_pair(self._book.marks())
        if known != self._known:
            self._known = known
            self._version += 1
        self._due = minute + self._every


def create_marks_table(client: "DynamoDBClient", name: str) -> None:
    """Make the table, unless it is there; raises ConfigurationError where one of another key is."""
    create_table(client, name, _KEY)


def _key(site: str, agent: str) -> Item:
    return {"site": site, "agent_hash": hashlib.sha256(agent.encode()).digest()}
