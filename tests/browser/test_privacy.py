"""People who object, in browsers that say so by themselves: Firefox with GPC, Chromium with Do Not Track."""

import time
from typing import Any

import pytest

from bellrock.collector.config import Policy

from .alone import Alone
from .shop import Beacon, Shop

GPC = {
    "privacy.globalprivacycontrol.enabled": True,
    "privacy.globalprivacycontrol.functionality.enabled": True,
}
DNT = {"enable_do_not_track": True}
SPLIT = 'data-test="speed" data-groups="A:1,B:1"'

# In WebKit there is nothing to say it with.
pytestmark = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)

# A visit; then the beacon of another site, which has no policy, says that it is over.
WALK = """
const page = open("/home");
await loaded(page, "/home");
page.bellrock?.push(["event", {name: "seen"}]);
const sent = () => page.performance.getEntriesByName("COLLECTOR/b").length;
for (let tenth = 0; tenth < 50 && sent() < 2; tenth++) await sleep(100);
const requests = sent();
page.close();
await sleep(500);
const event = {name: "end", props: {requests, kept: Object.keys(localStorage).length}};
navigator.sendBeacon("COLLECTOR/b", JSON.stringify({v: 1, site: "other", type: "event", event}));
"""


@pytest.fixture
def preferences() -> dict[str, dict[str, Any]]:
    return {"firefox": GPC, "chromium": DNT}


def visit(browser: Alone, shop: Shop) -> tuple[list[Beacon], dict[str, int]]:
    """What the log has of a visit, and what the browser says: requests sent, and keys kept."""
    shop.walk = WALK.replace("COLLECTOR", shop.collector)
    with browser.browse(shop.address("/walk")):
        shop.wait(lambda: bool(of(shop, "other")), lambda: time.sleep(0.05))
    [end] = of(shop, "other")
    return of(shop, "shop"), end["event"]["props"]


def of(shop: Shop, site: str) -> list[Beacon]:
    return [b for b in shop.beacons() if b["site"] == site]


def test_a_tracker_that_is_told_to_be_silent_sends_and_keeps_nothing(
    browser: Alone, shop: Shop
) -> None:
    shop.attributes = f'{SPLIT} data-silent-on="gpc dnt"'
    assert visit(browser, shop) == ([], {"requests": 0, "kept": 0})


@pytest.mark.parametrize("policy", ["drop"])
def test_where_the_policy_is_drop_the_collector_keeps_nothing_of_what_is_sent(
    browser: Alone, shop: Shop
) -> None:
    beacons, said = visit(browser, shop)
    assert said["requests"] >= 2
    assert beacons == []


@pytest.mark.parametrize("policy", ["anonymous", "ignore"])
def test_where_the_policy_is_to_keep_nothing_tells_visitors_apart_unless_it_says_so(
    browser: Alone, shop: Shop, policy: Policy
) -> None:
    shop.attributes = SPLIT
    beacons, _ = visit(browser, shop)
    assert {b["type"] for b in beacons} == {"navigation", "load", "event", "vitals"}
    assert all(b["test"]["group"] in ("A", "B") for b in beacons)
    # GPC is respected by the tracker itself.
    told_apart = policy == "ignore" and browser.name == "chromium"
    assert any("visitor" in b for b in beacons) == told_apart
    assert any("rb" in b["test"] for b in beacons) == told_apart
