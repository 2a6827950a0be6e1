"""What browser tests share: a real Chromium, and the built tracker. The fixtures of `servers` are at hand, too.

The browser is the system's own; nothing is downloaded. It lives as long as one test module and not
longer: while Playwright's sync API runs, nothing else in the thread can run an event loop.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Playwright, sync_playwright

pytest_plugins = ["servers.fixtures"]

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

ROOT = Path(__file__).parents[1]
TRACKER = ROOT / "src/bellrock/assets/tracker/t.js"
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(autouse=True)
def _journal_of_its_own() -> Iterator[None]:
    """A test that has the journal set up leaves it on a stream that is closed with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium_command() -> list[str]:
    """The system's Chromium and the switches it needs; `BELLROCK_CHROMIUM` names another one."""
    executable = os.environ.get("BELLROCK_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.fail("Chromium is not installed: apt-get install chromium, or set BELLROCK_CHROMIUM")
    return [executable, *QUIET]


@pytest.fixture(scope="module")
def chromium(playwright: Playwright, chromium_command: list[str]) -> Iterator[Browser]:
    """A headless browser, with its back/forward cache as visitors have it."""
    executable, *switches = chromium_command
    browser = playwright.chromium.launch(
        executable_path=executable,
        args=switches,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def built_tracker() -> Path:
    """The path of the built t.js."""
    if not TRACKER.is_file():
        pytest.fail(f"{TRACKER.relative_to(ROOT)} is not built: run make test")
    return TRACKER
