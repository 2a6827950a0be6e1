"""A question to a store, and the fewest documents that answer it.

Enters: a selection, what to group by, what to sum. Leaves: pieces that hold each minute of the span once:
whole days where days are rolled up, whole hours beside them, and minutes at the edges. A time bucket limits how
coarse they may be.
"""

from collections.abc import Mapping
from typing import NamedTuple

from bellrock.store.contract import TIME_BUCKETS, Selection
from bellrock.store.tables import LEVELS, ROLLED_UP

_ALWAYS = 1 << 40  # a minute after all others


class Question(NamedTuple):
    """The sums of a relation's rows by the columns `by`; of rows alone that are `among`, by column."""

    relation: str
    selection: Selection
    by: tuple[str, ...]
    among: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Piece(NamedTuple):
    """Rows of a level with `start <= minute < end`."""

    level: str
    start: int
    end: int


def cover(question: Question, days: int, hours: int = _ALWAYS) -> list[Piece]:
    """The coarsest pieces that keep the buckets apart; days and hours are rolled up to these minutes."""
    start, end = question.selection.start, question.selection.end
    if question.relation not in ROLLED_UP:
        return [Piece("minute", start, end)]
    width = min((TIME_BUCKETS[name] for name in question.by if name in TIME_BUCKETS), default=1440)
    ends = {"minute": _ALWAYS, "hour": hours, "day": min(days, hours)}
    levels = {name: ends[name] for name, minutes in LEVELS.items() if minutes <= width}
    return _cover(start, end, levels)


def _cover(start: int, end: int, levels: Mapping[str, int]) -> list[Piece]:
    """Pieces of levels from fine to coarse, each with the minute up to which it is there."""
    if start >= end:
        return []
    *finer, level = levels
    if not finer:
        return [Piece(level, start, end)]
    width = LEVELS[level]
    first, last = -(-start // width) * width, min(end, levels[level]) // width * width
    left = {name: levels[name] for name in finer}
    if first >= last:
        return _cover(start, end, left)
    return [
        *_cover(start, first, left),
        Piece(level, first, last),
        *_cover(last, end, left),
    ]
