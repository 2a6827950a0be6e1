"""How a page ends: each way leaves its beacons in the collector's log, by the transport that is there."""

import json
from collections import Counter

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Error as PlaywrightError

from .shop import Shop
from .visits import arrived, assert_each_once, visit

WITHOUT = "for (const name of %s) Object.defineProperty(window, name, {value: undefined});"
NO_BEACON = "Object.defineProperty(navigator, 'sendBeacon', {value: () => false});"


@pytest.mark.parametrize(
    ("script", "transport"),
    [
        ("", "fetchLater"),
        (WITHOUT % json.dumps(["fetchLater"]), "beacon"),
        (WITHOUT % json.dumps(["fetchLater"]) + NO_BEACON, "fetch"),
    ],
)
def test_the_vitals_of_a_closed_tab_leave_by_the_first_transport_that_is_there(
    visitor: BrowserContext, shop: Shop, script: str, transport: str
) -> None:
    visitor.add_init_script(script)
    helper = visitor.new_page()
    visit(visitor, shop).close()
    [vitals] = arrived(shop, helper, "vitals")
    assert vitals["transport"] == transport
    assert vitals["timers"]["lcp"] > 0
    assert_each_once(shop.beacons())


def test_when_the_quota_of_fetch_later_is_used_up_send_beacon_takes_over(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.head = f"""<script>
      window.exhausted = "";
      try {{
        const fill = (size) => {{
          for (;;) fetchLater("{shop.collector}/elsewhere", {{method: "POST", body: "x".repeat(size)}});
        }};
        try {{ fill(8000); }} catch {{}}
        fill(1);
      }} catch (error) {{ window.exhausted = error.name; }}
    </script>"""
    helper = visitor.new_page()
    page = visit(visitor, shop)
    assert page.evaluate("exhausted") == "QuotaExceededError"
    page.close()
    [vitals] = arrived(shop, helper, "vitals")
    assert vitals["transport"] == "beacon"
    assert_each_once(shop.beacons())


def test_a_page_that_crashes_has_left_its_vitals_with_the_browser(
    visitor: BrowserContext, shop: Shop
) -> None:
    visitor.add_init_script("""
      const {fetchLater} = window;
      window.given = 0;
      window.fetchLater = (...request) => { given += 1; return fetchLater(...request); };
    """)
    helper = visitor.new_page()
    page = visit(visitor, shop)
    page.wait_for_function("given > 0")
    with pytest.raises(PlaywrightError, match=r"ERR_ABORTED|crashed"):
        page.goto("chrome://crash")
    [vitals] = arrived(shop, helper, "vitals")
    assert vitals["transport"] == "fetchLater"
    assert vitals["timers"]["lcp"] > 0


def test_a_page_that_is_navigated_away_from_at_once_has_told_all_that_it_knew(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.body = """<script>
      const go = () => { if (location.pathname === "/home") location.href = "/next"; };
      addEventListener("DOMContentLoaded", () => setTimeout(go));
    </script>"""
    page = visitor.new_page()
    page.goto(shop.address("/home"), wait_until="commit")
    arrived(shop, page, "vitals")
    following = arrived(shop, page, "load")[-1]
    assert following["page"]["referrer"] == shop.address("/home")

    home = [b for b in shop.beacons() if b["page"]["url"] == shop.address("/home")]
    told = {b["seq"]: b for b in home}
    kinds = [told[seq]["type"] for seq in sorted(told)]
    # A value that comes between what is told on leaving and the page's end is told again, with the others.
    assert kinds in (["navigation", "vitals"], ["navigation", "vitals", "vitals"]), (
        "it never loaded"
    )
    assert len({b["impression"] for b in home}) == 1
    assert told[0]["timers"]["ttfb"] > 0
    # A navigation that begins takes the page's requests away from it: the browser goes on with what may outlive
    # the page, and the page, which is told that it failed, has it sent once more. It is the same beacon.
    transports = Counter((b["seq"], b["transport"]) for b in home)
    assert set(transports) <= {
        (0, "fetch"), (0, "fetchLater"), (1, "fetchLater"), (2, "fetchLater"),
    }  # fmt: skip
    assert set(transports.values()) == {1}
    same = [{**b, "transport": "", "at": 0} for b in home if b["seq"] == 0]
    assert same == [same[0]] * len(same)


def test_a_confirmation_page_loaded_again_tells_the_same_order_in_another_impression(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.head = """<script>
      window.bellrock = window.bellrock || [];
      bellrock.push(["order", {id: "4711", value: 49.9, currency: "EUR"}]);
    </script>"""
    page = visit(visitor, shop, "/thanks")
    page.reload()
    orders = arrived(shop, page, "order", 2)
    assert [b["order"]["id"] for b in orders] == ["4711", "4711"]
    assert orders[0]["impression"] != orders[1]["impression"]
    assert orders[0]["session"] == orders[1]["session"]
    kinds = [b["page"]["navigation"] for b in shop.beacons("navigation")]
    assert kinds == ["navigate", "reload"]


def test_where_storage_is_blocked_each_page_is_a_session_and_nobody_is_new(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.headers = {"Content-Security-Policy": "sandbox allow-scripts"}
    shop.attributes = 'data-test="speed" data-groups="A:1,B:1"'
    page = visit(visitor, shop)
    with pytest.raises(Exception, match="sandboxed"):
        page.evaluate("localStorage.length")
    visit(visitor, shop, "/next")
    page.close()
    arrived(shop, visitor.pages[0], "vitals")
    home, following = shop.beacons("navigation")
    assert home["session"] != following["session"]
    for beacon in shop.beacons():
        assert "visitor" not in beacon
        assert beacon["test"]["group"] in ("A", "B")
        assert "rb" not in beacon["test"]
    assert len({b["session"] for b in shop.beacons() if b["impression"] == home["impression"]}) == 1


def test_a_soft_navigation_is_an_impression_of_its_own(visitor: BrowserContext, shop: Shop) -> None:
    shop.body = """<button>go</button><script>
      document.querySelector("button").addEventListener("click", () => {
        history.pushState({}, "", "/soft");
        document.querySelector("h1").outerHTML = "<h1>" + "A page of its own. ".repeat(40) + "</h1>";
      });
    </script>"""
    page = visit(visitor, shop)
    page.wait_for_timeout(500)
    page.click("button")
    home, soft = arrived(shop, page, "navigation", 2)
    arrived(shop, page, "load", 2)
    page.close()
    told = arrived(shop, visitor.new_page(), "vitals", 2)
    assert soft["page"]["navigation"] == "soft-navigation"
    assert soft["page"]["url"] == shop.address("/soft")
    assert soft["page"]["referrer"] == home["page"]["url"]
    assert soft["session"] == home["session"]
    assert {b["page"]["url"] for b in told if b["impression"] == home["impression"]} == {
        shop.address("/home")
    }
    last = [b for b in told if b["impression"] == soft["impression"]][-1]
    assert 0 < last["timers"]["lcp"] < 5000
    assert_each_once(shop.beacons())


def test_the_first_click_is_an_event_and_the_second_none(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    page.click("h1")
    page.click("h1")
    page.evaluate('bellrock.push(["event", {name: "end"}])')
    events = arrived(shop, page, "event", 2)
    assert [b["event"]["name"] for b in events] == ["interaction", "end"]
    assert events[0]["event"]["value"] > 0


def test_what_an_accelerator_says_of_itself_is_in_every_beacon(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.attributes = 'data-accelerator="SpeedKit" data-test="speed"'
    shop.head = """<script>
      window.SpeedKit = {group: "B", enabled: true, served: true, cacheHit: false, firstLoad: false,
                         swSupported: true, version: "2.1"};
    </script>"""
    visit(visitor, shop)
    for beacon in shop.beacons():
        assert beacon["test"]["group"] == "B"
        assert 0 <= beacon["test"]["rb"] < 64
        assert beacon["delivery"] == {
            "enabled": True,
            "served": True,
            "cacheHit": False,
            "firstLoad": False,
            "swSupported": True,
        }


def test_the_attribution_build_says_which_element_each_vital_is_about(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.script = "t.attribution.js"
    helper = visitor.new_page()
    visit(visitor, shop).close()
    [vitals] = arrived(shop, helper, "vitals")
    assert vitals["attribution"]["lcp"].endswith("img")
    assert vitals["timers"]["lcp"] > 0
