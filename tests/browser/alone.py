"""Browsers without a driver: a page of the shop opens and closes the others, as a visitor would.

Nothing holds a window in the foreground or keeps caches off, as drivers do; and Firefox needs none. The page
that opens others is itself in the background: its timers are not slowed down, as others' would be.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .display import NEEDED, display, running

_SWITCHES = [
    "--headless=new",
    "--disable-popup-blocking",
    "--disable-background-timer-throttling",
]
_PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_open_during_load": False,
    "dom.min_background_timeout_value": 4,
    "dom.min_background_timeout_value_without_budget_throttling": 4,
    "dom.popup_maximum": 1000,
    "dom.timeout.enable_budget_timer_throttling": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
_SETTINGS = {
    "features": "-HiddenPageDOMTimerThrottling,-PageVisibilityBasedProcessSuppression",
    "javascript-can-open-windows-automatically": True,
}


class Alone(NamedTuple):
    """A browser, and the words that start it with a profile of its own."""

    name: str
    command: list[str]
    shown: dict[str, str] | None = None
    """For a browser without a headless mode, which needs a display: what is added to the environment there."""

    @contextmanager
    def browse(self, address: str) -> Iterator[None]:
        """Show an address, until the context ends."""
        command = [*self.command, address]
        if self.shown is None:
            with running(command):
                yield
        else:
            with display() as environment, running(command, environment | self.shown):
                yield


def chromium(command: list[str], profile: Path, preferences: dict[str, Any] | None = None) -> Alone:
    """Chromium, with preferences as they stand in the file of that name."""
    (profile / "Default").mkdir(parents=True)
    (profile / "Default/Preferences").write_text(json.dumps(preferences or {}))
    return Alone("chromium", [*command, *_SWITCHES, f"--user-data-dir={profile}"])


def firefox(profile: Path, preferences: dict[str, Any] | None = None) -> Alone:
    """Firefox, with preferences as about:config has them."""
    executable = shutil.which("firefox-esr") or shutil.which("firefox")
    if executable is None:
        raise FileNotFoundError("Firefox is not installed: apt-get install firefox-esr")
    profile.mkdir(parents=True)
    all_preferences = _PREFERENCES | (preferences or {})
    lines = [
        f'user_pref("{key}", {json.dumps(value)});\n' for key, value in all_preferences.items()
    ]
    (profile / "user.js").write_text("".join(lines))
    return Alone("firefox", [executable, "--headless", "--no-remote", "--profile", str(profile)])


def webkit(profile: Path, settings: dict[str, Any] | None = None) -> Alone:
    """WebKit, in the small browser that comes with its driver; with settings as its `--help-all` has them."""
    found = sorted(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"))
    if not found or not all(map(shutil.which, NEEDED)):
        raise FileNotFoundError(
            "WebKit is not installed: apt-get install webkit2gtk-driver xvfb ratpoison"
        )
    options = [f"--{key}={value}" for key, value in (_SETTINGS | (settings or {})).items()]
    homes = {f"XDG_{kind}_HOME": str(profile / kind) for kind in ("CACHE", "CONFIG", "DATA")}
    return Alone("webkit", [str(found[0]), *options], homes | {"HOME": str(profile)})


OTHERS = {"firefox": firefox, "webkit": webkit}
"""By name, those that need no command."""
