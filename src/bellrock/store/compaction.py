"""From what is fresh to what is final: rows become fewer, and no sum changes.

`settle` sums fresh deltas by key into `R_settled`. `compact` moves one hour of one relation, once its
minutes are final, to one row for a key in `R_minute`, and adds it to `R_hour`; or it adds one day of hours
to `R_day`. Each is one transaction. Rows that come late to a minute that was final already are moved in
the same way and add up, so no answer depends on what is final: only how many rows there are does.
"""

from collections.abc import Sequence

import duckdb

from bellrock.operators.sessions import LONGEST_MINUTES
from bellrock.operators.time import minute_of
from bellrock.schema.document import RELATIONS
from bellrock.store.fresh import FreshStep, joined
from bellrock.store.tables import LEVELS, ROLLED_UP, quoted, some, sums

_MADE_ONCE = ("clusters", "cluster_timers")
"""Of these, steps hardly ever have rows with the same key: what ends together is summed in its step."""

HOUR, DAY = LEVELS["hour"], LEVELS["day"]


def first_open_minute(watermark: int | None) -> int:
    """The first minute that may still change, once every line up to `watermark` (ms) was folded.

    A session ends at the latest at the boundary `LONGEST_MINUTES` after the minute of its first beacon,
    whatever comes, and its impressions with it. Whatever a later line changes therefore belongs to a
    session, and so to a minute, that began after the minute of `watermark` less that.
    """
    return minute_of(watermark) - LONGEST_MINUTES + 1


def settle_steps(cursor: duckdb.DuckDBPyConnection, steps: Sequence[FreshStep]) -> None:
    """Move the rows of steps into the settled tables."""
    for relation, (key, additive) in RELATIONS.items():
        incoming = joined(steps, relation)
        if not len(incoming):
            continue
        incoming = incoming.to_arrow()
        if relation in _MADE_ONCE:
            cursor.execute(f"INSERT INTO {relation}_settled SELECT * FROM incoming")
        else:
            cursor.execute(
                f"INSERT INTO {relation}_settled SELECT {quoted(key)}, {sums(additive)}"
                f" FROM incoming GROUP BY ALL HAVING {some(additive)}"
            )
    cursor.execute("DELETE FROM fresh WHERE number <= ?", [steps[-1].number])


def compact_next(cursor: duckdb.DuckDBPyConnection, open_minute: int) -> bool:
    """Do the oldest piece of work there is below a minute; false where there is none."""
    for relation in RELATIONS:
        hour = _first(cursor, f"{relation}_settled", 0, open_minute - open_minute % HOUR)
        if hour is not None:
            _move_hour(cursor, relation, hour - hour % HOUR)
            return True
        if relation in ROLLED_UP:
            done = days_of(cursor, relation)
            day = _first(cursor, f"{relation}_hour", done, open_minute - open_minute % DAY)
            if day is not None:
                _add_day(cursor, relation, day - day % DAY)
                return True
    return False


def days_of(cursor: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The minute up to which `R_day` has everything that `R_hour` has."""
    found = cursor.execute("SELECT days FROM rolled WHERE relation = ?", [relation]).fetchall()
    return int(found[0][0]) if found else 0


def _first(cursor: duckdb.DuckDBPyConnection, table: str, start: int, end: int) -> int | None:
    """The least minute in [start, end) that a table has."""
    [(minute,)] = cursor.execute(
        f'SELECT min("minute") FROM {table} WHERE "minute" >= ? AND "minute" < ?', [start, end]
    ).fetchall()
    return None if minute is None else int(minute)


def _move_hour(cursor: duckdb.DuckDBPyConnection, relation: str, hour: int) -> None:
    source, end = f"{relation}_settled", hour + HOUR
    _add(cursor, relation, source, "minute", hour, end)
    if relation in ROLLED_UP:
        _add(cursor, relation, source, "hour", hour, end)
        if hour < days_of(cursor, relation):
            _add(cursor, relation, source, "day", hour, end)
    cursor.execute(f'DELETE FROM {source} WHERE "minute" >= ? AND "minute" < ?', [hour, end])


def _add_day(cursor: duckdb.DuckDBPyConnection, relation: str, day: int) -> None:
    end = day + DAY
    _add(cursor, relation, f"{relation}_hour", "day", day, end)
    cursor.execute("DELETE FROM rolled WHERE relation = ?", [relation])
    cursor.execute("INSERT INTO rolled VALUES (?, ?)", [relation, end])


def _add(
    cursor: duckdb.DuckDBPyConnection, relation: str, source: str, level: str, start: int, end: int
) -> None:
    """Add the rows of `source` in [start, end) to a level, summed; in the order in which they are read."""
    key, additive = RELATIONS[relation]
    width = LEVELS[level]
    minute = f'"minute" - "minute" % {width} AS "minute"'
    columns = ", ".join(minute if name == "minute" else f'"{name}"' for name in key)
    order = quoted([name for name in ("site", "timer", "minute") if name in key])
    cursor.execute(
        f"INSERT INTO {relation}_{level} SELECT {columns}, {sums(additive)} FROM {source}"
        f' WHERE {source}."minute" >= ? AND {source}."minute" < ?'
        f" GROUP BY ALL HAVING {some(additive)} ORDER BY {order}",
        [start, end],
    )
