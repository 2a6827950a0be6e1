"""When keys are called."""

import pytest

from bellrock.runners.flink import alarms
from bellrock.runners.flink.alarms import Alarms, next_time


class Told:
    def __init__(self) -> None:
        self.times: list[int] = []

    def register_processing_time_timer(self, timestamp: int) -> None:
        self.times.append(timestamp)


def test_a_key_that_is_set_many_times_is_called_once_for_each_of_its_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, told = Alarms(1_000), Told()
    for moment in (10_000, 10_001, 10_500, 11_700, 11_701, 12_690):
        monkeypatch.setattr(alarms, "now", lambda moment=moment: moment)
        calls.set(told, 3)
    assert told.times == [10_757, 11_757, 12_757]


def test_the_next_time_is_always_to_come_and_each_key_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for moment in range(5_000, 8_000, 7):
        monkeypatch.setattr(alarms, "now", lambda moment=moment: moment)
        assert all(moment < next_time(1_000, key) <= moment + 1_000 for key in range(50))
    assert len({next_time(1_000, key) % 1_000 for key in range(50)}) == 50


def test_keys_do_not_wait_for_each_other() -> None:
    calls, told = Alarms(60_000), Told()
    for key in (1, 2, 1, 2, 3):
        calls.set(told, key)
    assert len(told.times) == 3
