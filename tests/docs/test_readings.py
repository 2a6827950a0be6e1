"""What docs/spec/readings.md says of a question is what the fold does."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from bellrock.runners.fold import fold_lines
from bellrock.sites import load_sites
from docs.page import ROOT, Page

SITES = load_sites(ROOT / "tests" / "golden" / "shared.sites.toml")
AT = 1_795_412_520_000
HOURS = 3 * 3_600_000
BEACON = {
    "v": 1,
    "site": "shop-l",
    "session": "session-00000001",
    "impression": "impression-00001",
    "seq": 0,
    "type": "load",
}
FOREIGN = {"id": "1", "currency": "USD", "value": -1}


def line(*, envelope: dict[str, Any] | None = None, **beacon: object) -> bytes:
    return msgspec.json.encode({"at": AT, "beacon": BEACON | beacon} | (envelope or {}))


def event(**fields: object) -> bytes:
    return line(type="event", event={"name": "x"} | fields, seq=1)


def infinite(text: bytes, name: str) -> bytes:
    """The line with 1e400 as the value of `name`, which is 0 there."""
    return text.replace(b'"%b":0' % name.encode(), b'"%b":1e400' % name.encode())


def folded(lines: list[bytes]) -> tuple[list[dict[str, Any]], Counter[tuple[str, str]]]:
    """Minute documents, and lines by (site, issue)."""
    text = fold_lines(lines, SITES, close=True)
    documents = [msgspec.json.decode(row) for row in text.splitlines()]
    issues = Counter(
        {(d["site"], d["issue"]): d["lines"] for d in documents if d["kind"] == "issues"}
    )
    return [d for d in documents if d["kind"] == "minute"], issues


ISSUES: dict[str, tuple[list[bytes], dict[tuple[str, str], int]]] = {
    "A line has a `raw` beside a beacon": (
        [line(envelope={"raw": "x"})],
        {("shop-l", "malformed"): 1},
    ),
    "`raw` is `{}` or `[]`": (
        [line(envelope={"raw": {}}), line(envelope={"raw": []})],
        {("shop-l", "malformed"): 2},
    ),
    "What is a blank line?": ([b" \t\r", b"", b"\x0b"], {("?", "malformed"): 1}),
    "`at` is written as": (
        [
            line().replace(b"1795412520000", at)
            for at in (b"1.79541252e12", b"0.5", b"true", b"null", b'""')
        ],
        {("?", "malformed"): 4},
    ),
    "A site key of the wrong form": (
        [line(site="Shop-L"), line(v=2), line(v=None)],
        {("?", "schema"): 1, ("shop-l", "version"): 2},
    ),
    "`ua` or `country` has the wrong type": (
        [line(envelope={"ua": 5, "country": "de"}), line(seq=1, envelope={"ua": "x" * 513})],
        {},
    ),
    "Does a `duplicate.beacon` keep its other issues?": (
        [line(), line(timers={"lcp": -1})],
        {("shop-l", "duplicate.beacon"): 1, ("shop-l", "timer.range"): 1},
    ),
    "A test without a group": ([line(test={"name": "no such"})], {("shop-l", "field"): 1}),
    "`props` entries that are null": (
        [line(), event(props=dict.fromkeys(map(str, range(12)))), event(props={"a": 1})],
        {("shop-l", "field"): 1, ("shop-l", "duplicate.beacon"): 1},
    ),
    "`items`": ([line(order={"id": "1", "value": 1, "currency": "EUR", "items": -3})], {}),
    "A foreign currency": (
        [line(order=FOREIGN)],
        {("shop-l", "field"): 1, ("shop-l", "order.currency"): 1},
    ),
    "An undeclared label": ([line(page={"label": "nowhere", "release": "none"})], {}),
    "A timer of 1e400": (
        [
            infinite(line(timers={"lcp": 0}), "lcp"),
            infinite(line(seq=1, sentAt=0), "sentAt"),
            infinite(line(v=0), "v"),
            infinite(line(), "seq"),
        ],
        {(("shop-l"), name): 1 for name in ("timer.range", "field", "version", "schema")},
    ),
    "A line may have several issues": (
        [line(timers={"lcp": -1, "fcp": "x", "ttfb": True, "nope": 1})],
        {("shop-l", name): 1 for name in ("timer.range", "field", "timer.undeclared")},
    ),
}


@pytest.mark.parametrize("question", ISSUES)
def test_the_issues_are_those_of_the_reading(question: str) -> None:
    lines, expected = ISSUES[question]
    assert f"**{question}" in Page("docs/spec/readings.md").flat
    assert folded(lines)[1] == expected


Documents = list[dict[str, Any]]
NUMBERS: dict[str, tuple[list[bytes], Callable[[Documents], bool]]] = {
    "A fatal line with a good `at`": (
        [line(), line(v=2, envelope={"at": AT + HOURS}), line(envelope={"at": AT + HOURS})],
        lambda found: sum(d["sessions"] for d in found) == 2,
    ),
    "The line with the lowest `seq` has an unusable country": (
        [line(envelope={"country": "x"}), line(seq=1, envelope={"country": "FR"})],
        lambda found: found[0]["country"] == "FR",
    ),
    "`test: {}`, `event: {}`, `order: {}`": (
        [line(test={}), line(seq=1, test={"name": "speed", "group": "B"})],
        lambda found: found[0]["group"] == "B",
    ),
    "`delivery: {}` at the highest `seq`": (
        [line(delivery={"served": True}), line(seq=1, delivery={})],
        lambda found: found[0]["served"] == "",
    ),
    "The same ids on two sites": (
        [line(), line(site="shop-b")],
        lambda found: [d["sessions"] for d in found] == [1, 1],
    ),
    "The hint `mobile`": (
        [line(browser={}), line(seq=1, browser={"mobile": True})],
        lambda found: found[0]["device"] == "mobile",
    ),
    "The impression of a duplicate order": (
        [
            line(type="order", order={"id": "1", "value": 5, "currency": "EUR"}, **ids)
            for ids in ({}, {"impression": "impression-00002"})
        ],
        lambda found: (found[0]["impressions"], found[0]["orders"]) == (2, 1),
    ),
    "The owner claims its order again": (
        [
            line(seq=seq, order={"id": "1", "value": value, "currency": currency})
            for seq, (value, currency) in enumerate([(5, "EUR"), (7, "EUR"), (9, "USD")])
        ],
        lambda found: (found[0]["orders"], found[0]["revenue"]) == (1, 700),
    ),
    "The greatest CLS": (
        [line(timers={"cls": 100})],
        lambda found: found[0]["cls"]["cells"] == [[542, 1]],
    ),
}


@pytest.mark.parametrize("question", NUMBERS)
def test_the_documents_are_those_of_the_reading(question: str) -> None:
    lines, holds = NUMBERS[question]
    assert f"**{question}" in Page("docs/spec/readings.md").flat
    found, _ = folded(lines)
    assert holds(found), found
