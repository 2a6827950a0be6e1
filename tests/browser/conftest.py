"""What the tests of the tracker share: a shop, a visitor who is driven, and browsers that are not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from bellrock.collector.config import Policy

from . import alone
from .shop import Shop, open_shop


@pytest.fixture
def policy() -> Policy:
    """What the shop's policy is for people who object; tests choose others."""
    return "ignore"


@pytest.fixture
def shop(built_tracker: Path, tmp_path: Path, policy: Policy) -> Iterator[Shop]:
    with open_shop(tmp_path, policy) as shop:
        yield shop


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def preferences() -> dict[str, dict[str, Any]]:
    """By browser, what the visitor has set in it; tests choose others."""
    return {}


@pytest.fixture(params=["chromium", *alone.OTHERS])
def browser(
    request: pytest.FixtureRequest,
    chromium_command: list[str],
    tmp_path: Path,
    preferences: dict[str, dict[str, Any]],
) -> alone.Alone:
    """Each browser, without a driver."""
    profile, chosen = tmp_path / "profile", preferences.get(request.param)
    if request.param == "chromium":
        return alone.chromium(chromium_command, profile, chosen)
    return alone.OTHERS[request.param](profile, chosen)
