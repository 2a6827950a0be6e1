"""The figures of the live stream."""

from typing import Any

import pytest

from bellrock.errors import Forbidden
from bellrock.query.now import WINDOW_MINUTES, GroupNow, Now, figures_now
from bellrock.schema.access import Access

M = 29_000_000


def test_groups_count_the_window_and_the_last_whole_minute_stands_alone(
    store_of: Any, admin: Access
) -> None:
    store = store_of(
        [
            {"minute": M, "impressions": 1, "sessions": 1},
            {"minute": M - 1, "impressions": 2, "sessions": 1},
            {"minute": M - 1, "impressions": 4, "group": "B"},
            {"minute": M - 1, "impressions": 8, "bot": "declared"},
            {"minute": M - 1, "impressions": 16, "site": "shop-b"},
            {"minute": M + 1 - WINDOW_MINUTES, "impressions": 32},
            {"minute": M - WINDOW_MINUTES, "impressions": 64},
            {"minute": M + 1, "impressions": 128},
        ]
    )
    found = figures_now(admin, "shop-a", M, store)
    assert found == Now([GroupNow("A", 35, 2), GroupNow("B", 4, 0)], impressions_last_minute=6)


def test_nothing_is_no_group(store_of: Any, admin: Access) -> None:
    assert figures_now(admin, "shop-a", M, store_of()) == Now([], 0)


def test_the_site_must_be_the_callers(store_of: Any) -> None:
    vera = Access("session:2", "vera", "viewer", frozenset({"shop-b"}))
    with pytest.raises(Forbidden):
        figures_now(vera, "shop-a", M, store_of())
