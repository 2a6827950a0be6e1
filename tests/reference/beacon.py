"""The optional fields of a beacon whose required fields are in order.

In: the line, its beacon object, the site's configuration. Out: a `Beacon`, and the issues that its
fields brought up. Always: what is in a `Beacon` has the right form; what had not is None.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from reference.exact import is_absent, is_finite, is_integer, is_text, round_half_away

OTHER = "(other)"
VITALS = ("ttfb", "fcp", "lcp", "inp", "dcl", "load", "cls")
NAVIGATIONS = (
    "navigate", "reload", "back-forward", "back-forward-cache", "prerender", "restore",
    "soft-navigation",
)  # fmt: skip
TRANSPORTS = ("fetchLater", "beacon", "fetch", "xhr")
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
NO_DIGITS = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
THREE_DIGITS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
FOUR_DIGITS = ("CLF", "UYW")

Group = dict[str, Any]


@dataclass
class Order:
    """A usable order: its hash, and its value in minor units of the site's currency."""

    hash: bytes
    value: int


@dataclass
class Beacon:
    """A beacon without a fatal issue. `timers` are in micro-units."""

    session: str
    impression: str
    seq: int
    type: str
    agent: str | None
    country: str | None
    page: Group | None
    test: tuple[str, str] | None
    delivery: Group | None
    visitor: Group | None
    mobile: bool | None
    webdriver: bool
    timers: dict[str, int]
    event: str | None
    order: Order | None


def read_beacon(line: Group, beacon: Group, site: Group, issues: set[str]) -> Beacon:
    """Read every optional field; add to `issues` what is wrong with them."""
    browser = read_browser(beacon, issues)
    read_diagnosis(beacon, issues)
    return Beacon(
        session=beacon["session"],
        impression=beacon["impression"],
        seq=int(beacon["seq"]),
        type=beacon["type"],
        agent=read_agent(line),
        country=read_country(line),
        page=read_page(beacon, issues),
        test=read_test(beacon, site, issues),
        delivery=read_booleans(
            beacon,
            "delivery",
            ("enabled", "served", "cacheHit", "firstLoad", "swSupported"),
            issues,
        ),
        visitor=read_booleans(beacon, "visitor", ("newToday", "newThisMonth"), issues),
        mobile=browser.get("mobile"),
        webdriver=browser.get("webdriver") is True,
        timers=read_timers(beacon, site, issues),
        event=read_event(beacon, issues),
        order=read_order(beacon, site, issues),
    )


def read_agent(line: Group) -> str | None:
    """The user agent. The collector wrote it, so a wrong one is absent and nobody's issue."""
    agent = line.get("ua")
    return agent if not is_absent(agent) and is_text(agent, 512) else None


def read_country(line: Group) -> str | None:
    """The line's country if it has the form of one, else none; no issue either."""
    country = line.get("country")
    if isinstance(country, str) and COUNTRY.fullmatch(country):
        return country
    return None


def read_group(beacon: Group, name: str, issues: set[str]) -> Group | None:
    """A group that is not an object is nulled whole; an empty object is present."""
    group = beacon.get(name)
    if is_absent(group):
        return None
    if not isinstance(group, dict):
        issues.add("field")
        return None
    return group


def read_text(group: Group, name: str, longest: int, issues: set[str]) -> str | None:
    """A text field, None where absent or wrong."""
    value = group.get(name)
    if is_absent(value):
        return None
    if not is_text(value, longest):
        issues.add("field")
        return None
    return str(value)


def read_choice(group: Group, name: str, among: tuple[str, ...], issues: set[str]) -> str | None:
    """A text field with a closed list of values."""
    value = group.get(name)
    if is_absent(value):
        return None
    if value not in among:
        issues.add("field")
        return None
    return str(value)


def read_boolean(group: Group, name: str, issues: set[str]) -> bool | None:
    """A boolean field."""
    value = group.get(name)
    if is_absent(value):
        return None
    if not isinstance(value, bool):
        issues.add("field")
        return None
    return value


def read_booleans(
    beacon: Group, name: str, fields: tuple[str, ...], issues: set[str]
) -> Group | None:
    """A group that holds nothing but booleans."""
    group = read_group(beacon, name, issues)
    if group is None:
        return None
    return {field: read_boolean(group, field, issues) for field in fields}


def read_page(beacon: Group, issues: set[str]) -> Group | None:
    """The page group with those of its fields that the documents need."""
    page = read_group(beacon, "page", issues)
    if page is None:
        return None
    read_text(page, "url", 2048, issues)
    read_text(page, "referrer", 2048, issues)
    return {
        "label": read_text(page, "label", 64, issues),
        "navigation": read_choice(page, "navigation", NAVIGATIONS, issues),
        "release": read_text(page, "release", 64, issues),
    }


def read_test(beacon: Group, site: Group, issues: set[str]) -> tuple[str, str] | None:
    """Test and group, both `(other)` where the site does not declare either."""
    test = read_group(beacon, "test", issues)
    if test is None:
        return None
    rb = test.get("rb")
    if not is_absent(rb) and not is_integer(rb, 0, 63):
        issues.add("field")
    name = read_text(test, "name", 64, issues)
    group = read_text(test, "group", 32, issues)
    if name is None or group is None:
        issues.add("field")
        return None
    for declared in site.get("test", []):
        if declared["name"] == name and group in declared["groups"]:
            return name, group
    issues.add("test.undeclared")
    return OTHER, OTHER


def read_browser(beacon: Group, issues: set[str]) -> Group:
    """The hints; an empty dict where there are none."""
    browser = read_group(beacon, "browser", issues)
    if browser is None:
        return {}
    read_text(browser, "platform", 64, issues)
    read_text(browser, "width", 64, issues)
    return {
        "mobile": read_boolean(browser, "mobile", issues),
        "webdriver": read_boolean(browser, "webdriver", issues),
    }


def read_diagnosis(beacon: Group, issues: set[str]) -> None:
    """Fields that no document needs, but that have a form."""
    read_choice(beacon, "transport", TRANSPORTS, issues)
    sent = beacon.get("sentAt")
    if not is_absent(sent) and not is_finite(sent):
        issues.add("field")


def read_timers(beacon: Group, site: Group, issues: set[str]) -> dict[str, int]:
    """The usable timers in micro-units."""
    timers: dict[str, int] = {}
    for name, value in (read_group(beacon, "timers", issues) or {}).items():
        highest, scale = (100, 1e6) if name == "cls" else (600_000, 1000.0)
        if is_absent(value):
            continue
        if name not in VITALS and name not in site.get("timers", []):
            issues.add("timer.undeclared")
        elif not isinstance(value, float):
            issues.add("field")
        elif not 0 <= value <= highest:
            issues.add("timer.range")
        else:
            timers[name] = round_half_away(value * scale)
    return timers


def read_event(beacon: Group, issues: set[str]) -> str | None:
    """The event's name; without one the event is absent."""
    event = read_group(beacon, "event", issues)
    if event is None:
        return None
    value = event.get("value")
    if not is_absent(value) and not is_finite(value):
        issues.add("field")
    props = read_group(event, "props", issues) or {}
    present = {name: prop for name, prop in props.items() if not is_absent(prop)}
    if len(present) > 8:
        issues.add("field")
    if not all(is_text(text, 64) for entry in present.items() for text in entry):
        issues.add("field")
    name = read_text(event, "name", 64, issues)
    if name is None:
        issues.add("field")
    return name


def read_order(beacon: Group, site: Group, issues: set[str]) -> Order | None:
    """The order with its value; its value is 0 where value or currency cannot be used."""
    order = read_group(beacon, "order", issues)
    if order is None:
        return None
    items = order.get("items")
    if not is_absent(items) and not is_integer(items):
        issues.add("field")
    minor = _minor_units(order, site, issues)
    identifier = read_text(order, "id", 128, issues)
    if identifier is None:
        issues.add("field")
        return None
    key = bytes.fromhex(site["order_key"])
    return Order(hmac.new(key, identifier.encode(), hashlib.sha256).digest(), minor)


def _minor_units(order: Group, site: Group, issues: set[str]) -> int:
    value, currency = order.get("value"), order.get("currency")
    if not isinstance(value, float) or not 0 <= value <= 1e7:
        issues.add("field")
        value = 0.0
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        issues.add("field")
        return 0
    if currency != site["currency"]:
        issues.add("order.currency")
        return 0
    return round_half_away(value * 10.0 ** _digits(currency))


def _digits(currency: str) -> int:
    if currency in NO_DIGITS:
        return 0
    if currency in THREE_DIGITS:
        return 3
    return 4 if currency in FOUR_DIGITS else 2
