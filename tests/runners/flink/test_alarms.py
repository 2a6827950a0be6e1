"""When keys are called."""

import pytest

from bellrock.runners.flink import alarms
from bellrock.runners.flink.alarms import next_time


def test_the_next_time_is_always_to_come_and_each_key_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for moment in range(5_000, 8_000, 7):
        monkeypatch.setattr(alarms, "now", lambda moment=moment: moment)
        assert all(moment < next_time(1_000, key) <= moment + 1_000 for key in range(50))
    assert len({next_time(1_000, key) % 1_000 for key in range(50)}) == 50
