"""Budgets: a burst at once, then one request an interval."""

from bellrock.api.limits import MAX_KEYS, Budget


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_one_request_an_interval() -> None:
    clock = Clock()
    budget = Budget(burst=3, interval=10.0, clock=clock)
    assert [budget.take("a") for _ in range(4)] == [0, 0, 0, 10]
    clock.now += 4
    assert budget.take("a") == 6
    clock.now += 6
    assert [budget.take("a") for _ in range(2)] == [0, 10]
    clock.now += 1_000
    assert [budget.take("a") for _ in range(4)] == [0, 0, 0, 10]


def test_keys_do_not_share_a_budget_and_can_be_forgiven() -> None:
    budget = Budget(burst=1, interval=10.0, clock=Clock())
    assert [budget.take("a"), budget.take("b"), budget.take("a")] == [0, 0, 10]
    budget.forgive("a")
    budget.forgive("never seen")
    assert budget.take("a") == 0
    assert budget.take("b") == 10


def test_the_key_used_least_recently_is_forgotten_first() -> None:
    budget = Budget(burst=2, interval=10.0, clock=Clock())
    assert [budget.take("old"), budget.take("kept"), budget.take("kept")] == [0, 0, 0]
    for stranger in range(MAX_KEYS - 1):
        budget.take(stranger)
    assert budget.take("kept") == 10
    assert [budget.take("old"), budget.take("old")] == [0, 0]
