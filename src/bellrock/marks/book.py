"""Marks as people see them: listed with their evidence, lifted, made to hold everywhere."""

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import msgspec

from bellrock.marks.contract import Active

State = Literal["active", "everywhere", "lifted"]


class MarkEntry(msgspec.Struct, frozen=True):
    """A user agent that was marked on a site, and why.

    `since` is the minute (since 1970 UTC) from which its page impressions are a bot's. Of the `sessions` that
    ended in the 24 hours before, `suspicious` ones looked like no reader's. `state`: it holds on the site,
    it holds everywhere, or a person has lifted it.
    """

    site: str
    agent: str
    since: int
    sessions: int
    suspicious: int
    state: State


def by_pair(entries: Iterable[MarkEntry]) -> dict[tuple[str, str], MarkEntry]:
    """Entries by site and user agent."""
    return {(entry.site, entry.agent): entry for entry in entries}


def active(entries: Iterable[MarkEntry]) -> list[Active]:
    """The marks that hold, as people want them."""
    return [
        Active(None if entry.state == "everywhere" else entry.site, entry.agent, entry.since)
        for entry in entries
        if entry.state != "lifted"
    ]


class MarkBook(Protocol):
    """Every mark ever made; each method may be called from any thread."""

    def marks(self) -> Sequence[MarkEntry]:
        """All marks, by site and user agent."""

    def set_mark(self, site: str, agent: str, state: State) -> bool:
        """Change a mark's state, for the next step on; whether there is such a mark."""
