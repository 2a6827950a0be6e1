"""What a store holds, and what it has to hold: the fold in memory of the same lines.

Enters: an open store; log lines in their order. Leaves: `Holding`, the whole of what two of them must agree
on. Every relation of the schema is compared, so a new one is by itself.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import polars as pl

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


@dataclass(frozen=True)
class Holding:
    """After `position` lines: the sums of all documents, owners of orders, marks with their evidence."""

    position: int
    sums: Deltas
    claims: frozenset[tuple[object, ...]]
    marks: frozenset[tuple[object, ...]]
    sites: Sites

    @cached_property
    def documents(self) -> bytes:
        """Canonical text of all documents."""
        return canonical_text(self.sums, self.sites)

    def has_documents_of(self, other: "Holding") -> bool:
        """Whether the documents are the same; only where rows differ is text made of them, which takes long."""
        return all(
            _rows(self.sums, name).equals(_rows(other.sums, name))
            for name in RELATIONS
            if name != "delivery"
        ) or (self.documents == other.documents)

    @cached_property
    def delivery(self) -> frozenset[tuple[object, ...]]:
        """How beacons came, which the text has nothing of."""
        return frozenset(_rows(self.sums, "delivery").rows())


def _rows(sums: Deltas, relation: str) -> pl.DataFrame:
    key, additive = RELATIONS[relation]
    rows: pl.DataFrame = getattr(sums, relation).select(*key, *additive)
    return rows.filter(pl.any_horizontal(pl.col(additive) != 0)).sort(key)


def documents(store: DuckDBStore, sites: Sites) -> bytes:
    """Canonical text of all documents of a store."""
    return canonical_text(_sums(store), sites)


def holding(store: DuckDBStore, sites: Sites) -> Holding:
    """What a store holds."""
    claims = store._database.rows("SELECT site, hash, session, minute, impression FROM claims")
    marks = [(m.site, m.agent, m.since, m.sessions, m.suspicious) for m in store.marks()]
    assert len(claims) == len({claim[:2] for claim in claims}), "an order has two owners"
    assert len(marks) == len({mark[:2] for mark in marks}), "a user agent is marked twice"
    position, _ = store.progress()
    return Holding(position, _sums(store), frozenset(claims), frozenset(marks), sites)


def _sums(store: DuckDBStore) -> Deltas:
    return Deltas(**{name: store.whole(name) for name in RELATIONS})


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
            self._ledger.sums(),
            frozenset((*order, *owner) for order, owner in self._claims._owners.items()),
            frozenset(tuple(mark) for mark in self._marks._marks.values()),
            self._sites,
        )


def difference(found: Holding, wanted: Holding) -> str:
    """Where two differ, in a few lines; empty where they do not."""
    told = []
    if found.position != wanted.position:
        told.append(f"position {found.position}, not {wanted.position}")
    if not found.has_documents_of(wanted):
        told += _told("documents", *(set(x.documents.splitlines()) for x in (found, wanted)))
    told += _told("delivery", found.delivery, wanted.delivery)
    told += _told("claims", found.claims, wanted.claims)
    told += _told("marks", found.marks, wanted.marks)
    return "\n".join(told)


def _told(name: str, has: AbstractSet[object], wants: AbstractSet[object]) -> list[str]:
    return [
        *(f"{name}: {row!r} should not be there" for row in list(has - wants)[:3]),
        *(f"{name}: {row!r} is missing" for row in list(wants - has)[:3]),
    ]
