"""The shop's pages as HTML text.

Enters: what a page shows. Leaves: a whole document. Always holds: everything from outside is escaped;
each page names its label, and a confirmation page its order, in data attributes of `<html>`, where
`measure.js` (inlined, so that it runs before anything else) finds them.
"""

import json
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path

import msgspec

from bellrock.demo.pictures import HEIGHT, WIDTH
from bellrock.simulate.catalogue import CURRENCY, GROUPS, PRODUCTS, SITE, TEST, Product

STATIC = Path(__file__).parent / "static"
_FEATURED = PRODUCTS[:4]
_RELATED = 3


class Frame(msgspec.Struct, frozen=True):
    """What every page has around its content: the addresses of collector and dashboard."""

    collector: str
    dashboard: str


class Order(msgspec.Struct, frozen=True):
    """A placed order; `cents` is its value in minor units."""

    key: str
    cents: int
    items: int


def home(frame: Frame) -> str:
    """The front page."""
    body = (
        _hero("evening", 205, "Light for long evenings", "Lamps made slowly, by the sea.")
        + "<h2>Keepers' favourites</h2>"
        + _grid(_FEATURED)
        + '<p class="more"><a class="button" href="/listing">See all lamps</a></p>'
    )
    return _document(frame, "home", "Lamps made by the sea", body)


def listing(frame: Frame) -> str:
    """All products."""
    head = _hero("all", 190, "All lamps", f"{len(PRODUCTS)} pieces, all in stock.")
    return _document(frame, "listing", "All lamps", head + _grid(PRODUCTS))


def product(frame: Frame, one: Product) -> str:
    """One product, with a few others."""
    place = PRODUCTS.index(one)
    others = [PRODUCTS[(place + step) % len(PRODUCTS)] for step in range(1, _RELATED + 1)]
    body = (
        _hero(one.key, one.hue, one.name, one.line)
        + '<section class="product">'
        + f'<img src="/pictures/{one.key}.svg" alt="" width="240" height="240">'
        + f'<div><h2>{escape(one.name)}</h2><p>{escape(one.line)}</p><p class="price">{one.price}</p>'
        + '<form method="post" action="/cart" data-event="add-to-cart">'
        + f'<button class="button" name="product" value="{one.key}">Put into the cart</button>'
        + "</form></div></section><h2>Goes well with</h2>"
        + _grid(others)
    )
    return _document(frame, "product", one.name, body)


def cart(frame: Frame, chosen: Sequence[Product]) -> str:
    """The cart with what was chosen, in that order."""
    if not chosen:
        body = (
            '<h1>Your cart is empty</h1><p><a class="button" href="/listing">See all lamps</a></p>'
        )
        return _document(frame, "cart", "Cart", body)
    rows = "".join(
        f'<tr><td>{escape(one.name)}</td><td class="number">{one.price}</td></tr>' for one in chosen
    )
    body = (
        f'<h1>Your cart</h1><table class="cart"><tbody>{rows}</tbody><tfoot><tr><th>Together</th>'
        f'<td class="number">{_euros(sum(one.cents for one in chosen))}</td></tr></tfoot></table>'
        '<form method="post" action="/order" data-event="checkout">'
        '<button class="button">Order now</button></form>'
        '<p class="quiet">Nothing is sold here: this is a demonstration.</p>'
    )
    return _document(frame, "cart", "Cart", body)


def confirmation(frame: Frame, order: Order) -> str:
    """The page after an order. A reload repeats the order, as such pages do."""
    body = (
        "<h1>Thank you</h1>"
        f"<p>Your order <strong>{escape(order.key)}</strong> over {_euros(order.cents)} is on its way "
        "to nobody.</p>"
        '<p class="quiet">Reload this page: the order is sent again, and counted once.</p>'
        '<p><a class="button" href="/">Back to the shop</a></p>'
    )
    told = {
        "id": order.key,
        "value": order.cents / 100,
        "currency": CURRENCY,
        "items": order.items,
    }
    return _document(frame, "confirmation", "Thank you", body, order=json.dumps(told))


def missing(frame: Frame) -> str:
    """The page for an address that leads nowhere."""
    return _document(
        frame, "home", "Not here", '<h1>Not here</h1><p><a href="/">To the shop</a></p>'
    )


def _hero(key: str, hue: int, title: str, line: str) -> str:
    return (
        '<section class="hero">'
        f'<img src="/pictures/scene-{hue}.png?{key}" alt="" width="{WIDTH}" height="{HEIGHT}" '
        'elementtiming="hero" fetchpriority="high">'
        f"<div><h1>{escape(title)}</h1><p>{escape(line)}</p></div></section>"
    )


def _grid(products: Sequence[Product]) -> str:
    tiles = (
        f'<a class="tile" href="/product/{one.key}">'
        f'<img src="/pictures/{one.key}.svg" alt="" width="240" height="240" loading="lazy">'
        f"<span>{escape(one.name)}</span><span>{one.price}</span></a>"
        for one in products
    )
    return f'<div class="grid">{"".join(tiles)}</div>'


def _document(frame: Frame, label: str, title: str, body: str, order: str = "") -> str:
    told = f' data-order="{escape(order)}"' if order else ""
    collector, dashboard = escape(frame.collector), escape(frame.dashboard)
    return (
        f'<!doctype html><html lang="en" data-delivered="origin" data-label="{label}" '
        f'data-test="{TEST}" data-groups=\'{json.dumps(GROUPS)}\' data-site="{SITE}"{told}>'
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Lanternhouse</title>"
        f"<script>{_measure()}</script>"
        '<link rel="icon" href="/pictures/harbour-lantern.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/static/shop.css">'
        f'<script defer src="{collector}/t.js" data-site="{SITE}"></script>'
        '<script defer src="/static/accelerator.js"></script></head><body>'
        '<header><a class="name" href="/">Lanternhouse</a>'
        '<nav><a href="/listing">Lamps</a><a href="/cart">Cart</a></nav></header>'
        f"<main>{body}</main>{_bar(dashboard)}</body></html>"
    )


def _bar(dashboard: str) -> str:
    links = " ".join(
        f'<a href="?group={group}" data-switch="{group}">{group}</a>' for group in GROUPS
    )
    return (
        '<aside class="bar" aria-label="Demonstration">'
        '<span>Group <strong data-show="group">…</strong></span>'
        f'<span>switch to {links}</span><span data-show="delivery"></span>'
        f'<a href="{dashboard}">Dashboard</a></aside>'
    )


def _euros(cents: int) -> str:
    return f"€ {cents // 100}.{cents % 100:02d}"


@cache
def _measure() -> str:
    return (STATIC / "measure.js").read_text(encoding="utf-8")
