"""Cluster documents: what statistics need of ended sessions, by population.

Enters: counted sessions that ended at a boundary, and their counted impressions. Leaves: for each document
(the key of the session's first counted impression, with its population) sums over sessions of counts,
of their squares and products. They are never taken back: what has ended stays as it is.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Names
from bellrock.operators.documents import CHOSEN
from bellrock.operators.groups import Groups, group, group_records, sums, sums_of
from bellrock.rows import Index, Rows, copy, join, pick
from bellrock.schema.dimensions import CONSTANT_NAMES
from bellrock.schema.impression import IMPRESSION, KEY, NO_TIMER, SESSION, TRUE, TYPE_BITS
from bellrock.schema.measures import GRID_POINTS
from bellrock.schema.site import OTHER, Site
from bellrock.schema.timers import SLOTS, VITAL_NAMES

ALL, REPEAT, SERVED, LABEL, LABEL_REPEAT = range(5)
"""Populations as codes; the label of the last two is the key's `label`."""

_GRID_MS = (50, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400, 9600, 12800)
_GRID_CLS = (
    0.00625, 0.009375, 0.0125, 0.01875, 0.025, 0.0375, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2,
)  # fmt: skip
_MILLIS = np.array([ms * 1000 for ms in _GRID_MS])
_CLS = np.array([round(value * 1_000_000) for value in _GRID_CLS])
_CONSTANT = np.bitwise_or.reduce([CHOSEN[name] for name in CONSTANT_NAMES])
_TIMER_MEASURES = 4 + 3 * GRID_POINTS
_CLS_SLOT = VITAL_NAMES.index("cls")


class EndedSessions(NamedTuple):
    """Counted sessions, and their counted impressions with the number of the session of each."""

    sessions: Rows
    impressions: Rows
    of: Index


def together(parts: Sequence[EndedSessions]) -> EndedSessions:
    """What ended at several boundaries, as one."""
    offsets = np.cumsum([0, *(len(part.sessions) for part in parts)])
    return EndedSessions(
        join([part.sessions for part in parts], SESSION),
        join([part.impressions for part in parts], IMPRESSION),
        np.concatenate(
            [
                np.empty(0, np.int64),
                *(p.of + start for p, start in zip(parts, offsets[:-1], strict=True)),
            ]
        ),
    )


class Clusters(NamedTuple):
    """Rows of cluster documents: `measures` by `keys` and, for each (row of `timer_keys`, slot), `timers`.

    `measures` are those of `schema.measures.CLUSTER` and `CLUSTER_ALL_ONLY`, shape (documents, 13);
    `timers` k, n, nn, nx and the grid, shape (rows, 52).
    """

    keys: Rows
    measures: NDArray[np.int64]
    timer_keys: Rows
    slots: Index
    timers: NDArray[np.int64]


class _Members(NamedTuple):
    """Memberships of impressions in populations, one row each."""

    session: Index
    impression: Index
    population: Index
    label: Index


class Clusterer:
    """Sums ended sessions up for a set of sites."""

    def __init__(self, sites: Mapping[str, Site], names: Names) -> None:
        """Look at what the sites declare."""
        self._sites = sites
        self._names = names

    def __call__(self, parts: Sequence[EndedSessions]) -> Clusters:
        """The rows of the documents of sessions that ended, summed up."""
        ended = together(parts)
        if not len(ended.sessions):
            return NO_CLUSTERS
        members = self._members(ended)
        groups = group(members.session << 35 | members.population << 32 | members.label)
        first = groups.order[groups.starts]
        session = members.session[first]
        keys = _keys(pick(ended.sessions["document"], session), members, first)
        impressions = pick(ended.impressions, members.impression[groups.order])
        documents = group_records(keys)
        measures = self._measures(
            pick(ended.sessions, session), members.population[first], groups, impressions
        )
        return Clusters(
            pick(keys, documents.order[documents.starts]),
            sums(measures, documents),
            *_timers(keys, documents, groups, impressions["timers"]),
        )

    def _members(self, ended: EndedSessions) -> _Members:
        rows = ended.impressions
        chosen = ended.sessions["document"]["chosen"][ended.of]
        repeat = (chosen & CHOSEN["firstLoad"] != 0) & (rows["first_load"] != TRUE)
        labelled = (chosen & CHOSEN["label"] != 0) & self._declared(rows["site"], rows["label"])
        masks = {
            ALL: np.ones(len(rows), dtype=np.bool_),
            REPEAT: repeat,
            SERVED: (chosen & CHOSEN["served"] != 0) & (rows["served"] == TRUE),
            LABEL: labelled,
            LABEL_REPEAT: labelled & repeat,
        }
        members = {population: np.flatnonzero(mask) for population, mask in masks.items()}
        row = np.concatenate(list(members.values()))
        population = np.repeat(list(members), [len(part) for part in members.values()])
        label = np.where(population >= LABEL, rows["label"][row], 0).astype(np.int64)
        return _Members(ended.of[row], row, population, label)

    def _declared(self, sites: NDArray[np.uint32], labels: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Whether each label is one that its site declares: what it does not is `(other)` already."""
        other = labels == self._names.texts.code(OTHER)
        for row in np.flatnonzero(other).tolist():
            site = self._sites.get(self._names.texts.value(sites[row]))
            other[row] = site is None or OTHER not in site.labels
        return np.asarray((labels != 0) & ~other)

    def _measures(
        self, sessions: Rows, population: Index, groups: Groups, impressions: Rows
    ) -> NDArray[np.int64]:
        """One row per session and population, columns as in `schema.measures`."""
        n = groups.sizes
        loads = np.add.reduceat(
            (impressions["types"] & TYPE_BITS["load"] != 0).astype(np.int64), groups.starts
        )
        sites, of = np.unique(sessions["site"], return_inverse=True)
        caps = np.array([self._cap(site) for site in sites.tolist()], dtype=np.int64)[of]
        revenue = np.minimum(sessions["revenue"], caps)
        seconds = (sessions["last"] - sessions["first"]) // 1000
        orders = sessions["orders"].astype(np.int64)
        alone = (n == 1, orders > 0, orders, revenue, revenue**2, seconds, seconds**2)
        everyone = (np.ones_like(n), n, n * n, loads, loads * loads, loads * n)
        in_all = population == ALL
        return np.stack([*everyone, *(values * in_all for values in alone)], axis=1)

    def _cap(self, code: int) -> int:
        site = self._sites.get(self._names.texts.value(code))
        return site.revenue_cap if site else 0


def _keys(documents: Rows, members: _Members, first: Index) -> Rows:
    """The sessions' keys, of the chosen dimensions those that are constant in a session."""
    keys = copy(documents)
    for name in ("navigation", "first_load", "served", "cache_hit"):
        keys[name] = 0
    keys["chosen"] &= _CONSTANT
    keys["population"] = members.population[first]
    keys["label"] = members.label[first]
    return keys


def _timers(
    keys: Rows, documents: Groups, groups: Groups, values: NDArray[np.int32]
) -> tuple[Rows, Index, NDArray[np.int64]]:
    """Sums by document and timer: keys, slots, and k, n, nn, nx, s..., ss..., sm..."""
    row, timer = np.nonzero(values != NO_TIMER)
    code = groups.of_sorted()[row] * SLOTS + timer
    counted = np.bincount(code)
    pairs = np.flatnonzero(counted)
    of, slot = np.divmod(pairs, SLOTS)
    many, n = counted[pairs], groups.sizes[of]
    counted[pairs] = np.arange(len(pairs))
    s = _grid(values[row, timer], timer, counted[code], len(pairs))
    timers = group(documents.of_row()[of] * SLOTS + slot)
    first = timers.order[timers.starts]

    def measures(pairs: Index) -> NDArray[np.int64]:
        # By column and in place: nearly each pair is a document, so these are tens of megabytes.
        columns = np.empty((_TIMER_MEASURES, len(pairs)), np.int64)
        m, (grid, squares, products) = many[pairs], columns[4:].reshape(3, GRID_POINTS, -1)
        columns[:4] = np.ones_like(m), m, m * m, m * n[pairs]
        grid[:] = s[pairs].T
        squares[:] = grid * grid
        products[:] = grid * m
        return columns.T

    return pick(keys, of[first]), slot[first], sums_of(measures, timers)


def _grid(values: NDArray[np.int32], slots: Index, pair: Index, pairs: int) -> NDArray[np.int64]:
    """Of each pair, how many of its values are at or below each grid point: shape (pairs, 16)."""
    reached = np.searchsorted(_MILLIS, values, side="left")
    reached = np.where(slots == _CLS_SLOT, np.searchsorted(_CLS, values, side="left"), reached)
    cells = np.bincount(pair * (GRID_POINTS + 1) + reached, minlength=pairs * (GRID_POINTS + 1))
    return np.cumsum(cells.reshape(pairs, GRID_POINTS + 1), axis=1)[:, :GRID_POINTS]


NO_CLUSTERS = Clusters(
    np.empty(0, KEY),
    np.empty((0, 13), np.int64),
    np.empty(0, KEY),
    np.empty(0, np.int64),
    np.empty((0, _TIMER_MEASURES), np.int64),
)
