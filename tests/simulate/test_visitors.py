"""Simulated traffic has the shape of real traffic: counted over an hour on a fixed seed."""

import math
from collections import Counter, defaultdict
from itertools import islice, pairwise, takewhile
from statistics import correlation, median

import msgspec
import pytest
from crawleruseragents import is_crawler

from bellrock.simulate.visitors import TimedBeacon, Traffic, sessions
from simulate.strict_beacon import Beacon

Impressions = dict[str, list[Beacon]]
Visits = dict[str, list[list[Beacon]]]


RATE = 30.0
MINUTES = 60


@pytest.fixture(scope="session")
def hour() -> list[TimedBeacon]:
    stream = sessions(Traffic(rate=RATE, seed=20261123))
    return list(takewhile(lambda one: one.offset_ms < MINUTES * 60_000, stream))


@pytest.fixture(scope="session")
def beacons(hour: list[TimedBeacon]) -> list[Beacon]:
    return [msgspec.convert(one.beacon, Beacon) for one in hour]


@pytest.fixture(scope="session")
def impressions(beacons: list[Beacon]) -> dict[str, list[Beacon]]:
    """The beacons of each impression, in the order of `seq`."""
    found: dict[str, list[Beacon]] = defaultdict(list)
    for one in beacons:
        found[one.impression].append(one)
    return {key: sorted(of, key=lambda one: one.seq) for key, of in found.items()}


@pytest.fixture(scope="session")
def visits(impressions: dict[str, list[Beacon]]) -> dict[str, list[list[Beacon]]]:
    """The impressions of each session, in the order of arrival."""
    found: dict[str, list[list[Beacon]]] = defaultdict(list)
    for of in impressions.values():
        found[of[0].session].append(of)
    return found


def timer(of: list[Beacon], name: str) -> float | None:
    values = [getattr(one.timers, name) for one in of if one.timers]
    return max((value for value in values if value is not None), default=None)


def p75(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.75)]


def test_time_never_goes_back(hour: list[TimedBeacon]) -> None:
    assert all(one.offset_ms <= two.offset_ms for one, two in pairwise(hour))
    assert hour[0].offset_ms >= 0


def test_every_beacon_has_the_wire_format(hour: list[TimedBeacon]) -> None:
    for one in hour:
        msgspec.convert(one.beacon, Beacon)


def test_no_beacon_has_the_name_of_another(beacons: list[Beacon]) -> None:
    assert len({(one.impression, one.seq) for one in beacons}) == len(beacons)


def test_an_equal_seed_gives_equal_traffic_and_another_seed_other_traffic() -> None:
    one, same, other = (
        list(islice(sessions(Traffic(rate=50, seed=seed)), 500)) for seed in (7, 7, 8)
    )
    assert one == same
    assert not {x.beacon["session"] for x in one} & {x.beacon["session"] for x in other}


def test_beacons_impressions_and_sessions_come_at_the_planned_rates(
    beacons: list[Beacon], impressions: Impressions, visits: Visits
) -> None:
    seconds = MINUTES * 60
    assert len(beacons) / seconds == pytest.approx(RATE, rel=0.04)
    assert len(impressions) / seconds == pytest.approx(RATE * 193 / 1080, rel=0.05)
    assert len(visits) / seconds == pytest.approx(RATE * 54 / 1080, rel=0.07)


def test_the_rate_is_right_from_the_first_half_minute() -> None:
    stream = sessions(Traffic(rate=300, seed=3))
    early = sum(1 for _ in iter(lambda: next(stream).offset_ms < 30_000, False))
    assert early / 30 == pytest.approx(300, rel=0.1)


def test_sessions_arrive_as_a_poisson_process(visits: Visits, hour: list[TimedBeacon]) -> None:
    started: dict[str, int] = {}
    for one in hour:
        started.setdefault(str(one.beacon["session"]), one.offset_ms)
    counts = Counter(at // 10_000 for at in started.values() if at >= 600_000)
    buckets = [counts[bucket] for bucket in range(60, MINUTES * 6)]
    mean = sum(buckets) / len(buckets)
    variance = sum((count - mean) ** 2 for count in buckets) / len(buckets)
    assert variance / mean == pytest.approx(1, abs=0.3)


def test_nearly_half_of_the_sessions_are_bounces_and_some_are_long(visits: Visits) -> None:
    lengths = [len(of) for of in visits.values()]
    assert 0.40 < lengths.count(1) / len(lengths) < 0.52
    assert max(lengths) > 20


def test_two_to_three_percent_of_sessions_order(visits: Visits) -> None:
    ordered = [any(one.order for page in of for one in page) for of in visits.values()]
    assert 0.018 < sum(ordered) / len(ordered) < 0.034


def test_a_reloaded_confirmation_page_repeats_its_order(impressions: Impressions) -> None:
    orders = Counter(one.order.id for of in impressions.values() for one in of if one.order)
    assert 0 < sum(count > 1 for count in orders.values()) < 0.15 * len(orders)


def test_a_few_percent_of_load_beacons_are_lost_and_more_of_slow_pages(
    impressions: Impressions,
) -> None:
    pages = [of for of in impressions.values() if of[0].page.navigation != "back-forward-cache"]
    lost = [not any(one.type == "load" for one in of) for of in pages]
    assert 0.015 < sum(lost) / len(lost) < 0.06
    first_byte = [timer(of, "ttfb") or 0 for of in pages]
    limit = p75(first_byte)
    slow = [gone for gone, ttfb in zip(lost, first_byte, strict=True) if ttfb > limit]
    fast = [gone for gone, ttfb in zip(lost, first_byte, strict=True) if ttfb <= limit]
    assert sum(slow) / len(slow) > sum(fast) / len(fast)


def test_repeat_pages_of_group_b_are_faster_and_first_loads_are_not(
    impressions: Impressions,
) -> None:
    lcp: dict[tuple[str, bool], list[float]] = {}
    for of in impressions.values():
        value = timer(of, "lcp")
        if value is not None:
            lcp.setdefault((of[0].test.group, of[0].delivery.first_load), []).append(value)
    assert p75(lcp["B", False]) < 0.6 * p75(lcp["A", False])
    assert p75(lcp["B", True]) == pytest.approx(p75(lcp["A", True]), rel=0.1)


def test_only_repeat_pages_of_group_b_are_served_by_the_accelerator(
    impressions: Impressions,
) -> None:
    told = [of[0] for of in impressions.values()]
    assert not any(one.delivery.served for one in told if one.test.group == "A")
    assert not any(one.delivery.served for one in told if one.delivery.first_load)
    repeat = [one for one in told if one.test.group == "B" and not one.delivery.first_load]
    assert 0.6 < sum(one.delivery.cache_hit for one in repeat) / len(repeat) < 0.95


def test_a_first_load_is_the_first_page_of_a_new_visitor(visits: Visits) -> None:
    for of in visits.values():
        assert not any(page[0].delivery.first_load for page in of[1:])
    new = [of[0][0].delivery.first_load for of in visits.values()]
    assert 0.5 < sum(new) / len(new) < 0.7


def test_the_pages_of_one_session_resemble_each_other(visits: Visits) -> None:
    pairs = [
        (timer(of[0], "fcp"), timer(of[1], "fcp"))
        for of in visits.values()
        if len(of) > 1 and of[0][0].test.group == "A"
    ]
    first, second = zip(*((a, b) for a, b in pairs if a and b), strict=True)
    assert correlation([math.log(one) for one in first], [math.log(one) for one in second]) > 0.3


def test_timers_are_skewed_to_the_right(impressions: Impressions) -> None:
    values = [value for of in impressions.values() if (value := timer(of, "load"))]
    assert sum(values) / len(values) > 1.1 * median(values)


def test_timers_come_in_the_order_in_which_a_page_loads(impressions: Impressions) -> None:
    for of in impressions.values():
        known = [timer(of, name) for name in ("ttfb", "fcp", "dcl", "load")]
        times = [value for value in known if value is not None]
        assert times == sorted(times)


def test_visitors_of_all_common_browsers_come_and_few_crawlers(hour: list[TimedBeacon]) -> None:
    agents = Counter(one.user_agent for one in hour)
    for name in ("Chrome/", "Version/", "Firefox/", "Edg/", "SamsungBrowser/", "iPhone", "Android"):
        assert any(name in agent for agent in agents), name
    crawled = sum(count for agent, count in agents.items() if is_crawler(agent))
    assert 0 < crawled < 0.02 * len(hour)


def test_both_groups_are_equally_large(visits: Visits) -> None:
    groups = Counter(of[0][0].test.group for of in visits.values())
    assert groups["A"] / groups.total() == pytest.approx(0.5, abs=0.03)


def test_sites_are_visited_by_zipf() -> None:
    stream = sessions(Traffic(rate=200, seed=2, sites=("a", "b", "c", "d")))
    visited = {str(one.beacon["session"]): one.beacon["site"] for one in islice(stream, 30_000)}
    counts = Counter(visited.values())
    assert counts["a"] / counts["b"] == pytest.approx(2, rel=0.25)
    assert counts["a"] / counts["d"] == pytest.approx(4, rel=0.3)
