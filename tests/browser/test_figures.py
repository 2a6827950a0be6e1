"""What the tracker costs a page, measured in a real Chromium."""

import json

from playwright.sync_api import Browser, BrowserContext

from .shop import Shop
from .visits import READY, arrived, visit

LONG_TASK = 50_000  # us of the processor: others on the machine are not the tracker's fault


def test_no_task_of_the_tracker_takes_50_ms(chromium: Browser, shop: Shop) -> None:
    page = chromium.new_context().new_page()
    chromium.start_tracing(page=page, categories=["devtools.timeline", "v8"])
    page.goto(shop.address("/home"))
    page.wait_for_function(READY)
    for _ in range(5):
        page.click("h1")
    page.wait_for_timeout(1500)
    page.click("text=next")
    arrived(shop, page, "load", 2)
    events = json.loads(chromium.stop_tracing())["traceEvents"]
    page.context.close()
    durations = [
        event["tdur"]
        for event in events
        if event.get("tdur") and "/t.js" in str(event.get("args", {}).get("data", {}).get("url"))
    ]
    assert len(durations) > 5, "the tracker's tasks were not traced"
    print(f"longest task of the tracker: {max(durations) / 1000:.1f} ms")
    assert max(durations) < LONG_TASK


def test_the_tracker_shifts_no_layout(visitor: BrowserContext, shop: Shop) -> None:
    shop.body = "<style>img { width: 600px; height: 400px }</style>"
    page = visit(visitor, shop)
    page.click("h1")
    page.wait_for_timeout(1500)
    assert page.evaluate("measured.cls") == 0
    assert page.evaluate("document.querySelectorAll('iframe, script[src]').length") == 1


def test_no_request_of_the_tracker_comes_before_the_pages_own(
    visitor: BrowserContext, shop: Shop
) -> None:
    requests: list[str] = []
    visitor.on("request", lambda request: requests.append(request.url))
    visit(visitor, shop)
    own = [shop.address("/home"), f"{shop.collector}/t.js", shop.address("/picture.svg")]
    assert sorted(requests[:3]) == sorted(own)
    assert set(requests[3:]) <= {f"{shop.collector}/b", shop.address("/favicon.ico")}


def test_a_page_with_the_tracker_stays_fit_for_the_back_forward_cache(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    page.wait_for_timeout(1500)
    network = visitor.new_cdp_session(page)
    reasons: list[str] = []
    network.on("Page.backForwardCacheNotUsed", lambda event: reasons.append(str(event)))
    network.send("Page.enable")
    page.evaluate("window.alive = true")
    page.click("text=next")
    arrived(shop, page, "load", 2)
    page.go_back(wait_until="commit")
    page.wait_for_function("window.alive")
    assert reasons == []
