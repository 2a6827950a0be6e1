"""User agents of real browsers, crawlers and nonsense: browser, system, device, bot."""

import json

import pytest

from bellrock.names import Agent
from bellrock.normalise.agent import list_versions, resolve_agent
from bellrock.runners.fold import fold_lines
from strategies import SITES, START, beacon, encode

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_PIXEL = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT}"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_GALAXY_TAB = (
    f"Mozilla/5.0 (Linux; Android 13; SM-X700) {_WEBKIT} SamsungBrowser/25.0 Chrome/121.0.0.0"
)

AGENTS = [
    # user agent, browser, system, device without a hint
    (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Windows", "desktop"),
    (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge", "Windows", "desktop"),
    (f"{_WINDOWS} Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0", "Opera", "Windows", "desktop"),
    (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "IE",
        "Windows",
        "desktop",
    ),
    (
        f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "Safari",
        "macOS",
        "desktop",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
        "Firefox",
        "macOS",
        "desktop",
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "Firefox",
        "Linux",
        "desktop",
    ),
    (
        f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/126.0.0.0 Safari/537.36",
        "Chrome",
        "Linux",
        "desktop",
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/126.0.0.0 Safari/537.36",
        "Chrome",
        "Chrome OS",
        "desktop",
    ),
    (f"{_PIXEL} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "Android", "mobile"),
    (f"{_PIXEL} Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0", "Edge", "Android", "mobile"),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
        "Firefox",
        "Android",
        "mobile",
    ),
    (
        "Mozilla/5.0 (Android 14; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0",
        "Firefox",
        "Android",
        "tablet",
    ),
    (f"{_GALAXY_TAB} Safari/537.36", "Samsung Internet", "Android", "tablet"),
    (f"{_IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "iOS", "mobile"),
    (f"{_IPHONE} CriOS/126.0.0.0 Mobile/15E148 Safari/604.1", "Chrome", "iOS", "mobile"),
    (f"{_IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iOS", "mobile"),
    (f"{_IPHONE} Mobile/15E148", "Safari", "iOS", "mobile"),
    (f"{_IPAD} Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "iOS", "tablet"),
    (
        "Mozilla/5.0 (PlayStation 5) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "Other",
        "Other",
        "other",
    ),
    ("nonsense", "Other", "Other", "other"),
    ("\U0001f6d2", "Other", "Other", "other"),
    (" ", "Other", "Other", "other"),
]
CRAWLERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "curl/8.5.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
]


def device(agent: str | None, **hints: bool) -> tuple[str, str, str]:
    text = fold_lines([encode(START, beacon(browser=hints), ua=agent)], SITES)
    document = json.loads(text)
    return document["browser"], document["device"], document["bot"]


@pytest.mark.parametrize(("agent", "browser", "system", "kind"), AGENTS)
def test_a_user_agent_says_browser_system_and_device(
    agent: str, browser: str, system: str, kind: str
) -> None:
    assert (resolve_agent(agent).browser, resolve_agent(agent).os) == (browser, system)
    assert device(agent)[:2] == (browser, kind)


@pytest.mark.parametrize(("agent", "hinted", "kind"), [
    (AGENTS[0][0], True, "mobile"),
    (AGENTS[0][0], False, "desktop"),
    (AGENTS[9][0], False, "tablet"),
    (AGENTS[13][0], True, "mobile"),
    (AGENTS[14][0], False, "tablet"),
    ("nonsense", True, "mobile"),
    ("nonsense", False, "other"),
    (None, True, "mobile"),
    (None, False, "other"),
])  # fmt: skip
def test_the_hint_mobile_comes_before_what_the_user_agent_says(
    agent: str | None, hinted: bool, kind: str
) -> None:
    assert device(agent, mobile=hinted)[1] == kind


@pytest.mark.parametrize("agent", CRAWLERS)
def test_a_crawler_on_the_list_is_a_declared_bot(agent: str) -> None:
    assert device(agent, webdriver=True)[2] == "declared"


def test_browsers_are_no_crawlers_and_webdriver_is_what_the_browser_says() -> None:
    crawlers = [agent for agent, *_ in AGENTS if resolve_agent(agent).crawler]
    assert [agent for agent in crawlers if "Headless" not in agent] == []
    assert device(AGENTS[0][0]) == ("Chrome", "desktop", "")
    assert device(AGENTS[0][0], webdriver=True) == ("Chrome", "desktop", "webdriver")


def test_without_a_user_agent_nothing_is_known() -> None:
    assert device(None) == device("") == ("Other", "other", "")
    assert resolve_agent("nonsense") == Agent("Other", "Other", tablet=False, crawler=False)


def test_the_versions_of_the_lists_are_told() -> None:
    versions = list_versions()
    assert set(versions) == {"ua-parser-builtins", "crawler-user-agents"}
    assert all(version[0].isdigit() for version in versions.values())
