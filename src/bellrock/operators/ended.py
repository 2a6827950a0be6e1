"""What ended at a boundary, in words: records of sessions, of their impressions, and of orphans.

Enters: rows that left the state, as codes of its names. Leaves: records in an order that the log alone
decides: by boundary, site and session; each session is followed by its impressions as they began. What always
holds: everything that ended is in one record, and of a session in which nothing counts there are orphans alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from bellrock.names import Names
from bellrock.operators.boundary import Ended
from bellrock.operators.describe import Describer
from bellrock.operators.documents import MINUTE, counts, document_keys
from bellrock.rows import Rows, copy, pick
from bellrock.schema.codes import FLAGS
from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.impression import NO_TIMER, TYPE_BITS
from bellrock.schema.records import (
    IMPRESSION,
    ORPHAN,
    SESSION,
    EndedRecord,
    ImpressionRecord,
    OrphanRecord,
    SessionRecord,
)

_EVERY = 0xFF  # chosen: every optional dimension
_FLAGS = (None, False, True)
_FLAG_FIELDS = {"firstLoad": "first_load", "served": "served", "cacheHit": "cache_hit"}
_FLAG_WORDS = dict(zip(FLAGS, _FLAGS, strict=True))
_DIMENSIONS = ("site", *DIMENSIONS)


def ended_records(ended: Ended, names: Names) -> list[EndedRecord]:
    """The records of what ended at one boundary; `names` are those of the state as it was then."""
    sessions = ended.due.rows
    if not len(sessions):
        return []
    keys, impressions = ended.impressions.keys, ended.impressions.rows
    of = np.searchsorted(ended.due.keys, impressions["session"])
    visits = dimensions_of(impressions, names)
    records = _impressions(impressions, pick(sessions, of), visits, names)
    own: list[list[int]] = [[] for _ in sessions]
    for row in np.lexsort((impressions["id"], impressions["first"])).tolist():
        own[of[row]].append(row)
    heads = np.searchsorted(keys, sessions["head"]).tolist()
    found: list[EndedRecord] = []
    for number in _in_order(sessions, names):
        if sessions["impressions"][number]:
            found.append(_session(sessions[number], visits[heads[number]]))
        found.extend(records[row] for row in own[number])
    return found


def dimensions_of(
    rows: Rows, names: Names, wanted: Sequence[str] = _DIMENSIONS
) -> list[dict[str, Any]]:
    """Dimensions of impressions by the names of the fields of records; the site is one."""
    every = copy(rows)
    every["chosen"] = _EVERY
    described = Describer(names).minutes(document_keys(every, names.agents)).select(wanted)
    flags = [
        pl.col(name).replace_strict(_FLAG_WORDS, return_dtype=pl.Boolean)
        for name in wanted
        if name in _FLAG_FIELDS
    ]
    return described.with_columns(flags).rename(_FLAG_FIELDS, strict=False).to_dicts()


def _in_order(sessions: Rows, names: Names) -> list[int]:
    """The places of sessions by boundary, site and id."""
    sites = [names.texts.value(code) for code in sessions["site"].tolist()]
    names_of = list(zip(sessions["due"].tolist(), sites, sessions["id"].tolist(), strict=True))
    return sorted(range(len(sites)), key=names_of.__getitem__)


def _session(row: np.void, head: Mapping[str, Any]) -> SessionRecord:
    first, last, impressions = int(row["first"]), int(row["last"]), int(row["impressions"])
    return SessionRecord(
        at=int(row["due"]) * MINUTE,
        kind=SESSION,
        session=row["id"].decode(),
        first=first,
        last=last,
        seconds=(last - first) // 1000,
        impressions=impressions,
        bounce=impressions == 1,
        orders=int(row["orders"]),
        revenue=int(row["revenue"]),
        **head,
    )


def _impressions(
    rows: Rows, sessions: Rows, visits: Sequence[dict[str, Any]], names: Names
) -> list[EndedRecord]:
    """A record of each impression; `sessions` has the session of each, `visits` its dimensions."""
    found: list[EndedRecord] = []
    timers = _timers(rows, names)
    for number, counted in enumerate(counts(rows).tolist()):
        row, session = rows[number], sessions[number]
        place = {
            "at": int(session["due"]) * MINUTE,
            "session": session["id"].decode(),
            "session_first": int(session["first"]),
            "impression": row["id"].decode(),
            "first": int(row["first"]),
            "last": int(row["last"]),
        }
        found.append(
            _counted(row, timers[number], place | _sums(row) | visits[number])
            if counted
            else OrphanRecord(
                kind=ORPHAN, site=visits[number]["site"], seqs=_bits(int(row["seen"])), **place
            )
        )
    return found


def _counted(row: np.void, timers: dict[str, int], said: dict[str, Any]) -> ImpressionRecord:
    return ImpressionRecord(
        kind=IMPRESSION,
        types=[name for name, bit in TYPE_BITS.items() if row["types"] & bit],
        new_today=_FLAGS[row["new_today"]],
        new_this_month=_FLAGS[row["new_this_month"]],
        timers=timers,
        **said,
    )


def _sums(row: np.void) -> dict[str, int]:
    return {name: int(row[name]) for name in ("beacons", "events", "errors", "orders", "revenue")}


def _timers(rows: Rows, names: Names) -> list[dict[str, int]]:
    """The timers of each row by name, in micro-units."""
    found: list[dict[str, int]] = [{} for _ in rows]
    values = rows["timers"]
    for row, slot in np.argwhere(values != NO_TIMER).tolist():
        found[row][names.timer(int(rows["site"][row]), slot)] = int(values[row, slot])
    return found


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
