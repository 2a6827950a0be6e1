"""The table of runs behaves as a plain dict, and stays a few runs however much is put."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bellrock.operators.keys import Keys
from bellrock.operators.run_table import Found, RunTable
from bellrock.rows import Rows

DTYPE = np.dtype([("due", "i8"), ("code", "u4"), ("name", "S8")])
OWN_BITS = 40
PREFIXES = (0, 1, 2, 2**24 - 1)
KEYS = [prefix << OWN_BITS | own for prefix in PREFIXES for own in (0, 1, 2, 2**OWN_BITS - 1)]
MINUTES = st.integers(-3, 9)

Row = tuple[int, int, bytes]


def as_keys(keys: list[int]) -> Keys:
    return np.array(keys, dtype=np.uint64)


def as_rows(rows: list[Row]) -> Rows:
    return np.array(rows, dtype=DTYPE)


def table_of(rows: dict[int, Row]) -> RunTable:
    table = RunTable(DTYPE, due="due")
    keys = sorted(rows)
    table.put(as_keys(keys), as_rows([rows[key] for key in keys]))
    return table


def as_dict(keys: Keys, rows: Rows) -> dict[int, Row]:
    assert rows.dtype == DTYPE
    assert len(keys) == len(rows)
    assert (keys[1:] > keys[:-1]).all()
    return dict(zip(keys.tolist(), rows.tolist(), strict=True))


class AgainstADict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = RunTable(DTYPE, due="due")
        self.model: dict[int, Row] = {}

    def agrees(self, found: Found, keys: list[int], *, remove: bool) -> None:
        """What was found is what the dict has, whether or not it is removed then."""
        wanted = {key: self.model[key] for key in keys if key in self.model}
        assert as_dict(found.keys, found.rows) == wanted
        if remove:
            self.table.remove(found)
            for key in wanted:
                del self.model[key]

    @precondition(lambda self: len(self.model) < len(KEYS))
    @rule(data=st.data())
    def put(self, data: st.DataObject) -> None:
        free = [key for key in KEYS if key not in self.model]
        keys = sorted(data.draw(st.lists(st.sampled_from(free), unique=True)))
        rows = [
            (data.draw(MINUTES), data.draw(st.integers(0, 2)), b"x" * (key % 7)) for key in keys
        ]
        self.table.put(as_keys(keys), as_rows(rows))
        self.model |= dict(zip(keys, rows, strict=True))

    @rule(keys=st.lists(st.sampled_from(KEYS), unique=True), remove=st.booleans())
    def find(self, keys: list[int], remove: bool) -> None:
        self.agrees(self.table.find(as_keys(sorted(keys))), keys, remove=remove)

    @rule(data=st.data(), keys=st.lists(st.sampled_from(KEYS), unique=True))
    def put_over_what_is_there(self, data: st.DataObject, keys: list[int]) -> None:
        keys = sorted(keys)
        rows = [(data.draw(MINUTES), data.draw(st.integers(0, 2)), b"y") for _ in keys]
        self.table.put(as_keys(keys), as_rows(rows), self.table.find(as_keys(keys)))
        self.model |= dict(zip(keys, rows, strict=True))

    @rule(prefix=st.lists(st.sampled_from(PREFIXES), unique=True), remove=st.booleans())
    def find_prefixes(self, prefix: list[int], remove: bool) -> None:
        found = self.table.find_prefixes(as_keys(sorted(prefix)))
        self.agrees(found, [key for key in KEYS if key >> OWN_BITS in prefix], remove=remove)

    @rule(minute=MINUTES | st.just(1 << 62), remove=st.booleans())
    def find_due(self, minute: int, remove: bool) -> None:
        due = [key for key, row in self.model.items() if row[0] <= minute]
        self.agrees(self.table.find_due(minute), due, remove=remove)

    @rule(shift=st.integers(0, 3))
    def map_codes(self, shift: int) -> None:
        def add(rows: Rows) -> None:
            rows["code"] += shift

        self.table.rewrite(add)
        self.model = {
            key: (due, code + shift, name) for key, (due, code, name) in self.model.items()
        }

    @invariant()
    def the_same_rows_live(self) -> None:
        assert len(self.table) == len(self.model)
        assert as_dict(*self.table.items()) == self.model


AgainstADict.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_the_table_behaves_as_a_dict = AgainstADict.TestCase


def test_many_small_puts_leave_few_runs() -> None:
    table = RunTable(DTYPE)
    for key in np.random.default_rng(1).permutation(1000).tolist():
        table.put(as_keys([key]), as_rows([(key, 0, b"")]))
    assert len(table) == 1000
    assert len(table._runs) <= 10
    found = table.take(as_keys([0, 999, 1000]))
    assert as_dict(found.keys, found.rows) == {0: (0, 0, b""), 999: (999, 0, b"")}


def test_what_was_taken_may_be_put_again() -> None:
    table = table_of({7: (1, 0, b"old"), 8: (2, 0, b"other")})
    table.take(as_keys([7]))
    table.put(as_keys([7]), as_rows([(3, 0, b"new")]))
    assert as_dict(*table.items()) == {7: (3, 0, b"new"), 8: (2, 0, b"other")}


def test_rows_that_are_dead_are_forgotten_sooner_or_later() -> None:
    """A table whose rows come and go is no larger than what lives in it, but for a factor."""
    table = RunTable(DTYPE)
    for step in range(500):
        table.put(as_keys([step * 10 + n for n in range(10)]), as_rows([(0, 0, b"")] * 10))
        table.take(as_keys([step * 10 + n for n in range(9)]))
    row = DTYPE.itemsize + 8 + 1
    assert len(table) == 500
    assert table.nbytes <= 500 * row * 12


def test_what_is_put_later_does_not_change_the_rows_that_were_put_before() -> None:
    """A change names the rows of several minutes, and is looked at when all of them are folded."""
    table = RunTable(DTYPE, due="due")
    first = as_rows([(1, 1, b"first")])
    table.put(as_keys([5]), first)
    table.put(as_keys([5]), as_rows([(2, 2, b"second")]), table.find(as_keys([5])))
    assert first.tolist() == [(1, 1, b"first")]
    assert table.find(as_keys([5])).rows.tolist() == [(2, 2, b"second")]
