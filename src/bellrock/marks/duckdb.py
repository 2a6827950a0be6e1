"""Marks of the embedded runner: kept in the store's file, committed with the step that made them.

Enters: new marks from the fold, and what people change in the book meanwhile. Leaves: the marks that hold.
What always holds: between two calls of `refresh` nothing changes but by the fold, so a step sees one truth.
"""

from collections.abc import Callable, Sequence

import polars as pl

from bellrock.marks.book import MarkEntry, active, by_pair
from bellrock.marks.contract import Active, Mark

_SCHEMA = {
    "site": pl.String,
    "agent": pl.String,
    "since": pl.Int64,
    "sessions": pl.Int64,
    "suspicious": pl.Int64,
    "state": pl.String,
}


class EmbeddedMarks:
    """See `Marks`; `load` reads the book, `edition` grows whenever people have changed it."""

    def __init__(self, load: Callable[[], Sequence[MarkEntry]], edition: Callable[[], int]) -> None:
        """Begin with what the book has, nothing pending."""
        self._load = load
        self._edition = edition
        self._seen = edition()
        self._known = by_pair(load())
        self._pending: list[MarkEntry] = []
        self._version = 1

    @property
    def version(self) -> int:
        """See `Marks.version`."""
        return self._version

    def active(self) -> Sequence[Active]:
        """See `Marks.active`."""
        return active(self._known.values())

    def is_known(self, site: str, agent: str) -> bool:
        """See `Marks.is_known`."""
        return (site, agent) in self._known

    def mark(self, marks: Sequence[Mark]) -> None:
        """See `Marks.mark`."""
        for mark in marks:
            if not self.is_known(mark.site, mark.agent):
                entry = MarkEntry(*mark, state="active")
                self._known[mark.site, mark.agent] = entry
                self._pending.append(entry)
                self._version += 1

    def refresh(self) -> None:
        """Take over what people have changed since; before a step, with nothing pending."""
        edition = self._edition()
        if edition != self._seen:
            self._seen = edition
            self._known = by_pair([*self._load(), *self._pending])
            self._version += 1

    def pending(self) -> pl.DataFrame:
        """Marks to be committed with the step: site, agent, since, sessions, suspicious, state."""
        rows = [
            (m.site, m.agent, m.since, m.sessions, m.suspicious, m.state) for m in self._pending
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def committed(self) -> None:
        """The pending marks are durable now."""
        self._pending.clear()
