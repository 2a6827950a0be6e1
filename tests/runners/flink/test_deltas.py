"""Parcels and documents: rows of any kind arrive where they belong, and sum up exactly."""

from collections import Counter, defaultdict
from zlib import crc32

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.operators.documents import MINUTE
from bellrock.operators.summaries import NO_DELTAS
from bellrock.runners.flink.changes import distinct
from bellrock.runners.flink.deltas import HEADS, TEXTS, decode_parcel, parcels, slots_of
from bellrock.runners.flink.summary import SlotState, SummaryFunction
from bellrock.schema.document import RELATIONS
from bellrock.schema.wire import END_OF_TIME
from bellrock.store.tables import LEVELS, ROLLED_UP
from runners.flink.memory import MemoryTable, MemoryValue, MemoryValues, Store, deltas, rows_of

START = 29_923_560
WORDS = st.sampled_from(["", "a", "b", "ä\0b", "Chrome"])
OPTIONAL = st.none() | WORDS
LAST = (END_OF_TIME - 1) // MINUTE
LARGE = 1 << 55


def columns(relation: str) -> st.SearchStrategy[tuple]:
    """A row of a relation, of few documents."""
    kinds = {
        "site": WORDS,
        "minute": st.integers(START, START + 70) | st.just(LAST),
        "timer": st.sampled_from(["lcp", "ttfb", "own"]),
        "cell": st.integers(-1, 700),
    }
    key, additive = RELATIONS[relation]
    few = st.sampled_from([0, 0, 1, -1, LARGE, -LARGE])
    named = [kinds.get(name, WORDS if relation == "issues" else OPTIONAL) for name in key]
    return st.tuples(*named, *[few] * len(additive))


STEPS = st.lists(
    st.fixed_dictionaries({name: st.lists(columns(name), max_size=4) for name in RELATIONS}),
    max_size=4,
)


def slot_of(names: tuple[str | None, ...], slots: int) -> int:
    """What docs/spec/flink.md says, a step after the other."""
    mixed = 0
    for name in names:
        mixed = (mixed * 0x9E37_79B9_7F4A_7C15 + crc32((name or "").encode())) % (1 << 64)
    return (mixed * 0x9E37_79B9_7F4A_7C15 % (1 << 64) >> 32) % slots


@given(steps=STEPS, slots=st.integers(1, 128))
def test_every_row_arrives_in_the_slot_of_its_document(steps: list[dict], slots: int) -> None:
    found = parcels([deltas(step) for step in steps], slots, judged=7)
    for relation, (key, _) in RELATIONS.items():
        names = [key.index(column) for column in TEXTS[relation]]
        sent: dict[int, Counter] = defaultdict(Counter)
        for step in steps:
            for row in step[relation]:
                sent[slot_of(tuple(row[n] for n in names), slots)][row] += 1
        arrived = {
            n: Counter(rows) for n, data in found.items() if (rows := rows_of(data, relation))
        }
        assert arrived == sent
    assert all(decode_parcel(data).judged == 7 for data in found.values())


def test_a_document_stays_in_its_slot_whatever_the_process_or_the_version() -> None:
    for names, slots, slot in [
        (("plain", "", None, "Chrome"), 128, 91),
        (("plain", "", None, "Chrome"), 32, 27),
        (("plain", "malformed"), 128, 98),
    ]:
        hashes = [np.array([crc32((name or "").encode())], np.uint64) for name in names]
        assert slots_of(hashes, slots).tolist() == [slot] == [slot_of(names, slots)]


def test_documents_are_spread_evenly_over_the_slots() -> None:
    hashes = [
        np.array([crc32(f"{column} {n}".encode()) for n in range(50)], np.uint64)
        for column in ("site", "label", "country")
    ]
    every = [axis.ravel() for axis in np.meshgrid(*hashes)]
    sizes = np.bincount(slots_of(every, 32), minlength=32)
    assert sizes.min() > 0.95 * sizes.mean()
    assert sizes.max() < 1.05 * sizes.mean()


@given(flushes=st.lists(STEPS, min_size=1, max_size=3))
def test_documents_are_the_exact_sums_of_all_rows_however_they_were_sent(
    flushes: list[list[dict]],
) -> None:
    store, state = Store(), SlotState(MemoryValue(), MemoryValues(), MemoryValues(), MemoryTable())
    function = SummaryFunction(store, 1)
    for steps in flushes:
        for step in steps:
            for data in parcels([deltas(step)], 1, START).values():
                function.gather(state, data)
        function.flush(state, 0)
    rows = deltas({n: [r for steps in flushes for s in steps for r in s[n]] for n in RELATIONS})
    for level, width in LEVELS.items():
        found = store.documents(level)
        for relation in ROLLED_UP if level != "minute" else RELATIONS:
            assert sums(getattr(found, relation), 1) == sums(getattr(rows, relation), width)
    for key in state.documents.keys():  # noqa: SIM118  # no dict
        assert any(np.frombuffer(state.documents.get(key), "<i8")), "what is zero is not kept"


def sums(rows: pl.DataFrame, width: int) -> dict[tuple, tuple]:
    """The sums by key that say anything, with minutes floored."""
    relation = next(name for name in RELATIONS if getattr(NO_DELTAS, name).columns == rows.columns)
    key, additive = RELATIONS[relation]
    found: dict[tuple, list[int]] = {}
    minute = key.index("minute")
    for row in rows.rows():
        name = (*row[:minute], row[minute] - row[minute] % width, *row[minute + 1 : len(key)])
        old = found.get(name, [0] * len(additive))
        found[name] = [a + b for a, b in zip(old, row[len(key) :], strict=True)]
    return {name: tuple(values) for name, values in found.items() if any(values)}


@given(
    rows=st.lists(
        st.tuples(*[st.sampled_from([0, 1, -(1 << 40), 1 << 40, 1 << 50])] * 5), max_size=30
    )
)
def test_rows_are_told_apart_exactly_however_far_their_numbers_lie_apart(rows: list[tuple]) -> None:
    matrix = np.array(rows, np.int64).reshape(-1, 5)
    first, of_row = distinct(matrix.T)
    assert sorted(map(tuple, matrix[first].tolist())) == sorted(set(rows))
    assert np.array_equal(matrix[first][of_row], matrix)


def test_parcels_of_another_version_are_refused() -> None:
    with pytest.raises(ValueError, match="another version, not 2"):
        decode_parcel(b"\x92\x01\x80")
    with pytest.raises(ValueError, match="version 9, not 2"):
        decode_parcel(b"\x94\x09\x01\x90\x80")


def test_every_relation_is_a_head_or_the_detail_of_one() -> None:
    assert {*HEADS, *filter(None, HEADS.values())} == set(RELATIONS)
