"""What visitors browse with: user agents, their share of sessions, and what each can measure and send.

Shares are of sessions and need not sum to 1. Version numbers are those of autumn 2026; the frozen
parts (`Android 10; K`, `iPhone OS 18_7`, `10_15_7`) are what browsers really send.
"""

from typing import Literal

import msgspec

Engine = Literal["blink", "webkit", "gecko"]


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of browser. `slowness` is the factor of its typical device on everything it renders."""

    share: float
    user_agent: str
    engine: Engine
    platform: str
    mobile: bool
    slowness: float
    widths: tuple[str, ...]
    crawler: bool = False
    webdriver: bool = False

    @property
    def shifts_known(self) -> bool:
        """Whether it measures CLS: only Chromium's engine does."""
        return self.engine == "blink"


def _agent(share: float, engine: Engine, platform: str, user_agent: str, **more: object) -> Agent:
    mobile = platform in {"Android", "iOS"}
    usual: dict[str, object] = {
        "mobile": mobile,
        "slowness": 1.35 if mobile else 0.9,
        "widths": ("0-599",) if mobile else ("1024-1599", "1600-", "1600-"),
    }
    named = {"share": share, "engine": engine, "platform": platform, "user_agent": user_agent}
    return msgspec.convert(usual | named | more, Agent)


_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X)"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X)"
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
_LINUX = "Mozilla/5.0 (X11; Linux x86_64)"
_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_BOT = "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P)"

AGENTS = (
    _agent(21, "blink", "Android", f"{_ANDROID} {_BLINK} Chrome/156.0.0.0 Mobile Safari/537.36"),
    _agent(
        6,
        "blink",
        "Android",
        f"{_ANDROID} {_BLINK} Chrome/155.0.0.0 Mobile Safari/537.36",
        slowness=1.6,
    ),
    _agent(
        4,
        "blink",
        "Android",
        f"{_ANDROID} {_BLINK} SamsungBrowser/30.0 Chrome/142.0.0.0 Mobile Safari/537.36",
    ),
    _agent(
        1.2,
        "blink",
        "Android",
        f"{_ANDROID} {_BLINK} Chrome/156.0.0.0 Safari/537.36",
        mobile=False,
        slowness=1.2,
        widths=("600-1023",),
    ),
    _agent(
        15,
        "webkit",
        "iOS",
        f"{_IPHONE} {_WEBKIT} Version/27.0 Mobile/15E148 Safari/604.1",
        slowness=0.95,
    ),
    _agent(
        8,
        "webkit",
        "iOS",
        f"{_IPHONE} {_WEBKIT} Version/26.5 Mobile/15E148 Safari/604.1",
        slowness=1.1,
    ),
    _agent(
        2,
        "webkit",
        "iOS",
        f"{_IPHONE} {_WEBKIT} CriOS/156.0.8078.60 Mobile/15E148 Safari/604.1",
        slowness=1.05,
    ),
    _agent(
        1.3,
        "webkit",
        "iOS",
        f"{_IPAD} {_WEBKIT} Version/26.5 Mobile/15E148 Safari/604.1",
        mobile=False,
        slowness=0.9,
        widths=("600-1023",),
    ),
    _agent(17, "blink", "Windows", f"{_WINDOWS} {_BLINK} Chrome/156.0.0.0 Safari/537.36"),
    _agent(
        6, "blink", "Windows", f"{_WINDOWS} {_BLINK} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0"
    ),
    _agent(
        1, "blink", "Windows", f"{_WINDOWS} {_BLINK} Chrome/154.0.0.0 Safari/537.36 OPR/138.0.0.0"
    ),
    _agent(
        4.2,
        "gecko",
        "Windows",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:157.0) Gecko/20100101 Firefox/157.0",
    ),
    _agent(5, "webkit", "macOS", f"{_MAC} {_WEBKIT} Version/27.0 Safari/605.1.15", slowness=0.75),
    _agent(4, "blink", "macOS", f"{_MAC} {_BLINK} Chrome/156.0.0.0 Safari/537.36", slowness=0.75),
    _agent(
        0.8,
        "gecko",
        "Linux",
        "Mozilla/5.0 (X11; Linux x86_64; rv:157.0) Gecko/20100101 Firefox/157.0",
    ),
    _agent(
        0.9,
        "gecko",
        "Android",
        "Mozilla/5.0 (Android 16; Mobile; rv:157.0) Gecko/157.0 Firefox/157.0",
    ),
    _agent(
        0.7,
        "blink",
        "Android",
        f"{_BOT} {_BLINK} Chrome/156.0.8078.60 Mobile Safari/537.36 "
        "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        crawler=True,
    ),
    _agent(
        0.3,
        "blink",
        "Linux",
        f"Mozilla/5.0 {_BLINK.replace('(KHTML, like Gecko)', '(KHTML, like Gecko;')} compatible; "
        "bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/155.0.0.0 Safari/537.36",
        crawler=True,
    ),
    _agent(
        0.2,
        "blink",
        "Linux",
        f"{_LINUX} {_BLINK} HeadlessChrome/156.0.0.0 Safari/537.36",
        crawler=True,
        webdriver=True,
    ),
)
