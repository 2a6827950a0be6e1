"""Chromium, Firefox and WebKit as visitors have them, without a driver: each way of leaving ends in the log."""

import json

import pytest

from .alone import Alone
from .shop import Shop
from .visits import assert_each_once, soon

# The visitor: opens a page, waits until its load beacon has had time to leave, and goes on.
WALK = """
const page = open("/home");
await loaded(page, "/home");
await sleep(700);
"""
CLOSE = "page.close();"
LEAVE = "page.location.href = '/next';"
BACKGROUND = "open('about:blank');"


@pytest.mark.parametrize("way", [CLOSE, LEAVE, BACKGROUND])
def test_a_visit_tells_its_stages_however_it_ends(browser: Alone, shop: Shop, way: str) -> None:
    shop.walk = WALK + way
    with browser.browse(shop.address("/walk")):
        vitals = soon(shop, "vitals")[0]
    told = [b for b in shop.beacons() if b["impression"] == vitals["impression"]]
    assert [b["type"] for b in told][:3] == ["navigation", "load", "vitals"]
    assert vitals["page"]["url"] == shop.address("/home")
    # WebKitGTK does not tell of the largest paint.
    assert browser.name == "webkit" or vitals["timers"]["lcp"] >= vitals["timers"]["fcp"]
    assert vitals["timers"]["fcp"] > 0
    assert vitals["timers"]["load"] > vitals["timers"]["ttfb"] > 0
    assert vitals["transport"] == ("fetchLater" if browser.name == "chromium" else "beacon")
    assert_each_once(told)


@pytest.mark.parametrize("way", [CLOSE, LEAVE])
def test_a_page_that_is_left_while_it_loads_has_told_what_it_knew(
    browser: Alone, shop: Shop, way: str
) -> None:
    # A picture that is still to come holds the load event up.
    shop.body = """<script>
      const page = window;
      const leave = () => { WAY };
      addEventListener("DOMContentLoaded", () => {
        new Image().src = "/picture.svg";
        if (location.pathname === "/home") setTimeout(leave);
      });
    </script>""".replace("WAY", way)
    shop.walk = "open('/home');"
    with browser.browse(shop.address("/walk")):
        soon(shop, "vitals")
    told = [b for b in shop.beacons() if b["page"]["url"] == shop.address("/home")]
    assert {b["type"] for b in told} == {"navigation", "vitals"}, "it never loaded"
    assert len({b["impression"] for b in told}) == 1
    assert all(b["timers"]["ttfb"] > 0 and "load" not in b["timers"] for b in told)


def test_two_tabs_share_a_session(browser: Alone, shop: Shop) -> None:
    shop.walk = WALK + "open('/next');"
    with browser.browse(shop.address("/walk")):
        first, second = soon(shop, "navigation", 2)
    assert first["session"] == second["session"]
    assert first["impression"] != second["impression"]
    assert (first["visitor"]["newToday"], second["visitor"]["newToday"]) == (True, False)


def test_blocked_storage_leaves_the_impression(browser: Alone, shop: Shop) -> None:
    shop.headers = {"Content-Security-Policy": "sandbox allow-scripts"}
    # Nothing of a sandboxed page can be seen from outside: it says when it is ready.
    shop.head = """<script>
      addEventListener("load", () => setTimeout(() => opener.postMessage("ready", "*"), 700));
    </script>"""
    shop.walk = "const page = open('/home'); addEventListener('message', () => page.close());"
    with browser.browse(shop.address("/walk")):
        vitals = soon(shop, "vitals")[0]
    told = [b for b in shop.beacons() if b["impression"] == vitals["impression"]]
    assert [b["type"] for b in told] == ["navigation", "load", "vitals"]
    assert len({b["session"] for b in told}) == 1
    assert not any("visitor" in b for b in told)


def test_back_and_forth_through_the_cache_are_impressions(browser: Alone, shop: Shop) -> None:
    # A page that another one opened, and may still reach, is not kept in the cache: this one walks by itself.
    shop.head = """<script>
      const soon = (action) => setTimeout(action, 1000);
      addEventListener("pageshow", ({persisted}) => {
        if (location.pathname === "/home")
          soon(() => persisted ? history.forward() : location.assign("/next"));
        else if (!persisted) soon(() => history.back());
      });
    </script>"""
    with browser.browse(shop.address("/home")):
        navigations = soon(shop, "navigation", 4)
    kinds = [b["page"]["navigation"] for b in navigations]
    assert kinds == ["navigate", "navigate", "back-forward-cache", "back-forward-cache"]
    assert len({b["impression"] for b in navigations}) == 4
    assert len({b["session"] for b in navigations}) == 1


# What another page opened, and may still reach, is not kept in the cache; WebKit would keep it.
@pytest.mark.parametrize("preferences", [{"webkit": {"enable-page-cache": False}}])
def test_going_back_without_the_cache_is_a_navigation_of_its_own_kind(
    browser: Alone, shop: Shop
) -> None:
    shop.walk = f"{WALK}{LEAVE} await loaded(page, '/next'); await sleep(700); page.history.back();"
    with browser.browse(shop.address("/walk")):
        navigations = soon(shop, "navigation", 3)
    kinds = [b["page"]["navigation"] for b in navigations]
    assert kinds == ["navigate", "navigate", "back-forward"]
    assert navigations[2]["page"]["url"] == shop.address("/home")
    assert len({b["impression"] for b in navigations}) == 3


def test_a_reload_is_a_navigation_of_its_own_kind(browser: Alone, shop: Shop) -> None:
    shop.walk = f"{WALK} page.location.reload();"
    with browser.browse(shop.address("/walk")):
        first, second = soon(shop, "navigation", 2)
    assert [b["page"]["navigation"] for b in (first, second)] == ["navigate", "reload"]
    assert first["impression"] != second["impression"]
    assert first["session"] == second["session"]


def test_a_session_ends_after_30_minutes_without_a_beacon_and_not_before(
    browser: Alone, shop: Shop
) -> None:
    # Each page is as many minutes ahead as its path says.
    shop.head = """<script>
      const {now} = Date, ahead = location.pathname.slice(1) * 60_000;
      Date.now = () => now() + ahead;
    </script>"""
    shop.walk = """for (const path of ["/0", "/29", "/58", "/89"]) {
      const page = open(path);
      await loaded(page, path);
      await sleep(700);
      page.close();
    }"""
    with browser.browse(shop.address("/walk")):
        sessions = [b["session"] for b in soon(shop, "navigation", 4)]
    assert sessions[0] == sessions[1] == sessions[2] != sessions[3]


def test_more_than_what_may_outlive_a_page_leaves_while_the_page_stays(
    browser: Alone, shop: Shop
) -> None:
    shop.head = """<script>
      // Four bytes each.
      const props = Object.fromEntries([..."abcdefgh"].map((name) => [name + "🛒".repeat(63), "🛒".repeat(64)]));
      addEventListener("load", () => setTimeout(() => {
        for (let value = 0; value < 50; value++) bellrock.push(["event", {name: "long", value, props}]);
      }, 300));
    </script>"""
    shop.walk = WALK
    with browser.browse(shop.address("/walk")):
        events = soon(shop, "event", 50)
    assert sorted(b["event"]["value"] for b in events) == list(range(50))
    assert {b["transport"] for b in events} == {"fetch"}, "it waited until the page was left"
    assert len(json.dumps(events, ensure_ascii=False).encode()) > 3 * 65_536
    assert_each_once(shop.beacons())
