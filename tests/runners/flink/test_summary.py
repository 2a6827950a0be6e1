"""One slot: documents whole at every level, versions that fence, and what is forgotten."""

from collections.abc import Mapping
from copy import deepcopy

import pytest

from bellrock.errors import StoreUnavailable
from bellrock.operators.documents import MINUTE
from bellrock.operators.summaries import Deltas
from bellrock.runners.flink import summary
from bellrock.runners.flink.deltas import VERSION, Parcel, encode_parcel, parcels
from bellrock.runners.flink.summary import FLUSHES, SLACK_MINUTES, SlotState, SummaryFunction
from bellrock.schema.document import RELATIONS
from runners.flink.memory import MemoryTable, MemoryValue, MemoryValues, Store, deltas

START = 29_923_560  # the first minute of an hour
NAMES = ("", "", "Chrome", "desktop", "", *[None] * 8)[: len(RELATIONS["minutes"].key) - 2]


def minutes(minute: int, beacons: int) -> tuple:
    values = (beacons, *[0] * (len(RELATIONS["minutes"].additive) - 1))
    return ("plain", minute, *NAMES, *values)


def timer(minute: int, cell: int, count: int) -> tuple:
    return ("plain", minute, *NAMES, "lcp", cell, count, 100 * count)


def parcel(*, judged: int = START, **rows: list[tuple]) -> bytes:
    nothing = encode_parcel(Parcel(VERSION, judged, [], {}))
    return parcels([deltas(rows)], 1, judged).get(0, nothing)


def slot() -> SlotState:
    return SlotState(MemoryValue(), MemoryValues(), MemoryValues(), MemoryTable())


def beacons(store: Store, level: str) -> dict[int, int]:
    frame = store.documents(level).minutes
    return dict(frame.select("minute", "beacons").rows())


def flush(
    function: SummaryFunction,
    state: SlotState,
    *parcels: bytes,
    minute: int = 0,
    hours: bool = True,
) -> None:
    for one in parcels:
        function.gather(state, one)
    function.flush(state, minute * MINUTE, hours=hours)


def test_documents_are_written_whole_by_minute_hour_and_day() -> None:
    store, state = Store(), slot()
    function = SummaryFunction(store, 1)
    flush(function, state, parcel(minutes=[minutes(START, 2), minutes(START + 1, 3)]))
    flush(function, state, parcel(minutes=[minutes(START, 5)], timers=[timer(START, 7, 1)]))
    assert beacons(store, "minute") == {START: 7, START + 1: 3}
    assert beacons(store, "hour") == {START: 10}
    assert beacons(store, "day") == {START - START % 1440: 10}
    assert store.documents("hour").timers.select("cell", "count", "sum").rows() == [(7, 1, 100)]


def test_hours_and_days_and_delivery_may_be_written_more_rarely_than_minutes() -> None:
    store, state = Store(), slot()
    function = SummaryFunction(store, 1)
    came = [("plain", START, "Chrome", "fetchLater", 1, 0, 0, 2)]
    for n in range(3):
        changed = parcel(minutes=[minutes(START + n, 1)], delivery=came)
        flush(function, state, changed, hours=False)
    assert beacons(store, "minute") == {START: 1, START + 1: 1, START + 2: 1}
    assert not beacons(store, "hour")
    assert not len(store.documents("minute").delivery)
    flush(function, state)
    assert beacons(store, "hour") == {START: 3}
    assert beacons(store, "day") == {START - START % 1440: 3}
    assert store.documents("minute").delivery.rows() == [
        ("plain", START, "Chrome", "fetchLater", 3, 0, 0, 6)
    ]
    assert not store.refused
    version = {name: version for name, (version, _) in store.found.items()}
    flush(function, state)
    assert {name: version for name, (version, _) in store.found.items()} == version, "nothing waits"


def test_hours_do_not_wait_where_much_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    store, state = Store(), slot()
    function, one = SummaryFunction(store, 1), parcel(minutes=[minutes(START, 1)])
    monkeypatch.setattr(summary, "ENOUGH_BYTES", 3 * len(one))
    for n in range(1, 7):
        flush(function, state, one, hours=False)
        assert beacons(store, "hour") == ({START: n // 3 * 3} if n >= 3 else {})


def test_hours_that_wait_while_the_log_runs_on_for_days_are_whole() -> None:
    store, state = Store(), slot()
    function = SummaryFunction(store, 1)
    flush(function, state, parcel(minutes=[minutes(START, 1)]))
    for n in range(1, 60):
        minute = START + 60 * n
        changed = parcel(minutes=[minutes(minute, 1)], judged=minute)
        flush(function, state, changed, minute=minute, hours=False)
    flush(function, state, minute=minute)
    assert beacons(store, "hour") == {START + 60 * n: 1 for n in range(60)}
    assert sum(beacons(store, "day").values()) == 60
    assert min(map(summary.end_of, state.documents.keys())) > minute - 60 * 7, "the rest is gone"


def test_hours_that_the_store_did_not_take_still_wait() -> None:
    class NoHours(Store):
        away = True

        def write(self, documents: Mapping[str, Deltas], version: int) -> None:
            if self.away and "hour" in documents:
                raise StoreUnavailable("of hours")
            super().write(documents, version)

    store, state = NoHours(), slot()
    function = SummaryFunction(store, 1)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            flush(function, state, parcel(minutes=[minutes(START, 2)]))
    assert beacons(store, "minute") == {START: 4}
    store.away = False
    flush(function, state)
    assert beacons(store, "hour") == {START: 4}
    assert beacons(store, "minute") == {START: 4}


def test_an_hour_of_a_predecessor_becomes_what_the_state_has() -> None:
    store, state = Store(), slot()
    old = SummaryFunction(store, 1_000)
    flush(old, state, parcel(minutes=[minutes(START, 1)]), hours=False)
    checkpoint = deepcopy(state)
    flush(old, state, parcel(minutes=[minutes(START, 4), minutes(START + 90, 9)]))
    new = SummaryFunction(store, 1_001)
    new.recall(checkpoint, 0, 1)
    flush(new, checkpoint, hours=False)
    assert beacons(store, "minute") == {START: 1, START + 90: 0}
    flush(new, checkpoint)
    assert beacons(store, "hour") == {START: 1, START + 60: 0}


def test_what_is_taken_back_is_written_as_nothing() -> None:
    store, state = Store(), slot()
    function = SummaryFunction(store, 1)
    flush(function, state, parcel(minutes=[minutes(START, 2)], timers=[timer(START, 7, 1)]))
    flush(function, state, parcel(minutes=[minutes(START, -2)], timers=[timer(START, 7, -1)]))
    assert beacons(store, "minute") == {START: 0}, "written, so that nothing stale stays"
    assert not len(store.documents("minute").timers)
    assert not state.documents.keys()


def test_issues_have_minutes_alone() -> None:
    store, state = Store(), slot()
    flush(SummaryFunction(store, 1), state, parcel(issues=[("?", START, "malformed", 3)]))
    assert store.documents("minute").issues.rows() == [("?", START, "malformed", 3)]
    assert not len(store.documents("hour").issues)


def test_delivery_is_written_once_as_it_comes() -> None:
    store, state = Store(), slot()
    function = SummaryFunction(store, 1)
    for n in range(3):
        rows = [("plain", START, "Chrome", "fetchLater", 1, 0, n, 2)]
        flush(function, state, parcel(delivery=rows))
    assert store.documents("minute").delivery.rows() == [
        ("plain", START, "Chrome", "fetchLater", 3, 0, 3, 6)
    ]
    assert not len(store.documents("hour").delivery)


def test_a_worker_that_was_given_up_cannot_overwrite_what_its_successor_wrote() -> None:
    store, state = Store(), slot()
    old = SummaryFunction(store, 1_000)
    flush(old, state, parcel(minutes=[minutes(START, 1)]))
    stale = deepcopy(state)
    flush(SummaryFunction(store, 1_001), state, parcel(minutes=[minutes(START, 1)]))
    flush(old, stale, parcel(minutes=[minutes(START, 40)]))
    assert store.refused == 3
    assert beacons(store, "minute") == {START: 2}


def test_what_a_predecessor_wrote_after_the_checkpoint_becomes_what_the_state_has() -> None:
    store, state = Store(), slot()
    old = SummaryFunction(store, 1_000)
    flush(old, state, parcel(minutes=[minutes(START, 1)]))
    checkpoint = deepcopy(state)
    flush(old, state, parcel(minutes=[minutes(START, 4), minutes(START + 1, 9)]))
    new = SummaryFunction(store, 1_001)
    new.recall(checkpoint, 0, 1)
    flush(new, checkpoint)
    assert beacons(store, "minute") == {START: 1, START + 1: 0}
    assert beacons(store, "hour") == {START: 1}
    new.recall(checkpoint, 0, 1)
    assert not checkpoint.pending.get(), "nothing is left of it"
    flush(old, state, parcel(minutes=[minutes(START + 2, 9)]))
    new.recall(checkpoint, 0, 1)
    flush(new, checkpoint)
    assert beacons(store, "minute") == {START: 1, START + 1: 0, START + 2: 0}, "a late write"


def test_what_a_run_wrote_that_no_checkpoint_knows_is_taken_back_but_nothing_of_before_the_job() -> (
    None
):
    store = Store()
    flush(SummaryFunction(store, 1_000), slot(), parcel(minutes=[minutes(START, 1)]))
    flush(SummaryFunction(store, 2_001), slot(), parcel(minutes=[minutes(START + 1, 2)]))
    state, again = slot(), SummaryFunction(store, 2_002, 2_000)
    again.recall(state, 0, 1)
    flush(again, state)
    assert beacons(store, "minute") == {START: 1, START + 1: 0}


def test_each_slot_takes_back_its_own() -> None:
    store = Store()
    flush(SummaryFunction(store, 1_000), slot(), parcel(minutes=[minutes(START, 1)]))
    [own] = parcels([store.documents("minute")], 5, START)
    for number in range(5):
        state, new = slot(), SummaryFunction(store, 2_000)
        new.recall(state, number, 5)
        assert bool(state.pending.get()) == (number == own)


@pytest.mark.parametrize("epoch", [999, 1_000, 1_001])
def test_a_version_grows_though_the_clock_of_a_successor_is_behind(epoch: int) -> None:
    store, state = Store(), slot()
    flush(SummaryFunction(store, 1_000), state, parcel(minutes=[minutes(START, 1)]))
    function = SummaryFunction(store, epoch)
    for _ in range(3):
        before = max(version for version, _ in store.found.values())
        flush(function, state, parcel(minutes=[minutes(START, 1)]))
        assert min(version for version, _ in store.found.values()) > before
    assert beacons(store, "minute") == {START: 4}
    assert max(version for version, _ in store.found.values()) < 1 << 63
    assert all(version >> 22 == version // FLUSHES for version, _ in store.found.values())


def test_what_the_store_does_not_take_is_written_later_with_what_came_meanwhile() -> None:
    class Away(Store):
        away = True

        def write(self, documents: Mapping[str, Deltas], version: int) -> None:
            if self.away:
                super().write({"minute": documents["minute"]}, version)
                raise StoreUnavailable("in the middle")
            super().write(documents, version)

    store, state = Away(), slot()
    function = SummaryFunction(store, 1)
    with pytest.raises(StoreUnavailable):
        flush(function, state, parcel(minutes=[minutes(START, 2)]))
    store.away = False
    flush(function, state, parcel(minutes=[minutes(START, 3)]))
    for level in ("minute", "hour", "day"):
        assert list(beacons(store, level).values()) == [5]
    assert not store.refused


def test_documents_are_kept_as_long_as_a_session_that_is_judged_can_change_them() -> None:
    store, state = Store(), slot()
    function = SummaryFunction(store, 1)
    flush(function, state, parcel(minutes=[minutes(START, 1)]))
    last = START + 240 + SLACK_MINUTES
    flush(function, state, parcel(minutes=[minutes(START, 1)], judged=last), minute=last)
    assert beacons(store, "minute") == {START: 2}
    assert len(state.documents.keys()) == 3
    flush(function, state, parcel(judged=last + 1000), minute=last)
    assert len(state.documents.keys()) == 3, "workers that lag may still send"
    flush(function, state, parcel(judged=last + 1000), minute=last + 61)
    levels = sorted(key.split('"')[1] for key in state.documents.data)
    assert levels == ["day"]


def test_a_slot_of_another_version_is_refused() -> None:
    state = slot()
    state.header.update(b"\x91\x63")
    with pytest.raises(ValueError, match="version 99, not 2"):
        SummaryFunction(Store(), 1).flush(state, 0)
