"""The line that `bellrock snippet` prints, in pages: browsers run exactly the script that it names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .alone import Alone
from .shop import Shop
from .visits import assert_each_once, soon

# Tells the collector, by hand, that the browser has refused the script.
REFUSED = """addEventListener("error", ({target}) => {
  const event = {name: "refused", props: {source: target.src}};
  const body = JSON.stringify({v: 1, site: "shop", type: "event", event});
  // Later than whatever a tracker that runs sends by itself.
  if (target.integrity) setTimeout(() => navigator.sendBeacon("COLLECTOR/b", body), 1500);
}, true);"""


def printed(shop: Shop, folder: Path, *options: str) -> str:
    """What the command prints for this shop's collector."""
    environment = os.environ | {"BELLROCK_COLLECT": shop.collector.removeprefix("http://")}
    command = [sys.executable, "-m", "bellrock", "snippet", "shop", *options]
    return subprocess.run(
        command, env=environment, cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("options", [[], ["--attribution"]])
def test_the_printed_line_loads_the_tracker(
    browser: Alone, shop: Shop, tmp_path: Path, options: list[str]
) -> None:
    shop.snippet = printed(shop, tmp_path, *options)
    shop.walk = (
        "const page = open('/home'); await loaded(page, '/home'); await sleep(700); page.close();"
    )
    with browser.browse(shop.address("/walk")):
        [vitals] = soon(shop, "vitals")
    assert ("attribution" in vitals) == bool(options)
    assert [b["type"] for b in shop.beacons()] == ["navigation", "load", "vitals"]
    assert_each_once(shop.beacons())


def test_a_script_of_another_hash_is_refused(browser: Alone, shop: Shop, tmp_path: Path) -> None:
    line = printed(shop, tmp_path)
    digest = line.partition("sha384-")[2]
    other = "A" if digest[0] != "A" else "B"
    shop.snippet = line.replace(digest, other + digest[1:])
    shop.head = f"<script>{REFUSED.replace('COLLECTOR', shop.collector)}</script>"
    with browser.browse(shop.address("/home")):
        [refused] = soon(shop, "event")
    assert refused["event"]["props"]["source"].startswith(f"{shop.collector}/t.")
    assert shop.beacons() == [refused]
