"""The laws of the fold: equal input gives equal documents, however it was cut, resumed or replayed."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from unittest.mock import patch

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bellrock.pipeline
import strategies
from bellrock.canonical import canonical_text
from bellrock.claims.contract import Claims
from bellrock.claims.memory import MemoryClaims
from bellrock.marks.contract import Active, Mark
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.operators.time import minute_of
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import Ledger, fold_lines
from bellrock.schema.document import RELATIONS
from reference.documents import conserved
from strategies import AGENTS, MINUTE, SITES, START, beacon, encode

law = settings(max_examples=12, deadline=None)


def pipeline(claims: Claims | None = None, saved: Sequence[bytes] = ()) -> Pipeline:
    state = State()
    state.restore(saved)
    return Pipeline(SITES, claims or MemoryClaims(), MemoryMarks(), state)


def text_of(deltas: Iterable[Deltas]) -> bytes:
    ledger = Ledger()
    for part in deltas:
        ledger.add(part)
    return canonical_text(ledger.sums(), SITES)


def rows_of(folding: Pipeline) -> list[object]:
    """All that a state holds; the order of its rows is that of their keys, and means nothing."""
    state = folding.state
    sessions = state.sessions.items()
    of = dict(zip(sessions[0].tolist(), sessions[1]["id"].tolist(), strict=True))
    texts = [
        (row["id"], of[row["session"]], state.names.texts.value(row["site"]),
         state.names.agents.text(row["agent"]), state.names.tests.value(row["test"]),
         row["first"], row["last"], row["timers"].tolist(), row["seen"])
        for row in state.impressions.items()[1]
    ]  # fmt: skip
    visits = [
        row[name] for name in ("id", "first", "last", "due", "impressions") for row in sessions[1]
    ]
    return [state.watermark, sorted(texts, key=repr), sorted(map(repr, visits)), state.baskets]


def orphans_up_to_now(folding: Pipeline) -> Deltas:
    return folding.pass_boundaries(minute_of(folding.state.watermark)).deltas


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
    assert text_of([*deltas, folding.pass_boundaries().deltas]) == fold_lines(
        log, SITES, close=True
    )


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
    assert text_of([*deltas, second.pass_boundaries().deltas]) == fold_lines(log, SITES, close=True)


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
    assert text_of([*deltas, second.pass_boundaries().deltas]) == fold_lines(log, SITES, close=True)


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
    assert folding.state.sessions.items()[1]["id"].tolist() == [strategies.SESSIONS[1].encode()]
    assert len(folding.state.impressions) == 1


def test_a_state_is_restored_by_one_whose_secret_is_another() -> None:
    """The secret that keys hashes is drawn anew for every state; a restored one goes on with its own."""
    log = [
        encode(
            START + n * 1000, beacon(n % 3, impression=impression, session=session), ua=AGENTS[0]
        )
        for n, (impression, session) in enumerate(
            (i, s) for i in strategies.IMPRESSIONS for s in strategies.SESSIONS
        )
    ]
    later = [encode(START + MINUTE, beacon(5, "load")), *log[3:]]
    before = pipeline()
    deltas = [before.step(log).deltas]
    restored = pipeline(saved=[before.state.snapshot()])
    assert rows_of(restored) == rows_of(before)
    deltas += [restored.step(later).deltas, restored.pass_boundaries().deltas]
    assert text_of(deltas) == fold_lines([*log, *later], SITES, close=True)


def test_a_state_of_another_version_is_refused() -> None:
    saved = msgspec.msgpack.decode(pipeline().state.snapshot())
    saved[0] += 1
    with pytest.raises(ValueError, match="version 3"):
        pipeline(saved=[msgspec.msgpack.encode(saved)])


def test_user_agents_that_no_impression_has_any_more_are_forgotten() -> None:
    folding = pipeline()
    folding.step([encode(START, beacon(), ua=AGENTS[0])])
    ends = encode(START + 31 * MINUTE, beacon(session=strategies.SESSIONS[1]), ua=AGENTS[1])
    folding.step([ends])
    assert len(folding.state.names.agents) == 3
    saved = folding.state.snapshot()
    assert [folding.state.names.agents.text(code) for code in (0, 1)] == ["", AGENTS[1]]
    assert len(folding.state.names.agents) == 2
    restored = pipeline(saved=[saved])
    for one in (folding, restored):
        again = one.step([encode(START + 32 * MINUTE, beacon(1, session=strategies.SESSIONS[1]))])
        assert again.deltas.minutes["bot"].to_list() == ["declared"]


@law
@given(data=st.data(), log=strategies.logs())
def test_what_an_impression_contributed_is_taken_back_though_its_site_now_chooses_otherwise(
    data: st.DataObject, log: list[bytes]
) -> None:
    """Configuration may change between two steps: no sum goes below zero, and no impression counts twice."""
    others = {
        key: msgspec.structs.replace(site, dimensions=("os", "served"))
        for key, site in SITES.items()
    }
    cut = data.draw(st.integers(0, len(log)))
    claims, marks, state = MemoryClaims(), MemoryMarks(), State()
    ledger = Ledger()
    ledger.add(Pipeline(SITES, claims, marks, state).step(log[:cut]).deltas)
    later = Pipeline(others, claims, marks, state)
    ledger.add(later.step(log[cut:]).deltas)
    ledger.add(later.pass_boundaries().deltas)
    sums = ledger.sums()
    whole = Ledger()
    whole_fold = pipeline()
    whole.add(whole_fold.step(log).deltas)
    whole.add(whole_fold.pass_boundaries().deltas)
    for name in ("minutes", "timers"):
        additive = RELATIONS[name].additive
        frame = getattr(sums, name)
        assert not (frame.select(additive).to_numpy() < 0).any()
        assert (
            frame.select(additive).sum().equals(getattr(whole.sums(), name).select(additive).sum())
        )


@law
@given(data=st.data())
def test_a_timer_keeps_its_name_however_often_its_site_declares_others(data: st.DataObject) -> None:
    """Up to the eighth; what has no room any more is gone from open impressions, never under another name."""
    names = [f"t{n}" for n in range(11)]
    claims, marks, ledger, sent = MemoryClaims(), MemoryMarks(), Ledger(), Counter[str]()
    state, saved = State(), list[bytes]()
    for number in range(data.draw(st.integers(1, 6))):
        declared = data.draw(st.lists(st.sampled_from(names), unique=True, max_size=8))
        if data.draw(st.booleans()):
            state = State()
            state.restore(saved)
        site = msgspec.structs.replace(SITES["shop"], timers=tuple(declared))
        folding = Pipeline({"shop": site}, claims, marks, state)
        timers = {name: 1 + names.index(name) for name in declared}
        line = encode(START + number, beacon(number, timers=timers, page={"label": "home"}))
        step = folding.step([line])
        saved.append(step.changes)
        if data.draw(st.booleans()):
            saved = [state.snapshot()]
        ledger.add(step.deltas)
        sent |= Counter(declared)
    ledger.add(folding.pass_boundaries().deltas)
    rows = ledger.sums().timers.filter(pl.col("count") != 0).select("timer", "count", "sum").rows()
    assert {name: total // count for name, count, total in rows} == {
        name: 1000 * (1 + names.index(name)) for name in sent
    }
    assert all(count >= 1 for _, count, _ in rows)
    ended = ledger.sums().cluster_timers.filter(pl.col("population") == "all")
    assert set(declared) <= set(ended["timer"].to_list()) <= set(sent)


def test_a_mark_that_is_lifted_leaves_no_trace_in_what_changes_later() -> None:
    class Lifted(MemoryMarks):
        lifted = False

        @property
        def version(self) -> int:
            return super().version + self.lifted

        def active(self) -> Sequence[Active]:
            return [] if self.lifted else super().active()

    marks = Lifted()
    marks.mark([Mark("shop", AGENTS[0], START // MINUTE, 20, 20)])
    folding = Pipeline(SITES, MemoryClaims(), marks, State())
    deltas = [folding.step([encode(START, beacon(), ua=AGENTS[0])]).deltas]
    assert deltas[0].minutes["bot"].unique().to_list() == ["behaviour"]
    marks.lifted = True
    deltas.append(folding.step([encode(START + 1, beacon(1, "load"), ua=AGENTS[0])]).deltas)
    [document] = map(json.loads, text_of(deltas).splitlines())
    assert (document["bot"], document["impressions"], document["sessions"]) == ("", 1, 1)


@law
@given(data=st.data(), log=strategies.logs(max_size=40))
def test_every_step_accounts_for_its_lines(data: st.DataObject, log: list[bytes]) -> None:
    folding = pipeline()
    for batch in data.draw(strategies.cuts(log)):
        balance = folding.step(batch).balance
        assert balance.lines == sum(bool(line.strip()) for line in batch)
        assert balance.difference == 0


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_marks_that_hold_everywhere_the_earlier_one_counts(order: int) -> None:
    class Everywhere(MemoryMarks):
        def active(self) -> Sequence[Active]:
            return [mark._replace(site=None) for mark in super().active()]

    marks = Everywhere()
    earlier, later = START // MINUTE, START // MINUTE + 60
    found = [Mark("kiosk", AGENTS[0], earlier, 20, 20), Mark("elsewhere", AGENTS[0], later, 20, 20)]
    marks.mark(found[::order])
    folding = Pipeline(SITES, MemoryClaims(), marks, State())
    step = folding.step([encode(START, beacon(), ua=AGENTS[0])])
    assert step.deltas.minutes["bot"].unique().to_list() == ["behaviour"]


@law
@given(data=st.data(), log=strategies.logs(max_size=40), most=st.integers(0, 3))
def test_sessions_that_make_room_end_as_they_would_have(
    data: st.DataObject, log: list[bytes], most: int
) -> None:
    state, deltas, saved = State(), [], [State().snapshot()]
    state.restore(saved)
    folding = Pipeline(SITES, MemoryClaims(), marks := MemoryMarks(), state)
    with patch.object(bellrock.pipeline, "_MOST_ENDING", most):
        for batch in data.draw(strategies.cuts(log)):
            while room := folding.make_room(batch):
                assert (room.balance.lines, room.balance.difference) == (0, 0)
                deltas.append(room.deltas)
                saved.append(room.changes)
                if data.draw(st.booleans()):
                    state = State()
                    state.restore(saved)
                    folding = Pipeline(SITES, folding._claims, marks, state)
            step = folding.step(batch)
            deltas.append(step.deltas)
            saved.append(step.changes)
    assert text_of([*deltas, folding.pass_boundaries().deltas]) == fold_lines(
        log, SITES, close=True
    )


def test_after_a_silence_not_all_sessions_end_in_one_step() -> None:
    folding = pipeline()
    ids = [f"session-{n:012}" for n in range(30)]
    folding.step([encode(START + MINUTE * n, beacon(session=name)) for n, name in enumerate(ids)])
    later = [encode(START + MINUTE * 100, beacon(session="session-that-came-later"))]
    with patch.object(bellrock.pipeline, "_MOST_ENDING", 9):
        ended = []
        while room := folding.make_room(later):
            of_all = room.deltas.clusters.filter(pl.col("population") == "all")
            ended.append(int(of_all["sessions"].sum()))
    assert ended == [10, 10, 10]
    assert folding.make_room(later) is None
