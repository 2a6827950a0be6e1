"""A person visits the demonstration shop in both groups; the visit's own times are read from the dashboard's page."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, Playwright

from end_to_end.installation import BELLROCK, PATIENCE, free_port, until

PAGES = {
    "A": ["/?group=A", "/listing"],
    "B": ["/?group=B", "/listing", "/product/harbour-lantern"],
}
MICROSECOND = 0.001
# A headless browser's own name is on the crawler list: as itself it would be left out as a bot.
AS_A_PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
VITALS = ("ttfb", "fcp", "lcp")
SECONDS_TO_SEE_IT = 10  # what the product promises, from the last beacon to the number on the page
TIMES = """async () => {
  const lcp = await new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
      .observe({type: "largest-contentful-paint", buffered: true});
  });
  const [navigation] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return {ttfb: navigation.responseStart, fcp: paint.startTime, lcp};
}"""


class Demo(NamedTuple):
    shop: str
    dashboard: str
    user: str
    password: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demonstration without simulated visitors."""
    folder = tmp_path_factory.mktemp("demo")
    output = folder / "demo.txt"
    shop, collect, dashboard = (f"127.0.0.1:{free_port()}" for _ in range(3))
    with output.open("wb") as file:
        process = subprocess.Popen(
            [
                *BELLROCK, "demo", "--no-visitors", "--data", folder / "data",
                "--shop", shop, "--collect", collect, "--dashboard", dashboard,
            ],
            stdout=file, stderr=file,
        )  # fmt: skip
    try:
        until(lambda: "Ctrl-C" in output.read_text(), f"the demonstration, see {output}")
        signed = re.search(r"sign in +(\S+), password (\S+)", output.read_text())
        assert signed
        yield Demo(f"http://{shop}", f"http://{dashboard}", *signed.groups())
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def person(playwright: Playwright, chromium_command: list[str]) -> Iterator[Browser]:
    """A browser that does not say that it is driven: nobody leaves its visits out as a bot's."""
    executable, *switches = chromium_command
    browser = playwright.chromium.launch(
        executable_path=executable,
        args=[*switches, "--disable-blink-features=AutomationControlled"],
    )
    yield browser
    browser.close()


def visit(browser: Browser, shop: str, group: str) -> dict[str, list[float]]:
    """Visit the group's pages one after the other and leave; the times that the pages saw."""
    context = browser.new_context(user_agent=AS_A_PERSON)
    page = context.new_page()
    seen: dict[str, list[float]] = {name: [] for name in VITALS}
    for path in PAGES[group]:
        page.goto(shop + path, wait_until="networkidle")
        for name, value in page.evaluate(TIMES).items():
            seen[name].append(value)
    page.goto("about:blank")
    context.close()
    return seen


def sign_in(page: Page, demo: Demo) -> None:
    page.goto(demo.dashboard)
    page.get_by_label("Name").fill(demo.user)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    page.locator('[data-metric="impressions"]').first.wait_for()


def figure(page: Page, metric: str, group: str) -> float | None:
    found = page.locator(f'[data-metric="{metric}"][data-group="{group}"]')
    value = found.get_attribute("data-value") if found.count() else None
    return float(value) if value else None


def test_a_visit_in_each_group_is_on_the_dashboard_within_seconds(
    demo: Demo, person: Browser, record_property: Callable[[str, object], None]
) -> None:
    dashboard = person.new_context().new_page()
    sign_in(dashboard, demo)
    seen = {group: visit(person, demo.shop, group) for group in PAGES}
    left = time.monotonic()
    until(lambda: figure(dashboard, "lcp.count", "B") == len(PAGES["B"]), "the last page's LCP")
    waited = time.monotonic() - left
    record_property("seconds from leaving to the dashboard", round(waited, 2))
    for group, times in seen.items():
        assert figure(dashboard, "impressions", group) == len(PAGES[group])
        assert figure(dashboard, "sessions", group) == 1
        for name in VITALS:
            mean = sum(times[name]) / len(times[name])
            assert figure(dashboard, f"{name}.mean", group) == pytest.approx(mean, abs=MICROSECOND)
    assert waited < SECONDS_TO_SEE_IT
