"""What is told of each line and of all that ended: once each, the same however the log was cut, and all of it."""

import json
from base64 import b64decode
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from bellrock.runners.fold import fold_lines
from bellrock.schema.records import ImpressionRecord, LineRecord, OrphanRecord, SessionRecord
from bellrock.sites import Sites, parse_sites
from recorded import Record, issues_of, summed, sums_of, tell
from reference.stream import stream
from strategies import AGENTS, MINUTE, SITES, START, beacon, encode

law = settings(max_examples=12, deadline=None)
OTHER = strategies.SESSIONS[1]
SEEDS = range(4)


def documents(log: list[bytes], sites: Sites) -> list[Record]:
    return [json.loads(line) for line in fold_lines(log, sites, close=True).splitlines()]


def issues(found: list[Record]) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (document["site"], document["minute"], document["issue"]): document["lines"]
            for document in found
            if document["kind"] == "issues"
        }
    )


def name_of(record: Record) -> tuple[object, ...]:
    """What tells a record of something that ended from all others."""
    life = record.get("session_first", record["first"])
    return record["kind"], record["site"], record["session"], life, record.get("impression")


@law
@given(data=st.data(), log=strategies.logs())
def test_however_a_log_is_cut_into_batches_the_same_is_told(
    data: st.DataObject, log: list[bytes]
) -> None:
    assert tell(data.draw(strategies.cuts(log)), SITES) == tell([log], SITES)


@law
@given(log=strategies.logs(max_size=40))
def test_every_line_is_told_once_in_order_and_as_it_is(log: list[bytes]) -> None:
    told = [record["line"] for record in tell([log], SITES).lines if "line" in record]
    assert told == [line for line in log if line not in (b"", b"{", b"null")]
    assert len(tell([log], SITES).lines) == sum(bool(line) for line in log)


@law
@given(log=strategies.logs(max_size=40))
def test_all_that_ended_is_told_once(log: list[bytes]) -> None:
    names = Counter(map(name_of, tell([log], SITES).ended))
    assert max(names.values(), default=1) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_told_of_a_hostile_log_adds_up_to_its_documents(seed: int) -> None:
    toml, log = stream(seed, 900)
    sites = parse_sites(toml, "stream")
    told, found = tell([log[:400], log[400:]], sites), documents(log, sites)
    assert issues_of(told) == issues(found)
    for kind in ("session", "impression"):
        assert sums_of(told, kind) == summed(found, kind)
    assert len(told.lines) == sum(bool(line.strip()) for line in log)


def test_a_session_is_told_with_its_impressions_and_what_is_no_impression_of_it() -> None:
    page = {"label": "product", "navigation": "reload"}
    log = [
        encode(START, beacon(test={"name": "speed", "group": "B"}, page=page), ua=AGENTS[0]),
        encode(START + 1500, beacon(1, "load", timers={"lcp": 812.3, "hero": 3}), country="DE"),
        encode(
            START + 9000, beacon(2, "order", order={"id": "o", "value": 19.99, "currency": "EUR"})
        ),
        encode(START + 9500, beacon(3, "vitals", impression=strategies.IMPRESSIONS[1])),
        encode(START + 9600, beacon(1, "load")),
    ]
    told = tell([log], SITES)
    life = {
        "at": START // MINUTE * MINUTE + 31 * MINUTE,
        "site": "shop",
        "session": strategies.SESSIONS[0],
    }
    visit = {"test": "speed", "group": "B", "browser": "Firefox", "os": "Windows", "device": "desktop",
             "country": "DE", "label": "product", "navigation": "reload"}  # fmt: skip
    assert told.ended == [
        {"kind": "session", **life, **visit, "first": START, "last": START + 9500, "seconds": 9,
         "impressions": 1, "bounce": True, "orders": 1, "revenue": 1999},
        {"kind": "impression", **life, **visit, "session_first": START,
         "impression": strategies.IMPRESSIONS[0], "first": START, "last": START + 9000,
         "types": ["navigation", "load", "order"], "beacons": 3, "events": 0, "errors": 0,
         "orders": 1, "revenue": 1999, "timers": {"lcp": 812_300, "hero": 3000}},
        {"kind": "orphan", **life, "session_first": START, "impression": strategies.IMPRESSIONS[1],
         "first": START + 9500, "last": START + 9500, "seqs": [3]},
    ]  # fmt: skip
    assert [record["issues"] for record in told.lines] == [[], [], [], [], ["duplicate.beacon"]]


def test_a_line_is_told_with_what_it_says_by_itself() -> None:
    order = {"id": "o", "value": 1, "currency": "EUR"}
    log = [
        encode(START, beacon(type="order", order=order), ua=AGENTS[1]),
        encode(START + MINUTE, beacon(type="order", order=order, session=OTHER, page=7)),
        encode(START - MINUTE, beacon(site="nowhere")),
        b"{",
        b" ",
        b'{"at":5,"raw":"what was sent"}',
    ]
    nothing = {"browser": "Other", "os": "Other", "device": "other"}
    later = START // MINUTE * MINUTE + MINUTE
    assert tell([log], SITES).lines == [
        {"at": START, "site": "shop", "issues": [], **nothing, "bot": "declared", "line": log[0]},
        {"at": START + MINUTE, "site": "shop", "issues": ["field", "duplicate.order"], **nothing,
         "line": log[1]},
        {"at": later, "site": "?", "issues": ["site.unknown"], "line": log[2]},
        {"at": later, "site": "?", "issues": ["malformed"], "bytes": "ew=="},
        {"at": later, "site": "?", "issues": ["malformed"], "line": log[5]},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        encode(START, beacon()).replace(b"navigation", b"\\ud800"),
        encode(START, beacon()).replace(b'"seq"', b'"sentAt": 1e400, "seq"'),
        b"\xff",
        b"null",
    ],
)
def test_a_line_that_some_reader_may_not_take_is_told_as_bytes(line: bytes) -> None:
    (record,) = tell([[line]], SITES).lines
    assert b64decode(record["bytes"]) == line
    assert "line" not in record


@pytest.mark.parametrize("record", [SessionRecord, ImpressionRecord, OrphanRecord, LineRecord])
def test_every_field_of_a_record_is_specified(record: type[msgspec.Struct]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "spec" / "streams.md").read_text()
    for field in msgspec.structs.fields(record):
        assert f"`{field.encode_name}`" in page, field.encode_name
