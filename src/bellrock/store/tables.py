"""The tables of the embedded store, made of `RELATIONS`.

A relation lies in several tables with the same columns. `R_settled` takes what is still in motion, any
number of rows for a key. What is final moves on to `R_minute`, one row for a key, and is added to `R_hour`
and, when its day is over, to `R_day`, whose `minute` is the first of the hour or day. So `R_settled` and
`R_minute` together are the relation, and so are `R_settled` and `R_hour`.
"""

from collections.abc import Callable, Sequence

import msgspec

from bellrock.operators.balance import Balance
from bellrock.schema.document import RELATIONS

VERSION = 4
"""Of the tables and of the state in them; `store.migrations` brings older ones here."""

LEVELS = {"minute": 1, "hour": 60, "day": 1440}
"""Names of the final tables, with the minutes that a row covers."""

ROLLED_UP = tuple(name for name in RELATIONS if name not in {"issues", "delivery"})
"""Relations with hours and days; issues are few, and delivery comes by the hour."""

COUNTS = Balance.__struct_fields__
"""Columns of `progress` that are summed up over all steps."""

_KEY_TYPES = {"minute": "BIGINT", "cell": "SMALLINT"}


def quoted(names: Sequence[str]) -> str:
    """Names as a list of columns."""
    return ", ".join(f'"{name}"' for name in names)


def sums(additive: Sequence[str]) -> str:
    """The sum of each column under its own name."""
    return ", ".join(f'CAST(coalesce(sum("{c}"), 0) AS BIGINT) AS "{c}"' for c in additive)


def some(additive: Sequence[str]) -> str:
    """Whether any sum is not 0."""
    return " OR ".join(f'sum("{c}") <> 0' for c in additive)


def parts_of(relation: str) -> tuple[str, ...]:
    """The names of a relation's tables."""
    levels = LEVELS if relation in ROLLED_UP else ("minute",)
    return tuple(f"{relation}_{part}" for part in ("settled", *levels))


def create_tables(run: Callable[[str], object]) -> None:
    """Make what is missing of the tables of this version."""
    for relation, (key, additive) in RELATIONS.items():
        types = {c: _KEY_TYPES.get(c, "VARCHAR") for c in key} | dict.fromkeys(additive, "BIGINT")
        columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
        for table in parts_of(relation):
            run(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        run(
            f"CREATE VIEW IF NOT EXISTS {relation} AS"
            f" SELECT * FROM {relation}_settled UNION ALL SELECT * FROM {relation}_minute"
        )
    run("CREATE TABLE IF NOT EXISTS fresh (number BIGINT, deltas BLOB)")
    run("CREATE TABLE IF NOT EXISTS rolled (relation VARCHAR, days BIGINT)")
    # `partition` is '' where a log has one, and for what its many share.
    run("CREATE TABLE IF NOT EXISTS state (number BIGINT, data BLOB, partition VARCHAR)")
    # Sequence numbers of Kinesis have more digits than a number of DuckDB.
    run("CREATE TABLE IF NOT EXISTS partitions (partition VARCHAR, position VARCHAR)")
    run(
        "CREATE TABLE IF NOT EXISTS claims"
        " (site VARCHAR, hash BLOB, session VARCHAR, minute BIGINT, impression VARCHAR)"
    )
    # Of the hash alone: DuckDB looks up a list of values of one column in an index, but not of two.
    run("CREATE INDEX IF NOT EXISTS claims_hash ON claims (hash)")
    run(
        "CREATE TABLE IF NOT EXISTS marks (site VARCHAR, agent VARCHAR, since BIGINT,"
        " sessions BIGINT, suspicious BIGINT, state VARCHAR)"
    )
    counts = "".join(f', "{name}" BIGINT' for name in COUNTS)
    run(f"CREATE TABLE IF NOT EXISTS progress (position BIGINT, watermark BIGINT{counts})")
    zeros = ", 0" * len(COUNTS)
    run(f"INSERT INTO progress SELECT 0, NULL{zeros} WHERE NOT EXISTS (SELECT 1 FROM progress)")


class Format(msgspec.Struct, frozen=True):
    """What a store file says of its form."""

    version: int
    histogram: str
