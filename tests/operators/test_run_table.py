"""The table of runs behaves as a plain dict, and stays a few runs however much is put."""

import numpy as np
import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bellrock.operators.keys import Keys
from bellrock.operators.run_table import RunTable
from bellrock.schema.impression import Schema

SCHEMA: Schema = {"value": pl.Int64, "name": pl.String}
OWN_BITS = 40
PREFIXES = (0, 1, 2, 2**24 - 1)
KEYS = [prefix << OWN_BITS | own for prefix in PREFIXES for own in (0, 1, 2, 2**OWN_BITS - 1)]
VALUES = st.integers(-3, 9)

Row = tuple[int, str | None]


def as_keys(keys: list[int]) -> Keys:
    return np.array(keys, dtype=np.uint64)


def as_rows(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def as_dict(taken: tuple[Keys, pl.DataFrame]) -> dict[int, Row]:
    keys, rows = taken
    assert rows.schema == pl.Schema(SCHEMA)
    assert len(keys) == len(rows) == len(set(keys.tolist()))
    return dict(zip(keys.tolist(), rows.rows(), strict=True))


class AgainstADict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = RunTable(SCHEMA)
        self.model: dict[int, Row] = {}

    def taken(self, keys: list[int]) -> dict[int, Row]:
        return {key: self.model.pop(key) for key in keys if key in self.model}

    @precondition(lambda self: len(self.model) < len(KEYS))
    @rule(data=st.data())
    def put(self, data: st.DataObject) -> None:
        free = [key for key in KEYS if key not in self.model]
        keys = data.draw(st.lists(st.sampled_from(free), unique=True))
        rows = [(data.draw(VALUES), data.draw(st.none() | st.text(max_size=2))) for _ in keys]
        self.table.put(as_keys(keys), as_rows(rows))
        self.model |= dict(zip(keys, rows, strict=True))

    @rule(keys=st.lists(st.sampled_from(KEYS), unique=True))
    def take(self, keys: list[int]) -> None:
        assert as_dict(self.table.take(as_keys(keys))) == self.taken(keys)

    @rule(prefix=st.lists(st.sampled_from(PREFIXES), unique=True))
    def take_prefixes(self, prefix: list[int]) -> None:
        taken = as_dict(self.table.take_prefixes(as_keys(prefix)))
        assert taken == self.taken([key for key in KEYS if key >> OWN_BITS in prefix])

    @rule(most=VALUES)
    def take_up_to(self, most: int) -> None:
        taken = as_dict(self.table.take_up_to("value", most))
        assert taken == self.taken([key for key, row in self.model.items() if row[0] <= most])

    @invariant()
    def the_same_rows_live(self) -> None:
        assert len(self.table) == len(self.model)
        rows = self.table.rows()
        assert rows.schema == pl.Schema(SCHEMA)
        assert sorted(rows.rows(), key=repr) == sorted(self.model.values(), key=repr)


AgainstADict.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_the_table_behaves_as_a_dict = AgainstADict.TestCase


def test_many_small_puts_leave_few_runs() -> None:
    table = RunTable(SCHEMA)
    for key in np.random.default_rng(1).permutation(1000).tolist():
        table.put(as_keys([key]), as_rows([(key, "")]))
    assert len(table) == 1000
    assert len(table._runs) <= 10
    assert as_dict(table.take(as_keys([0, 999, 1000]))) == {0: (0, ""), 999: (999, "")}


def test_what_was_taken_may_be_put_again() -> None:
    table = RunTable(SCHEMA)
    table.put(as_keys([7, 8]), as_rows([(1, "old"), (2, "other")]))
    table.take(as_keys([7]))
    table.put(as_keys([7]), as_rows([(3, "new")]))
    assert as_dict(table.take(as_keys([7, 8]))) == {7: (3, "new"), 8: (2, "other")}
    assert len(table) == 0
    assert len(table.rows()) == 0
