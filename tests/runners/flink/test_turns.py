"""Who may write, and when nobody may."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.runners.flink.turns import Turns


def test_alone_a_key_waits_half_as_long_as_it_wrote() -> None:
    turns = Turns()
    assert turns.take(1, 100) is None
    turns.give_back(100, 180)
    assert turns.take(1, 200) == 220
    assert turns.take(1, 220) is None


def test_after_a_store_was_away_for_a_minute_nobody_waits_for_half_of_one() -> None:
    turns = Turns()
    assert turns.take(1, 0) is None
    turns.give_back(0, 60_000)
    assert turns.take(1, 60_000) == 62_000


def test_a_clock_that_is_put_back_makes_nobody_wait_for_the_old_time() -> None:
    turns = Turns()
    assert turns.take(1, 1_000_000) is None
    turns.give_back(1_000_000, 1_000_100)
    assert turns.take(1, 500) == 2_500
    assert turns.take(1, 2_500) is None


@given(
    every=st.integers(100, 3_000),
    costs=st.lists(st.integers(0, 1_000), min_size=2, max_size=8),
)
def test_everybody_has_turns_however_slow_writing_is(every: int, costs: list[int]) -> None:
    turns, now, taken, busy = Turns(), 0, [0] * len(costs), 0
    timers = {key: key for key in range(len(costs))}
    while now < 60_000:
        key = min(timers, key=lambda key: (timers[key], key))
        now = max(now, timers[key])
        later = turns.take(key, now)
        if later is not None:
            assert later > now
            timers[key] = later
            continue
        began, now = now, now + costs[key]
        turns.give_back(began, now)
        taken[key] += 1
        busy += costs[key]
        timers[key] = now + every
    assert min(taken) >= max(taken) - 1 or max(costs) < every
    assert min(taken) > 0
    assert busy <= now * 2 / 3 + 1_500
