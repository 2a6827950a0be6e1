"""The slow path: JSON by the letter of RFC 8259, and a line read field by field.

Enters: a line that the typed decoder refused. Leaves: `Line` with every unusable field absent, and the
issues; or the one fatal issue. It agrees with the fast path wherever that one succeeds.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from bellrock.schema import wire
from bellrock.schema.issue import Issue

MAX_DEPTH = 64

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_SITE = re.compile(wire.SITE)
_IDENTIFIER = re.compile(wire.IDENTIFIER)
_CURRENCY = re.compile(wire.CURRENCY)
_COUNTRY = re.compile(wire.COUNTRY)


class Refused(Exception):
    """The line has a fatal issue. `at` is its own time, None where it has none; `site` may be undeclared."""

    def __init__(self, issue: Issue, at: int | None, site: str | None) -> None:
        """Carry the issue, the line's own time, and the site it names."""
        super().__init__(issue)
        self.issue, self.at, self.site = issue, at, site


def read_line(line: bytes) -> tuple[wire.Line, set[Issue]]:
    """The usable fields of a line and its issues; raises Refused with the fatal one."""
    document = parse(line)
    if not isinstance(document, dict):
        raise Refused(Issue.MALFORMED, None, None)
    at = _whole(document.get("at"), 0, wire.END_OF_TIME - 1)
    if at is None:
        raise Refused(Issue.MALFORMED, None, None)
    beacon = document.get("beacon")
    site = beacon.get("site") if isinstance(beacon, dict) else None
    site = site if isinstance(site, str) else None
    if not isinstance(beacon, dict) or not _absent(document.get("raw")):
        raise Refused(Issue.MALFORMED, at, site)
    fields = _Fields()
    required = _required(beacon, at, site)
    return (
        wire.Line(
            at=at,
            # The collector writes these two, so a wrong one is no issue of the page's: it is absent.
            ua=_Fields().text(document, "ua", 512),
            country=_Fields().text(document, "country", 2, _COUNTRY),
            beacon=_beacon(beacon, required, fields),
        ),
        fields.issues,
    )


def parse(line: bytes) -> Any:
    """The JSON value of a line, every number a float; `None` also where it is not JSON."""
    try:
        if not _shallow(line):
            return None
        return json.loads(line.decode(), parse_int=float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _shallow(line: bytes) -> bool:
    """Whether a line is nested no deeper than is read."""
    if line.count(b"{") + line.count(b"[") <= MAX_DEPTH:
        return True
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", line)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _required(beacon: dict[str, Any], at: int, site: str | None) -> dict[str, Any]:
    version = beacon.get("v")
    if not isinstance(version, float) or version != 1:
        raise Refused(Issue.VERSION, at, site)
    seq = _whole(beacon.get("seq"), 0, wire.MAX_SEQ)
    formed = (
        _matches(beacon.get("site"), _SITE)
        and _matches(beacon.get("session"), _IDENTIFIER)
        and _matches(beacon.get("impression"), _IDENTIFIER)
        and beacon.get("type") in wire.TYPES
    )
    if seq is None or not formed:
        raise Refused(Issue.SCHEMA, at, site)
    names = ("site", "session", "impression", "type")
    return {"v": 1, "seq": seq} | {name: beacon[name] for name in names}


def _beacon(beacon: dict[str, Any], required: dict[str, Any], fields: "_Fields") -> wire.Beacon:
    return wire.Beacon(
        **required,
        page=_page(fields.group(beacon, "page"), fields),
        test=_test(fields.group(beacon, "test"), fields),
        delivery=_delivery(fields.group(beacon, "delivery"), fields),
        timers=fields.group(beacon, "timers"),
        event=_event(fields.group(beacon, "event"), fields),
        order=_order(fields.group(beacon, "order"), fields),
        visitor=_visitor(fields.group(beacon, "visitor"), fields),
        browser=_browser(fields.group(beacon, "browser"), fields),
        transport=fields.choice(beacon, "transport", wire.TRANSPORTS),
        sent_at=fields.number(beacon, "sentAt"),
    )


def _page(page: dict[str, Any] | None, fields: "_Fields") -> wire.Page | None:
    return (
        None
        if page is None
        else wire.Page(
            url=fields.text(page, "url", 2048),
            referrer=fields.text(page, "referrer", 2048),
            label=fields.text(page, "label", 64),
            navigation=fields.choice(page, "navigation", wire.NAVIGATIONS),
            release=fields.text(page, "release", 64),
        )
    )


def _test(test: dict[str, Any] | None, fields: "_Fields") -> wire.Test | None:
    if test is None:
        return None
    rb = fields.whole(test, "rb", 0, wire.MAX_RB)
    name, group = fields.text(test, "name", 64), fields.text(test, "group", 32)
    if name is None or group is None:
        fields.issues.add(Issue.FIELD)
        return None
    return wire.Test(name=name, group=group, rb=rb)


def _delivery(delivery: dict[str, Any] | None, fields: "_Fields") -> wire.Delivery | None:
    return (
        None
        if delivery is None
        else wire.Delivery(
            enabled=fields.boolean(delivery, "enabled"),
            served=fields.boolean(delivery, "served"),
            cache_hit=fields.boolean(delivery, "cacheHit"),
            first_load=fields.boolean(delivery, "firstLoad"),
            sw_supported=fields.boolean(delivery, "swSupported"),
        )
    )


def _event(event: dict[str, Any] | None, fields: "_Fields") -> wire.Event | None:
    if event is None:
        return None
    value = fields.number(event, "value")
    props = _props(fields.group(event, "props"), fields)
    name = fields.text(event, "name", 64)
    if name is None:
        fields.issues.add(Issue.FIELD)
        return None
    return wire.Event(name=name, value=value, props=props)


def _props(props: dict[str, Any] | None, fields: "_Fields") -> dict[str, str] | None:
    """At most 8 short texts, else absent as a whole: which ones to keep would be a guess."""
    if props is None:
        return None
    present = {name: value for name, value in props.items() if not _absent(value)}
    usable = all(
        _is_text(name, 64) and isinstance(value, str) and _is_text(value, 64)
        for name, value in present.items()
    )
    if usable and len(present) <= wire.MAX_PROPS:
        return present
    fields.issues.add(Issue.FIELD)
    return None


def _order(order: dict[str, Any] | None, fields: "_Fields") -> wire.Order | None:
    return (
        None
        if order is None
        else wire.Order(
            id=fields.text(order, "id", 128),
            value=fields.number(order, "value", 0, wire.MAX_VALUE),
            currency=fields.text(order, "currency", 3, _CURRENCY),
            items=fields.whole(order, "items"),
        )
    )


def _visitor(visitor: dict[str, Any] | None, fields: "_Fields") -> wire.Visitor | None:
    return (
        None
        if visitor is None
        else wire.Visitor(
            new_today=fields.boolean(visitor, "newToday"),
            new_this_month=fields.boolean(visitor, "newThisMonth"),
        )
    )


def _browser(browser: dict[str, Any] | None, fields: "_Fields") -> wire.Browser | None:
    return (
        None
        if browser is None
        else wire.Browser(
            mobile=fields.boolean(browser, "mobile"),
            platform=fields.text(browser, "platform", 64),
            webdriver=fields.boolean(browser, "webdriver"),
            width=fields.text(browser, "width", 64),
        )
    )


class _Fields:
    """Reads optional fields: an absent one is None, an unusable one is None and an issue."""

    def __init__(self) -> None:
        self.issues: set[Issue] = set()

    def group(self, of: dict[str, Any], name: str) -> dict[str, Any] | None:
        value: dict[str, Any] | None = self._checked(of, name, lambda v: isinstance(v, dict))
        return value

    def boolean(self, of: dict[str, Any], name: str) -> bool | None:
        value: bool | None = self._checked(of, name, lambda v: isinstance(v, bool))
        return value

    def text(
        self, of: dict[str, Any], name: str, longest: int, pattern: re.Pattern[str] | None = None
    ) -> str | None:
        def usable(value: object) -> bool:
            fits = isinstance(value, str) and _is_text(value, longest)
            return fits and (pattern is None or _matches(value, pattern))

        value: str | None = self._checked(of, name, usable)
        return value

    def choice(self, of: dict[str, Any], name: str, choices: tuple[str, ...]) -> str | None:
        value: str | None = self._checked(of, name, lambda v: isinstance(v, str) and v in choices)
        return value

    def number(
        self, of: dict[str, Any], name: str, least: float = -math.inf, most: float = math.inf
    ) -> float | None:
        def usable(value: object) -> bool:
            return isinstance(value, float) and math.isfinite(value) and least <= value <= most

        value: float | None = self._checked(of, name, usable)
        return value

    def whole(
        self, of: dict[str, Any], name: str, least: float = -math.inf, most: float = math.inf
    ) -> int | None:
        value = self._checked(of, name, lambda v: _whole(v, least, most) is not None)
        return None if value is None else int(value)

    def _checked(self, of: dict[str, Any], name: str, usable: Callable[[Any], bool]) -> Any:
        value = of.get(name)
        if _absent(value):
            return None
        if usable(value):
            return value
        self.issues.add(Issue.FIELD)
        return None


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and value == "")


def _whole(value: object, least: float, most: float) -> int | None:
    """A number that is whole and in range, as an integer."""
    if isinstance(value, float) and value.is_integer() and least <= value <= most:
        return int(value)
    return None


def _matches(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _is_text(value: str, longest: int) -> bool:
    return len(value) <= longest and not _SURROGATE.search(value)
