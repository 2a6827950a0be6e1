"""User agent -> browser, operating system, and what decides device and bot.

The names are those of `semantics`: a family that is not listed is `Other`. Depends on the lists in
`ua-parser` and `crawler-user-agents`, whose versions are part of a result's configuration.
"""

from functools import lru_cache
from importlib.metadata import version

import crawleruseragents
from ua_parser import Parser, load_builtins
from ua_parser.regex import Resolver

from bellrock.names import Agent
from bellrock.schema.agent import OTHER

_BROWSERS = {
    family: browser
    for browser, families in {
        "Chrome": "Chrome|Chrome Mobile|Chrome Mobile iOS|Chrome Mobile WebView|Chromium|HeadlessChrome",
        "Safari": "Safari|Mobile Safari|Mobile Safari UI/WKWebView",
        "Firefox": "Firefox|Firefox Mobile|Firefox iOS",
        "Edge": "Edge|Edge Mobile",
        "Opera": "Opera|Opera Mobile|Opera Mini|Opera Touch|Opera GX",
        "Samsung Internet": "Samsung Internet",
        "IE": "IE|IE Mobile",
    }.items()
    for family in families.split("|")
}
_SYSTEMS = {
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Mac OS": "macOS",
    "iOS": "iOS",
    "Android": "Android",
    "Chrome OS": "Chrome OS",
    "Linux": "Linux",
    "Ubuntu": "Linux",
    "Debian": "Linux",
    "Fedora": "Linux",
}
_CACHED = 65_536  # user agents repeat; a stranger's endless new ones must not grow without bound


_parser = Parser(Resolver(load_builtins()))


@lru_cache(_CACHED)
def resolve_agent(user_agent: str) -> Agent:
    """What a non-empty user agent says."""
    found = _parser.parse(user_agent)
    browser = _BROWSERS.get(found.user_agent.family, OTHER) if found.user_agent else OTHER
    system = _SYSTEMS.get(found.os.family, OTHER) if found.os else OTHER
    tablet = (
        "iPad" in user_agent
        or "Tablet" in user_agent
        or (system == "Android" and "Mobile" not in user_agent)
    )
    return Agent(browser, system, tablet, crawleruseragents.is_crawler(user_agent))


def list_versions() -> dict[str, str]:
    """Versions of the lists that resolving depends on."""
    return {name: version(name) for name in ("ua-parser-builtins", "crawler-user-agents")}
