"""What is kept of the beacons of people who object, by the policy of their site."""

import pytest

from bellrock.collector.privacy import respect_objection

POLICIES = {"drops": "drop", "strips": "anonymous", "ignores": "ignore"}


def kept(beacon: bytes) -> bytes | None:
    return respect_objection(beacon, POLICIES)  # type: ignore[arg-type]


def test_a_site_that_drops_keeps_nothing() -> None:
    assert kept(b'{"site":"drops"}') is None


@pytest.mark.parametrize(
    "beacon",
    [
        b'{"site":"ignores","visitor":{},"test":{"rb":1}}',
        b'{"site":"unknown","visitor":{},"test":{"rb":1}}',
        b'{"visitor":{}}',
        b'{"site":["drops"],"visitor":{}}',
        b'{"site":null}',
        b"{}",
        b"{ }",
    ],
)
def test_without_a_policy_or_with_ignore_the_beacon_is_kept_as_it_is(beacon: bytes) -> None:
    assert kept(beacon) == beacon


def test_an_anonymous_beacon_has_neither_visitor_nor_split_number() -> None:
    beacon = (
        b'{ "v": 1.0, "site":"strips" ,"test": { "name":"speed", "rb": 3 ,"group":"B"},'
        b' "visitor": {"newToday":true}, "timers":{"lcp": 1e400} }'
    )
    assert kept(beacon) == (
        b'{"v": 1.0,"site":"strips","test":{"name":"speed","group":"B"},"timers":{"lcp": 1e400}}'
    )


def test_no_spelling_of_the_names_gets_past() -> None:
    beacon = (
        b'{"site":"strips","visi\\u0074or":1,"visitor":2,'
        b'"test":{"r\\u0062":1},"te\\u0073t":{"rb":2}}'
    )
    assert kept(beacon) == b'{"site":"strips","test":{},"test":{}}'


def test_of_two_sites_the_last_one_counts() -> None:
    assert kept(b'{"site":"ignores","site":"drops"}') is None
    assert kept(b'{"site":"drops","site":"ignores"}') is not None


@pytest.mark.parametrize("test", [b"null", b'"rb"', b"[]", b"{}", b'{"group":"A"}'])
def test_a_test_without_a_split_number_stays(test: bytes) -> None:
    beacon = b'{"site":"strips","test":' + test + b"}"
    assert kept(beacon) == beacon


def test_texts_that_only_an_escape_can_carry_stay() -> None:
    beacon = b'{"site":"strips","lone":"\\ud800","long":' + b"9" * 5000 + b"}"
    assert kept(beacon) == beacon
