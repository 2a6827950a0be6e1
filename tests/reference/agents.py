"""What a user agent and the hint `mobile` say: browser, operating system, device, crawler.

In: the user agent text or None, the hint or None. Out: names from short closed lists.
"""

from functools import cache

import crawleruseragents
from ua_parser import parse

BROWSERS = {
    "Chrome": (
        "Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chrome Mobile WebView", "Chromium",
        "HeadlessChrome",
    ),
    "Safari": ("Safari", "Mobile Safari", "Mobile Safari UI/WKWebView"),
    "Firefox": ("Firefox", "Firefox Mobile", "Firefox iOS"),
    "Edge": ("Edge", "Edge Mobile"),
    "Opera": ("Opera", "Opera Mobile", "Opera Mini", "Opera Touch", "Opera GX"),
    "Samsung Internet": ("Samsung Internet",),
    "IE": ("IE", "IE Mobile"),
}  # fmt: skip
SYSTEMS = {
    "Windows": ("Windows",),
    "macOS": ("Mac OS X", "Mac OS"),
    "iOS": ("iOS",),
    "Android": ("Android",),
    "Chrome OS": ("Chrome OS",),
    "Linux": ("Linux", "Ubuntu", "Debian", "Fedora"),
}


@cache
def browser_of(agent: str | None) -> str:
    """The browser's name, or Other."""
    result = parse(agent) if agent else None
    if result is None or result.user_agent is None:
        return "Other"
    for name, families in BROWSERS.items():
        if result.user_agent.family in families:
            return name
    return "Other"


@cache
def system_of(agent: str | None) -> str:
    """The operating system's name, or Other."""
    result = parse(agent) if agent else None
    if result is None or result.os is None:
        return "Other"
    for name, families in SYSTEMS.items():
        if result.os.family in families:
            return name
    return "Other"


def device_of(agent: str | None, mobile: bool | None) -> str:
    """`mobile`, `tablet`, `desktop` or `other`."""
    if mobile is True:
        return "mobile"
    system = system_of(agent)
    if system in ("Windows", "macOS", "Linux", "Chrome OS"):
        return "desktop"
    if agent is None or system not in ("Android", "iOS"):
        return "other"
    if mobile is False or "iPad" in agent or "Tablet" in agent:
        return "tablet"
    if system == "Android" and "Mobile" not in agent:
        return "tablet"
    return "mobile"


@cache
def is_declared_crawler(agent: str | None) -> bool:
    """Whether the user agent is on the list of crawlers that say who they are."""
    return agent is not None and crawleruseragents.is_crawler(agent)
