"""Keys lie where Flink puts them: evenly."""

from collections import Counter

import pytest

from bellrock.runners.flink.placing import GROUPS, group_of, keys, places

# Of org.apache.flink.runtime.state.KeyGroupRangeAssignment.assignToKeyGroup, Flink 2.2.1.
FLINK = {
    0: 94, 1: 86, 2: 127, 3: 113, 17: 81, 127: 27, 128: 41, 1000: 7, 65537: 101, 2147483647: 62,
}  # fmt: skip


def test_a_key_group_is_what_flink_says() -> None:
    assert {key: group_of(key) for key in FLINK} == FLINK


@pytest.mark.parametrize("workers", [1, 2, 4, 8, 16, 32, 64, 128])
@pytest.mark.parametrize("number", [16, 32, 128])
def test_every_worker_has_as_many_keys(number: int, workers: int) -> None:
    of_worker = Counter(group_of(key) * workers // GROUPS for key in keys(number))
    assert max(of_worker.values()) == max(1, number // workers)


def test_a_key_stands_for_its_place() -> None:
    assert [places(32)[key] for key in keys(32)] == list(range(32))
