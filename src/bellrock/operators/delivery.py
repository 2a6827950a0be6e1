"""Delivery: how beacons came, and which of them were their impression's first of a type.

Enters: the fresh beacons of a minute, by impression and there in log order, and what they changed. Leaves:
counts by site, hour, browser and transport, bots left out. What always holds: each beacon is counted by what
its impression was just after it, whatever else its minute brought, so it does not matter how a log is cut into
batches; and each impression counts once for a type, with the beacon that brought it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Names
from bellrock.operators.attribution import Attribution
from bellrock.operators.change import Change
from bellrock.operators.groups import Groups, starts_of
from bellrock.rows import Index, Rows, pick
from bellrock.schema.agent import BROWSERS
from bellrock.schema.document import RELATIONS
from bellrock.schema.impression import NO_SEQ, TYPE_BITS
from bellrock.schema.wire import TRANSPORTS

_FIRSTS = ("navigation", "load", "vitals")
"""Types whose first beacon is counted, in the order of the measures; the last measure is of all beacons."""

_KINDS = len(_FIRSTS) + 1
_WAYS = len(TRANSPORTS) + 1
_SEQS = NO_SEQ + 1


class Arrived(NamedTuple):
    """Fresh `beacons` of a minute and how they came, both in the order of `groups`, which are impressions."""

    minute: int
    beacons: Rows
    transports: NDArray[np.uint8]
    groups: Groups


class Delivered(NamedTuple):
    """Rows, one for a key: the first minute of an hour, and codes of site, browser, transport.

    `measures`: shape (rows, 4).
    """

    minute: Index
    site: Index
    browser: Index
    transport: Index
    measures: NDArray[np.int64]


_NONE = np.empty(0, np.int64)
NOT_DELIVERED = Delivered(
    _NONE, _NONE, _NONE, _NONE, np.empty((0, len(RELATIONS["delivery"].additive)), np.int64)
)


def together(parts: Sequence[Delivered]) -> Delivered:
    """What came in several minutes, summed up: of one hour they have the same keys."""
    *key, measures = map(np.concatenate, zip(NOT_DELIVERED, *parts, strict=True))
    keys, of = np.unique(np.stack(key), axis=1, return_inverse=True)
    summed = np.zeros((keys.shape[1], measures.shape[1]), np.int64)
    np.add.at(summed, of, measures)
    minute, site, browser, transport = keys
    return Delivered(minute, site, browser, transport, summed)


def count_delivery(
    arrived: Arrived, changed: Change, attribution: Attribution, names: Names
) -> Delivered:
    """Count the beacons of impressions that are no bots'; `changed` has a row for each of the groups."""
    groups = arrived.groups
    of = groups.of_sorted()
    agent, bot = _as_they_stood(arrived.beacons, of, changed, attribution, names)
    browser = names.agents.table["browser"][agent]
    code = changed.new["site"][of].astype(np.int64)
    for part, width in (
        (browser, len(BROWSERS)),
        (arrived.transports, _WAYS),
        (_first_of(arrived.beacons, of, changed.old), _KINDS),
    ):
        code = code * width + part
    return _counted(arrived.minute, code[bot == 0])


def _as_they_stood(
    beacons: Rows, of: Index, changed: Change, attribution: Attribution, names: Names
) -> tuple[Index, NDArray[np.uint8]]:
    """User agent and bot of each beacon's impression, just after the beacon."""
    old, new = changed.old, changed.new
    codes = len(names.agents)
    said = beacons["agent_seq"].astype(np.int64) * codes + beacons["agent"]
    was = old["agent_seq"].astype(np.int64) * codes + old["agent"]
    was[old["beacons"] == 0] = NO_SEQ * codes
    # Impressions descend here and ascend there, so nothing is carried from one to the next.
    behind = (len(old) - of) * (_SEQS * codes)
    agent = np.minimum.accumulate(behind + np.minimum(said, was[of])) % codes
    driven = beacons["webdriver"] | old["webdriver"][of]
    driven = np.maximum.accumulate(2 * of + driven) % 2 != 0
    bot = new["bot"][of]
    otherwise = np.flatnonzero((agent != new["agent"][of]) | (driven != new["webdriver"][of]))
    if len(otherwise):
        then = pick(new, of[otherwise])
        then["agent"], then["webdriver"] = agent[otherwise], driven[otherwise]
        attribution.attribute(then, names)
        bot[otherwise] = then["bot"]
    return agent, bot


def _first_of(beacons: Rows, of: Index, old: Rows) -> NDArray[np.int64]:
    """Of which type each beacon is its impression's first, as an index in `_FIRSTS`; or their number."""
    kind = np.full(len(beacons), len(_FIRSTS))
    types = beacons["types"]
    for number, name in enumerate(_FIRSTS):
        places = np.flatnonzero(types & TYPE_BITS[name])
        places = places[starts_of(of[places])]
        kind[places[(old["types"][of[places]] & TYPE_BITS[name]) == 0]] = number
    return kind


def _counted(minute: int, code: Index) -> Delivered:
    codes, counts = np.unique(code, return_counts=True)
    key, kind = np.divmod(codes, _KINDS)
    starts = starts_of(key)
    measures = np.zeros((len(starts), _KINDS), np.int64)
    row = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(key)))
    measures[row, kind] = counts
    measures[:, -1] = np.bincount(row, counts, len(starts))
    key, transport = np.divmod(key[starts], _WAYS)
    site, browser = np.divmod(key, len(BROWSERS))
    # By the hour: that is fine enough, and of what is stored minutes would be half as much again.
    return Delivered(np.full(len(site), minute - minute % 60), site, browser, transport, measures)
