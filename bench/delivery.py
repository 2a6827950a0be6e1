"""Delivery of beacons: real visits in real browsers, counted in a real collector's log.

`make bench-delivery`, or `PYTHONPATH=tests python -m bench.delivery --help`. Printed, of all visits by browser
and way of leaving: the share of which any beacon, a load beacon and a vitals beacon arrived, and by which
transports the vitals came. A page is left as soon as it has loaded; with `navigate` before that, as soon as the
tracker runs: its picture is awaited. The page that it leads to is not counted.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from browser.alone import OTHERS, Alone, chromium
from browser.shop import Beacon, Shop, open_shop

BROWSERS = ("chromium", *OTHERS)
WAYS = {
    "close": "await loaded(page, path);",
    "leave": "await loaded(page, path); page.location.href = '/away'; await loaded(page, '/away');",
    "navigate": """while (page.location.pathname !== path || !page.bellrock) await sleep(5);
        page.location.href = '/away'; await loaded(page, '/away');""",
    "background": """await loaded(page, path); const other = open("about:blank"); await sleep(300);
        other.close();""",
}
# The beacon of another site says that the walk is over.
WALK = """for (let number = 0; number < VISITS; number++) {
  const path = `/visit/${number}`, page = open(path);
  WAY
  page.close();
  await sleep(20);
}
await sleep(2000);
navigator.sendBeacon("COLLECTOR/b", JSON.stringify({v: 1, site: "walk", type: "event"}));
"""
SECONDS_A_VISIT = 10.0
"""After which the browser is taken to hang: a busy machine is slow."""


def main() -> None:
    """Measure the browsers and ways that are asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=200, help="visits per browser and way")
    parser.add_argument("--browser", choices=BROWSERS, nargs="+", default=BROWSERS)
    parser.add_argument("--way", choices=WAYS, nargs="+", default=WAYS)
    options = parser.parse_args()
    rows = [
        f"| {browser} | {way} | {measure(browser, way, options.visits)} |"
        for browser in options.browser
        for way in options.way
    ]
    print(f"\n{options.visits} visits a row\n")
    print(
        "| browser | way | any | load | vitals | transports of the vitals |\n|---|---|---|---|---|---|"
    )
    print("\n".join(rows))


def measure(browser: str, way: str, visits: int) -> str:
    """One row: the shares of the visits, and the transports of their vitals."""
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        walk = WALK.replace("VISITS", str(visits)).replace("COLLECTOR", shop.collector)
        shop.walk = walk.replace("WAY", WAYS[way])
        with started(browser, Path(folder) / "profile").browse(shop.address("/walk")):
            await_end(shop, visits * SECONDS_A_VISIT)
        return row(shop, visits)


def started(browser: str, profile: Path) -> Alone:
    """A browser that is not driven."""
    if browser != "chromium":
        return OTHERS[browser](profile)
    executable = shutil.which("chromium")
    if executable is None:
        raise FileNotFoundError("Chromium is not installed: apt-get install chromium")
    return chromium([executable, "--no-sandbox", "--no-first-run"], profile)


def await_end(shop: Shop, seconds: float) -> None:
    """Wait until the walk is over."""
    end = time.monotonic() + seconds
    while not any(beacon["site"] == "walk" for beacon in shop.beacons()):
        if time.monotonic() > end:
            raise TimeoutError("the browser did not end its walk")
        time.sleep(1)


def row(shop: Shop, visits: int) -> str:
    """Count the visits, which the addresses of their pages tell apart."""
    ours = [b for b in shop.beacons() if "/visit/" in b.get("page", {}).get("url", "")]
    vitals = [b for b in ours if b["type"] == "vitals"]

    def share(beacons: Iterable[Beacon]) -> str:
        return f"{len({b['page']['url'] for b in beacons}) / visits:.1%}"

    transports = [
        f"`{name}` {share(b for b in vitals if b['transport'] == name)}"
        for name in sorted({b["transport"] for b in vitals})
    ]
    loads = share(b for b in ours if b["type"] == "load")
    return " | ".join([share(ours), loads, share(vitals), ", ".join(transports)])


if __name__ == "__main__":
    main()
