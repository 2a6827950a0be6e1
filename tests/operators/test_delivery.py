"""Delivery: what came first by which transport, held against a plain count, line after line, on the reference fold."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.pipeline import Pipeline
from bellrock.schema.document import RELATIONS
from bellrock.schema.site import Site
from bellrock.schema.wire import TRANSPORTS
from bellrock.sites import parse_sites
from reference.beacon import Beacon
from reference.exact import parse
from reference.folding import Fold
from reference.stream import stream
from strategies import AGENTS, IMPRESSIONS, MINUTE, SESSIONS, SITES, START, beacon, cuts, encode

FIREFOX, CRAWLER = AGENTS
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"
MEASURES = ("navigations", "loads", "vitals", "beacons")
FIRSTS = {"navigation": "navigations", "load": "loads", "vitals": "vitals"}

Key = tuple[str, int, str, str]
Rows = dict[Key, tuple[int, ...]]


class SlowCount(Fold):
    """The reference fold, counting what each beacon brings its impression."""

    def __init__(self, sites: dict[str, Any]) -> None:
        super().__init__(sites, claims_orders=True, marks_bots=True)
        self.found: dict[Key, Counter[str]] = {}

    def fold_line(self, raw: bytes) -> None:
        self.line = parse(raw) if raw.strip() else None
        super().fold_line(raw)

    def fold_beacon(self, site: str, beacon: Beacon, at: int) -> set[str]:
        session = self.open.get((site, beacon.session))
        before = session and session.impressions.get(beacon.impression)
        types = set(before.types) if before else set()
        issues = super().fold_beacon(site, beacon, at)
        if "duplicate.beacon" not in issues:
            said = (
                self.open[site, beacon.session]
                .impressions[beacon.impression]
                .dimensions(self.sites[site], self.marks)
            )
            if not said["bot"]:
                count = self.found.setdefault(self._key(site, at, said["browser"]), Counter())
                count["beacons"] += 1
                if beacon.type in FIRSTS and beacon.type not in types:
                    count[FIRSTS[beacon.type]] += 1
        return issues

    def _key(self, site: str, at: int, browser: str) -> Key:
        assert self.line
        sent = self.line["beacon"].get("transport")
        return site, hour_of(at), browser, sent if sent in TRANSPORTS else ""

    def rows(self) -> Rows:
        return {key: tuple(count[name] for name in MEASURES) for key, count in self.found.items()}


def hour_of(at: int) -> int:
    """The first minute of its hour."""
    return at // (60 * MINUTE) * 60


def slow(sites: str, lines: Iterable[bytes]) -> Rows:
    counting = SlowCount(tomllib.loads(sites))
    for line in lines:
        counting.fold_line(line)
    return counting.rows()


def rows_of(deltas: Iterable[Deltas]) -> Rows:
    key, additive = RELATIONS["delivery"]
    rows = pl.concat([part.delivery for part in deltas]).group_by(key).agg(pl.col(additive).sum())
    return {row[: len(key)]: row[len(key) :] for row in rows.rows()}


def folded(batches: Iterable[Sequence[bytes]], sites: dict[str, Site] = SITES) -> Rows:
    folding = Pipeline(sites, MemoryClaims(), MemoryMarks(), State())
    return rows_of([folding.step(batch).deltas for batch in batches])


def by_transport(rows: Rows) -> dict[str, tuple[int, ...]]:
    assert len({key[3] for key in rows}) == len(rows)
    return {key[3]: counts for key, counts in rows.items()}


def sent(seq: int, kind: str, transport: str | None, ua: str = FIREFOX, **fields: Any) -> bytes:
    return encode(START, beacon(seq, kind, transport=transport, **fields), ua=ua)


def test_the_measures_are_those_of_the_schema() -> None:
    assert RELATIONS["delivery"].additive == MEASURES


def test_an_impression_counts_for_a_type_where_its_first_beacon_of_it_came() -> None:
    lines = [
        sent(0, "navigation", "beacon"),
        sent(2, "vitals", "fetch"),
        sent(3, "vitals", "fetchLater"),
        sent(1, "load", "fetchLater"),
        sent(4, "event", None),
    ]
    expected = {
        "beacon": (1, 0, 0, 1),
        "fetch": (0, 0, 1, 1),
        "fetchLater": (0, 1, 0, 2),
        "": (0, 0, 0, 1),
    }
    for batches in ([lines], [[line] for line in lines], [lines[:2], lines[2:]]):
        found = folded(batches)
        assert by_transport(found) == expected
        assert {key[:3] for key in found} == {("shop", hour_of(START), "Firefox")}


def test_a_beacon_that_comes_twice_counts_once() -> None:
    line = sent(0, "vitals", "fetchLater")
    again = sent(0, "vitals", "beacon")
    assert by_transport(folded([[line, again], [again]])) == {"fetchLater": (0, 0, 1, 1)}


def test_each_beacon_counts_in_its_own_hour() -> None:
    hour = hour_of(START) + 60
    lines = [
        encode(hour * MINUTE - 1, beacon(0, transport="fetch"), ua=FIREFOX),
        encode(hour * MINUTE, beacon(1, "load", transport="fetch"), ua=FIREFOX),
        encode(START, beacon(2, "vitals", transport="fetch"), ua=FIREFOX),  # late: it is raised
    ]
    assert folded([lines]) == {
        ("shop", hour - 60, "Firefox", "fetch"): (1, 0, 0, 1),
        ("shop", hour, "Firefox", "fetch"): (0, 1, 1, 2),
    }


@pytest.mark.parametrize("size", [1, 2, 9])
def test_a_bot_does_not_count_from_the_beacon_on_that_says_so(size: int) -> None:
    lines = [
        sent(1, "load", "beacon"),
        sent(2, "vitals", "beacon", browser={"webdriver": True}),
        sent(3, "event", "beacon"),
    ]
    assert by_transport(folded(cut(lines, size))) == {"beacon": (0, 1, 0, 1)}


@pytest.mark.parametrize("size", [1, 2, 9])
def test_the_browser_is_that_of_the_lowest_seq_so_far(size: int) -> None:
    lines = [
        sent(5, "load", "beacon", ua=CHROME),
        sent(6, "event", "beacon"),
        sent(2, "vitals", "beacon"),
        sent(3, "event", "beacon", ua=CHROME),
        sent(1, "event", "beacon", ua=CRAWLER),
    ]
    found = {key[2]: counts for key, counts in folded(cut(lines, size)).items()}
    assert found == {"Chrome": (0, 1, 0, 2), "Firefox": (0, 0, 1, 2)}


def test_what_has_no_user_agent_is_of_another_browser_until_it_has_one() -> None:
    lines = [
        encode(START, beacon(0, transport="xhr")),
        encode(START, beacon(7, "load", transport="xhr"), ua=FIREFOX),
    ]
    for batches in ([lines], [[line] for line in lines]):
        found = {key[2]: counts for key, counts in folded(batches).items()}
        assert found == {"Other": (1, 0, 0, 1), "Firefox": (0, 1, 0, 1)}


def cut(lines: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    return [lines[start : start + size] for start in range(0, len(lines), size)]


BEACONS = st.builds(
    lambda site, session, impression, seq, kind, more: beacon(
        seq, kind, site=site, session=session, impression=impression, **more
    ),
    st.sampled_from(["shop", "kiosk"]),
    st.sampled_from(SESSIONS[:2]),
    st.sampled_from(IMPRESSIONS[:2]),
    st.integers(0, 6),
    st.sampled_from(["navigation", "load", "vitals", "vitals", "event"]),
    st.fixed_dictionaries(
        {},
        optional={
            "transport": st.sampled_from([*TRANSPORTS, "pigeon", None]),
            "browser": st.sampled_from([{"webdriver": False}, {"webdriver": True}, {}]),
        },
    ),
)
PAUSES = st.sampled_from([0, 0, 0, 0, 1, 20_000, 60_000, 31 * MINUTE])


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Few impressions, so that their beacons meet in one minute."""
    at, lines = START, []
    for _ in range(draw(st.integers(1, 30))):
        at += draw(PAUSES)
        agent = draw(st.sampled_from([FIREFOX, FIREFOX, CHROME, CRAWLER, None]))
        lines.append(encode(at, draw(BEACONS), **({"ua": agent} if agent else {})))
    return lines


SHOP = """
[[site]]
key = "shop"
currency = "EUR"
[[site]]
key = "kiosk"
currency = "JPY"
"""


@settings(max_examples=60, deadline=None)
@given(data=st.data(), log=logs())
def test_any_batches_give_the_plain_count(data: st.DataObject, log: list[bytes]) -> None:
    expected = slow(SHOP, log)
    assert folded([log]) == folded(data.draw(cuts(log))) == expected


@settings(max_examples=20, deadline=None)
@given(data=st.data(), log=logs())
def test_a_state_that_is_restored_goes_on_counting_as_if_nothing_had_been(
    data: st.DataObject, log: list[bytes]
) -> None:
    batches = data.draw(cuts(log))
    stopped = data.draw(st.integers(0, len(batches)))
    first = Pipeline(SITES, MemoryClaims(), MemoryMarks(), State())
    deltas = [first.step(batch).deltas for batch in batches[:stopped]]
    state = State()
    state.restore([first.state.snapshot()])
    lost = [first.step(batch).deltas for batch in batches[stopped:]]
    second = Pipeline(SITES, MemoryClaims(), MemoryMarks(), state)
    assert rows_of([*deltas, *lost]) == folded([log])
    assert rows_of([*deltas, *(second.step(b).deltas for b in batches[stopped:])]) == folded([log])


@pytest.mark.parametrize("seed", range(4))
def test_hostile_streams_with_bots_of_every_kind_give_the_plain_count(seed: int) -> None:
    toml, lines = stream(seed, 1500)
    random, some = Random(seed), []
    for line in lines:
        document = parse(line) if line.strip() else None
        if document and isinstance(document.get("beacon"), dict) and random.random() < 0.8:
            document["beacon"]["transport"] = random.choice(TRANSPORTS)
            some.append(json.dumps(document).encode())
        else:
            some.append(line)
    sites = parse_sites(toml, "stream")
    expected = slow(toml, some)
    assert sum(counts[-1] for counts in expected.values()) > 500
    assert {key[3] for key in expected} == {*TRANSPORTS, ""}
    for size in (9 + seed, 97, 10_000):
        assert folded(cut(some, size), sites) == expected
