"""Budgets: generous to a company, hard on a flood, the same cost for any number of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.collector.addresses import UNKNOWN, pack
from bellrock.collector.budgets import BURST_SECONDS, CHECKS_A_SECOND, Buckets, Budgets, OverBudget
from bellrock.config import Config

COMPANY, NEIGHBOUR, OTHER = pack("203.0.113.1"), pack("203.0.113.200"), pack("198.51.100.1")


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def sent(budgets: Budgets, address: bytes, *sites: str) -> bool:
    try:
        budgets.admit(address)
        budgets.charge(address, sites)
    except OverBudget:
        return False
    return True


def test_ten_seconds_worth_may_come_at_once_and_then_the_rate(clock: Clock) -> None:
    budgets = Budgets(per_address=16, clock=clock)
    assert [sent(budgets, COMPANY, "a") for _ in range(161)] == [True] * 160 + [False]
    clock.now += 1
    assert [sent(budgets, COMPANY, "a") for _ in range(17)] == [True] * 16 + [False]
    clock.now += 1000
    assert [sent(budgets, COMPANY, "a") for _ in range(161)] == [True] * 160 + [False]


def test_who_is_refused_is_told_when_to_come_again_and_may_come_then(clock: Clock) -> None:
    budgets = Budgets(per_site=0.25, declared={"a": 0}, clock=clock)
    assert sent(budgets, COMPANY, *["a"] * 100)
    with pytest.raises(OverBudget) as over:
        budgets.charge(COMPANY, ["a"])
    assert (over.value.of, over.value.seconds) == ("site", 400 - BURST_SECONDS)
    clock.now += over.value.seconds - 1
    assert not sent(budgets, COMPANY, "a")
    clock.now += 1.01
    assert sent(budgets, COMPANY, "a")


def test_a_prefix_has_one_budget_and_others_do_not_feel_it(clock: Clock) -> None:
    budgets = Budgets(per_address=1, clock=clock)
    assert sent(budgets, COMPANY, *["a"] * 50)
    assert not sent(budgets, COMPANY, "a")
    assert not sent(budgets, NEIGHBOUR, "a")
    assert sent(budgets, OTHER, "a")


def test_a_site_past_its_budget_leaves_that_of_others_alone(clock: Clock) -> None:
    budgets = Budgets(per_site=10, declared={"bad": 0, "good": 0}, clock=clock)
    assert sent(budgets, COMPANY, *["bad"] * 100)
    assert not sent(budgets, OTHER, "bad")
    assert sent(budgets, OTHER, "good")
    assert not sent(budgets, OTHER, "good", "bad"), "a request is kept whole or not at all"


def test_whatever_names_no_site_that_is_declared_shares_one_budget(clock: Clock) -> None:
    budgets = Budgets(per_site=10, declared={"good": 0}, clock=clock)
    for number in range(100):
        assert sent(budgets, COMPANY, f"made-up-{number}")
    assert not sent(budgets, COMPANY, "another")
    assert not sent(budgets, COMPANY, "")
    assert sent(budgets, COMPANY, "good")


def test_a_site_may_have_a_budget_of_its_own_which_follows_the_declaration(clock: Clock) -> None:
    own = {"large": 128.0}
    budgets = Budgets(per_site=1, declared={"large": 0, "small": 0}, own=own, clock=clock)
    assert sum(sent(budgets, COMPANY, "large") for _ in range(2000)) == 1280
    assert sum(sent(budgets, COMPANY, "small") for _ in range(2000)) == 10
    own["small"] = 1024.0
    clock.now += 10
    assert sum(sent(budgets, COMPANY, "small") for _ in range(20_000)) == 10_240


def test_without_budgets_everything_passes(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    assert all(sent(budgets, COMPANY, "a") for _ in range(10_000))


@pytest.mark.parametrize("address", [UNKNOWN, pack("10.0.0.1"), pack("::1")])
def test_an_unknown_or_private_address_has_no_budget(address: bytes, clock: Clock) -> None:
    budgets = Budgets(per_address=1, clock=clock)
    assert all(sent(budgets, address, "a") for _ in range(1000))


def test_a_whole_company_behind_one_address_passes_by_default(clock: Clock) -> None:
    """3,000 people who read a page every 30 seconds, four beacons a page, and all begin at once."""
    budgets = Budgets(Config().address_budget, Config().site_budget, {"shop": 0}, clock=clock)
    people = 3000
    assert all(sent(budgets, COMPANY, "shop") for _ in range(people))
    for _ in range(5 * 60):
        clock.now += 1
        assert all(sent(budgets, COMPANY, "shop") for _ in range(people * 4 // 30))


def test_keys_are_bounded_and_those_in_use_are_remembered() -> None:
    buckets = Buckets(most=1000)
    for key in range(100_000):
        buckets.take(str(key), 1, 0.001, 0.0)
        buckets.take("busy", 1, 1.0, 0.0)
    assert len(buckets) == 1000
    assert buckets.take("busy", 1, 1.0, 0.0) >= 0
    assert buckets.take("0", 1, 0.001, 0.0) < 0, "a key that is forgotten begins anew"


@given(
    rate=st.floats(0.1, 1000),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 100)), min_size=1, max_size=60),
)
def test_never_more_passes_than_the_burst_the_rate_and_one_batch(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    buckets, now, passed = Buckets(), 0.0, 0
    largest = max(amount for _, amount in steps)
    for pause, amount in steps:
        now += pause
        if buckets.take("a", amount, rate, now) < 0:
            passed += amount
        assert passed <= (BURST_SECONDS + now) * rate + largest + 1e-6


def test_checks_have_one_budget_for_all(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    for _ in range(int(CHECKS_A_SECOND * BURST_SECONDS)):
        budgets.charge_check()
    with pytest.raises(OverBudget, match="check"):
        budgets.charge_check()
