"""The guarded clock: it follows the time of day, and stops at a jump."""

import pytest

from bellrock.collector.clock import ClockJumped, GuardedClock


class Hands:
    """A wall clock and a steady one, set by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_795_000_000.0, 50.0

    def pass_time(self, seconds: float, correction: float = 0.0) -> None:
        self.steady += seconds
        self.wall += seconds + correction


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def clock(hands: Hands) -> GuardedClock:
    return GuardedClock(lambda: hands.wall, lambda: hands.steady)


def test_it_reads_milliseconds_since_1970(hands: Hands, clock: GuardedClock) -> None:
    hands.pass_time(0.25)
    assert clock.read() == 1_795_000_000_250


@pytest.mark.parametrize("jump", [5.1, -5.1, 3600.0, -86400.0])
def test_a_jump_of_more_than_5_seconds_is_an_error(
    hands: Hands, clock: GuardedClock, jump: float
) -> None:
    hands.pass_time(1, jump)
    with pytest.raises(ClockJumped, match=r"jumped by .* s"):
        clock.read()


def test_small_corrections_never_add_up_to_a_jump(hands: Hands, clock: GuardedClock) -> None:
    for _ in range(10):
        hands.pass_time(1, 2.0)
        clock.read()


def test_time_may_pass_between_readings(hands: Hands, clock: GuardedClock) -> None:
    hands.pass_time(10_000)
    assert clock.read() == 1_795_010_000_000


def test_the_real_clocks_agree() -> None:
    clock = GuardedClock()
    first = clock.read()
    assert first <= clock.read() < first + 5000
