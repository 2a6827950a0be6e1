"""Visits that are driven, and what arrives of visits."""

import time
from collections import Counter

from playwright.sync_api import BrowserContext, Page

from .shop import Beacon, Shop

READY = "window.measured?.url?.endsWith('picture.svg') && document.readyState === 'complete'"


def visit(visitor: BrowserContext, shop: Shop, path: str = "/home") -> Page:
    """A page that has loaded and painted its picture, and whose load beacon has arrived."""
    before = len(shop.beacons("load"))
    page = visitor.new_page()
    page.goto(shop.address(path))
    page.wait_for_function(READY)
    shop.wait(lambda: len(shop.beacons("load")) > before, lambda: page.wait_for_timeout(20))
    return page


def arrived(shop: Shop, page: Page, type_: str, count: int = 1) -> list[Beacon]:
    """The first `count` beacons of a type, waited for with the help of a page that is open."""
    shop.wait(lambda: len(shop.beacons(type_)) >= count, lambda: page.wait_for_timeout(20))
    return shop.beacons(type_)


def soon(shop: Shop, type_: str, count: int = 1) -> list[Beacon]:
    """The first `count` beacons of a type, of a browser without a driver."""
    shop.wait(lambda: len(shop.beacons(type_)) >= count, lambda: time.sleep(0.05))
    return shop.beacons(type_)


def assert_each_once(beacons: list[Beacon]) -> None:
    names = Counter((b["impression"], b["seq"]) for b in beacons)
    assert max(names.values()) == 1
    for impression in {b["impression"] for b in beacons}:
        seqs = sorted(b["seq"] for b in beacons if b["impression"] == impression)
        assert seqs == list(range(len(seqs)))
