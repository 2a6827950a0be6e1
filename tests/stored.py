"""What a store holds, and what it has to hold: the fold in memory of the same lines.

Enters: an open store; log lines in their order. Leaves: `Holding`, the whole of what two of them must agree
on. Every relation of the schema is compared, so a new one is by itself.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bellrock.canonical import canonical_text
from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import Ledger
from bellrock.schema.document import RELATIONS
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore

Sites = Mapping[str, Site]


class Holding(NamedTuple):
    """After `position` lines: canonical text of all documents, owners of orders, marks with their evidence."""

    position: int
    documents: bytes
    claims: frozenset[tuple[object, ...]]
    marks: frozenset[tuple[object, ...]]


def documents(store: DuckDBStore, sites: Sites) -> bytes:
    """Canonical text of all documents of a store."""
    return canonical_text(Deltas(**{name: store.whole(name) for name in RELATIONS}), sites)


def holding(store: DuckDBStore, sites: Sites) -> Holding:
    """What a store holds."""
    claims = store._database.rows("SELECT site, hash, session, minute, impression FROM claims")
    marks = [(m.site, m.agent, m.since, m.sessions, m.suspicious) for m in store.marks()]
    assert len(claims) == len({claim[:2] for claim in claims}), "an order has two owners"
    assert len(marks) == len({mark[:2] for mark in marks}), "a user agent is marked twice"
    return Holding(
        store.progress()[0], documents(store, sites), frozenset(claims), frozenset(marks)
    )


class Folding:
    """The fold in memory, line after line."""

    def __init__(self, sites: Sites) -> None:
        """Begin before the first line."""
        self._sites = sites
        self._claims, self._marks = MemoryClaims(), MemoryMarks()
        self._pipeline = Pipeline(sites, self._claims, self._marks, State())
        self._ledger = Ledger()
        self.position = 0

    def fold(self, lines: Sequence[bytes]) -> None:
        """Go on by some lines."""
        self._ledger.add(self._pipeline.step(lines).deltas)
        self.position += len(lines)

    def holding(self) -> Holding:
        """What a store has to hold now."""
        return Holding(
            self.position,
            canonical_text(self._ledger.sums(), self._sites),
            frozenset((*order, *owner) for order, owner in self._claims._owners.items()),
            frozenset(tuple(mark) for mark in self._marks._marks.values()),
        )


def difference(found: Holding, wanted: Holding) -> str:
    """Where two differ, in a few lines; empty where they do not."""
    told = []
    if found.position != wanted.position:
        told.append(f"position {found.position}, not {wanted.position}")
    for name in ("documents", "claims", "marks"):
        one, other = getattr(found, name), getattr(wanted, name)
        if one != other:
            has, wants = (set(x.splitlines()) if name == "documents" else x for x in (one, other))
            told += [f"{name}: {row!r} should not be there" for row in list(has - wants)[:3]]
            told += [f"{name}: {row!r} is missing" for row in list(wants - has)[:3]]
    return "\n".join(told)
