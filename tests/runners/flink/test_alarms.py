"""When keys are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.runners.flink import alarms
from bellrock.runners.flink.alarms import Alarms, next_time

NOW = 1_795_000_000_000
UNKNOWN = -(1 << 63)


class Told:
    """Flink's timers of one key."""

    def __init__(self, watermark: int = UNKNOWN) -> None:
        self.times: list[int] = []
        self.watermark = watermark

    def current_watermark(self) -> int:
        return self.watermark

    def register_processing_time_timer(self, timestamp: int) -> None:
        self.times.append(timestamp)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Its only item is the time."""
    moment = [NOW]
    monkeypatch.setattr(alarms, "now", lambda: moment[0])
    return moment


def test_a_key_that_is_set_many_times_is_called_once_for_each_of_its_times(
    clock: list[int],
) -> None:
    calls, told = Alarms(1_000), Told()
    for moment in (10_000, 10_001, 10_500, 11_700, 11_701, 12_690):
        clock[0] = moment
        calls.set(told, 3)
    assert told.times == [10_757, 11_757, 12_757]


def test_the_next_time_is_always_to_come_and_each_key_has_its_own(clock: list[int]) -> None:
    for moment in range(5_000, 8_000, 7):
        clock[0] = moment
        assert all(moment < next_time(1_000, key) <= moment + 1_000 for key in range(50))
    assert len({next_time(1_000, key) % 1_000 for key in range(50)}) == 50


def test_a_clock_that_is_set_back_makes_no_key_wait_until_it_is_the_old_time_again(
    clock: list[int],
) -> None:
    calls, told = Alarms(1_000), Told()
    calls.set(told, 3)
    clock[0] -= 3_600_000
    calls.set(told, 3)
    calls.set(told, 3)
    [_, at] = told.times
    assert clock[0] < at <= clock[0] + 1_000


def test_keys_do_not_wait_for_each_other() -> None:
    calls, told = Alarms(60_000), Told()
    for key in (1, 2, 1, 2, 3):
        calls.set(told, key)
    assert len(told.times) == 3


def test_what_is_not_set_does_not_ring_and_what_is_rings_once() -> None:
    calls, told = Alarms(1_000), Told()
    calls.set(told, 3)
    [at] = told.times
    assert not calls.rings(3, at - 1)
    assert not calls.rings(4, at)
    assert calls.rings(3, at)
    assert not calls.rings(3, at)


@given(st.lists(st.sampled_from(["set", "soon", "wait", "lose"]), max_size=30))
def test_who_is_set_is_called_again_whatever_came_before(deeds: list[str]) -> None:
    """Also where the clock stands still, or Flink has lost a call."""
    with pytest.MonkeyPatch.context() as patched:
        moment = [NOW]
        patched.setattr(alarms, "now", lambda: moment[0])
        calls, told = Alarms(1_000), Told()
        for deed in deeds:
            if deed == "set":
                calls.set(told, 3)
            elif deed == "soon":
                calls.set_soon(told, 3, 100)
            elif deed == "wait":
                moment[0] += 400
            else:
                told.times.clear()
            for at in sorted(at for at in told.times if at <= moment[0]):
                told.times.remove(at)
                calls.rings(3, at)
        moment[0] += 1_000
        calls.set(told, 3)
        assert any(moment[0] - 1_000 < at <= moment[0] + 1_000 for at in told.times)


@pytest.mark.parametrize(
    ("watermark", "within"),
    [(UNKNOWN, 1_000), (NOW - 60_000, 1_000), (NOW + 60_000, 1_000), (NOW - 3_600_000, 5_000)],
    ids=["nobody knows", "it is live", "it is of the future", "it is an hour old"],
)
def test_calls_are_rarer_where_the_log_is_far_behind(watermark: int, within: int) -> None:
    found = []
    for key in range(50):
        told = Told(watermark)
        Alarms(1_000).set(told, key)
        found += told.times
    assert within * 0.9 < max(found) - NOW <= within


@pytest.mark.parametrize(
    ("time_set", "due"),
    [(0, True), (NOW, True), (NOW + 1, False), (NOW + 1_000, False), (NOW + 1_001, True)],
    ids=["never set", "now", "soon", "as late as can be", "by a clock that was ahead"],
)
def test_a_time_is_due_when_it_has_come_or_can_be_none_of_this_clock(
    time_set: int, *, due: bool
) -> None:
    assert alarms.is_due(time_set, NOW, 1_000) is due
