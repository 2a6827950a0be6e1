"""The laws of the fold: equal input gives equal documents, however it was cut, resumed or replayed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from bellrock.canonical import canonical_text
from bellrock.claims.contract import Claims
from bellrock.claims.memory import MemoryClaims
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.operators.time import minute_of
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import Ledger, fold_lines
from reference.documents import conserved
from strategies import AGENTS, MINUTE, SITES, START, beacon, encode

law = settings(max_examples=12, deadline=None)


def pipeline(claims: Claims | None = None, saved: Iterable[bytes] = ()) -> Pipeline:
    state = State()
    state.restore(saved)
    return Pipeline(SITES, claims or MemoryClaims(), state)


def text_of(deltas: Iterable[Deltas]) -> bytes:
    ledger = Ledger()
    for part in deltas:
        ledger.add(part)
    return canonical_text(ledger.sums(), SITES)


def rows_of(folding: Pipeline) -> list[object]:
    """All that a state holds; the order of its rows is that of their keys, and means nothing."""
    state = folding.state
    tables = (state.impressions.rows(), state.sessions.rows())
    return [state.watermark, *(sorted(table.rows(), key=repr) for table in tables)]


def orphans_up_to_now(folding: Pipeline) -> Deltas:
    return folding.pass_boundaries(minute_of(folding.state.watermark))


def fold_batches(folding: Pipeline, batches: Iterable[Sequence[bytes]]) -> list[Deltas]:
    return [folding.step(batch).deltas for batch in batches]


@law
@given(data=st.data(), log=strategies.logs())
def test_however_a_log_is_cut_into_batches_the_documents_are_the_same(
    data: st.DataObject, log: list[bytes]
) -> None:
    folding = pipeline()
    deltas = fold_batches(folding, data.draw(strategies.cuts(log)))
    assert text_of([*deltas, orphans_up_to_now(folding)]) == fold_lines(log, SITES)
    assert text_of([*deltas, folding.pass_boundaries()]) == fold_lines(log, SITES, close=True)


@law
@given(data=st.data(), log=strategies.logs(max_size=16))
def test_after_every_step_the_deltas_sum_to_a_fresh_fold_of_what_was_read(
    data: st.DataObject, log: list[bytes]
) -> None:
    folding, deltas, read = pipeline(), [], []
    for batch in data.draw(strategies.cuts(log)):
        deltas.append(folding.step(batch).deltas)
        read += batch
        assert text_of(deltas) == fold_lines(read, SITES)


@law
@given(data=st.data(), log=strategies.logs())
def test_a_state_restored_from_a_base_and_the_changes_since_goes_on_as_if_nothing_had_been(
    data: st.DataObject, log: list[bytes]
) -> None:
    batches = data.draw(strategies.cuts(log))
    based = data.draw(st.integers(0, len(batches)))
    stopped = data.draw(st.integers(based, len(batches)))
    claims = MemoryClaims()
    first = pipeline(claims)
    deltas = fold_batches(first, batches[:based])
    saved = [first.state.snapshot()]
    for batch in batches[based:stopped]:
        step = first.step(batch)
        deltas.append(step.deltas)
        saved.append(step.changes)
    second = pipeline(claims, saved)
    assert rows_of(second) == rows_of(first)
    deltas += fold_batches(second, batches[stopped:])
    assert text_of([*deltas, second.pass_boundaries()]) == fold_lines(log, SITES, close=True)


@law
@given(data=st.data(), log=strategies.logs())
def test_what_is_replayed_after_a_crash_changes_nothing_though_its_claims_were_kept(
    data: st.DataObject, log: list[bytes]
) -> None:
    batches = data.draw(strategies.cuts(log))
    stored = data.draw(st.integers(0, len(batches)))
    claims = MemoryClaims()
    first = pipeline(claims)
    deltas = fold_batches(first, batches[:stored])
    saved = first.state.snapshot()
    fold_batches(first, batches[stored:])  # lost in the crash, but for the claims
    second = pipeline(claims, [saved])
    deltas += fold_batches(second, batches[stored:])
    assert text_of([*deltas, second.pass_boundaries()]) == fold_lines(log, SITES, close=True)


@law
@given(data=st.data(), minutes=strategies.logs_without_ties())
def test_inside_a_minute_the_order_of_lines_that_do_not_tie_changes_nothing(
    data: st.DataObject, minutes: list[list[bytes]]
) -> None:
    log = [line for minute in minutes for line in minute]
    shuffled = [line for minute in minutes for line in data.draw(st.permutations(minute))]
    assert fold_lines(shuffled, SITES, batch=3) == fold_lines(log, SITES)


@law
@given(log=strategies.logs(max_size=40))
def test_every_line_is_accounted_for_once_all_sessions_have_ended(log: list[bytes]) -> None:
    assert conserved(fold_lines(log, SITES, batch=11, close=True), log)


def test_where_lines_tie_the_first_in_the_log_holds() -> None:
    tie = [
        encode(START, beacon(0, timers={"lcp": value}, test={"name": "speed", "group": group}))
        for value, group in ((100, "A"), (900, "B"))
    ]
    documents = [json.loads(line) for line in fold_lines(tie, SITES).splitlines()]
    assert documents[0]["group"] == "A"
    assert documents[0]["lcp"]["sum"] == 100_000
    assert documents[1]["issue"] == "duplicate.beacon"


def test_a_session_that_ended_since_the_base_begins_anew_after_a_restore() -> None:
    old, other, new = (
        encode(START, beacon()),
        encode(START + 40 * MINUTE, beacon(session=strategies.SESSIONS[1])),
        encode(START + 41 * MINUTE, beacon(1, "load")),
    )
    first = pipeline()
    deltas = [first.step([old]).deltas]
    saved = [first.state.snapshot()]
    step = first.step([other])
    second = pipeline(saved=[*saved, step.changes])
    assert rows_of(second) == rows_of(first)
    deltas += [step.deltas, second.step([new]).deltas]
    assert text_of(deltas) == fold_lines([old, other, new], SITES)


def test_of_an_orders_values_the_greatest_holds_however_its_lines_are_cut() -> None:
    log = [
        encode(
            START + seq * MINUTE,
            beacon(seq, "order", order={"id": "o-1", "value": value, "currency": "EUR"}),
        )
        for seq, value in enumerate([20, 30, 10])
    ]
    for batch in (1, 2, 3):
        document = json.loads(fold_lines(log, SITES, batch=batch))
        assert (document["orders"], document["revenue"]) == (1, 3000)


def test_a_step_of_no_lines_changes_nothing() -> None:
    for before in ([], [encode(START, beacon())]):
        folding = pipeline()
        folding.step(before)
        saved = folding.state.snapshot()
        assert folding.state.watermark == (START if before else None)
        for nothing in ([], [b" ", b""]):
            assert text_of([folding.step(nothing).deltas]) == b""
            assert folding.state.snapshot() == saved


def test_the_changes_of_a_step_grow_with_what_it_touched_and_not_with_the_state() -> None:
    def changes(sessions: int) -> bytes:
        folding = pipeline()
        folding.step([encode(START, beacon(session=f"session-{n:08d}")) for n in range(sessions)])
        return folding.step([encode(START + 1, beacon(1, "load"))]).changes

    assert len(changes(400)) < 1.1 * len(changes(1))


def test_ended_sessions_are_not_kept() -> None:
    folding = pipeline()
    folding.step([encode(START, beacon())])
    folding.step([encode(START + 31 * MINUTE, beacon(session=strategies.SESSIONS[1]))])
    assert folding.state.sessions.rows()["session"].to_list() == [strategies.SESSIONS[1]]
    assert folding.state.impressions.rows()["session"].to_list() == [strategies.SESSIONS[1]]


_OTHER_PROCESS = """
import sys
import strategies, test_pipeline
folding = test_pipeline.pipeline()
folding.step([bytes.fromhex(line) for line in sys.stdin.read().split()])
print(hash("keyed"), folding.state.snapshot().hex())
"""


def test_a_state_saved_by_one_process_is_restored_by_another_whose_keys_differ() -> None:
    """Keys of rows are keyed anew in every process."""
    log = [
        encode(
            START + n * 1000, beacon(n % 3, impression=impression, session=session), ua=AGENTS[0]
        )
        for n, (impression, session) in enumerate(
            (i, s) for i in strategies.IMPRESSIONS for s in strategies.SESSIONS
        )
    ]
    later = [encode(START + MINUTE, beacon(5, "load")), *log[3:]]
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    told = subprocess.run(
        [sys.executable, "-c", _OTHER_PROCESS],
        input=" ".join(line.hex() for line in log),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
    )
    hashed, saved = told.stdout.split()
    assert int(hashed) != hash("keyed")
    restored = pipeline(saved=[bytes.fromhex(saved)])
    before = pipeline()
    deltas = [before.step(log).deltas, restored.step(later).deltas, restored.pass_boundaries()]
    assert text_of(deltas) == fold_lines([*log, *later], SITES, close=True)
