"""Takes the pictures of the dashboard in docs/pictures from a demonstration that runs already.

    make demo                  # in one terminal
    make pictures              # in another: reads address and password of that demonstration

Enters: the dashboard's address, a user and the password. Leaves: overview and distribution, light and
dark, wide and narrow, as docs/pictures/PAGE-SCHEME-WIDTH.png, written one by one.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"overview": "/overview", "distribution": "/distribution"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"wide": (1440, 1000), "narrow": (390, 844)}
CHROMIUM = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DRAWN = """() => {
  const places = [...document.querySelectorAll(".drawing")];
  const drawn = (place) => place.ariaBusy !== "true" && place.querySelector("svg, canvas");
  return places.length > 0 && places.every(drawn);
}"""
SETTLE_MS = 600  # fonts, transitions and the last resize of the charts


def main(arguments: Sequence[str]) -> int:
    """Take all pictures; 1 if the dashboard cannot be reached or does not let us in."""
    options = _parse(arguments)
    if options.password is None:
        kept = Path(options.data) / "demo-password"
        if not kept.exists():
            print(f"{kept} is missing: run `make demo` first, or give --password.", file=sys.stderr)
            return 1
        options.password = kept.read_text(encoding="utf-8").strip()
    options.into.mkdir(parents=True, exist_ok=True)
    try:
        _take_all(options)
    except PlaywrightError as error:
        print(f"{options.dashboard}: {error.message}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Takes the pictures in docs/pictures.")
    parser.add_argument("--dashboard", default="http://127.0.0.1:8090", help="its address")
    parser.add_argument("--user", default="demo")
    parser.add_argument("--password", help="that of the demonstration in --data if not given")
    parser.add_argument("--data", default="demo-data", help="data directory of the demonstration")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pictures")
    return parser.parse_args(arguments)


def _take_all(options: argparse.Namespace) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        signed_in = _sign_in(browser, options)
        for (name, path), scheme, (width, size) in product(PAGES.items(), SCHEMES, SIZES.items()):
            file = options.into / f"{name}-{scheme}-{width}.png"
            context = browser.new_context(
                storage_state=signed_in,
                color_scheme=scheme,
                viewport={"width": size[0], "height": size[1]},
                device_scale_factor=1 if width == "wide" else 2,
                locale="en-GB",
            )
            _take(context.new_page(), options.dashboard + path, file)
            context.close()
            print(file)
        browser.close()


def _sign_in(browser: Browser, options: argparse.Namespace) -> StorageState:
    context: BrowserContext = browser.new_context()
    answer = context.request.post(
        f"{options.dashboard}/api/v1/login",
        data={"name": options.user, "password": options.password},
    )
    if answer.status != 204:
        raise PlaywrightError(f"signing in as {options.user} was answered with {answer.status}")
    state = context.storage_state()
    context.close()
    return state


def _take(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file, full_page=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
