"""What is written to a search store stays exact, whatever happens on the way."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import msgspec
import polars as pl
import pytest
from opensearchpy import ConnectionTimeout, TransportError

from bellrock.errors import ConfigurationError, StoreUnavailable
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import Selection
from bellrock.store.search import SearchStore, writing
from bellrock.store.search.client import Patience, connect, parse_cluster
from store.search.faults import (
    Fault,
    half_refused,
    lost,
    meet,
    refused,
    requests_of,
    unreachable,
)

MINUTE = 29_000_000
HOUR = Selection("shop", MINUTE, MINUTE + 59)  # no whole hour, so of documents of minutes
KEY = {
    "site": "shop",
    "test": "t",
    "group": "A",
    "browser": "Chrome",
    "device": "mobile",
    "bot": "",
}
QUICK = Patience(deadline=5.0, first_pause=0.01, longest_pause=0.05)
MakeStore = Callable[[Patience], SearchStore]


@pytest.fixture
def open_store(opensearch_url: str) -> Iterator[MakeStore]:
    made: list[SearchStore] = []

    def make(patience: Patience) -> SearchStore:
        address = opensearch_url.removeprefix("http://")
        cluster = parse_cluster(f"opensearch://{address}/test-{uuid4()}")
        made.append(SearchStore(connect(cluster), cluster.prefix, patience=patience))
        return made[-1]

    yield make
    for store in made:
        store._client.indices.delete(index=f"{store._prefix}*")
        store.close()


@pytest.fixture
def store(open_store: MakeStore) -> SearchStore:
    return open_store(QUICK)


def minutes(count: int, beacons: int = 1, **more: Any) -> Deltas:
    """Documents of so many minutes; `beacons` of each, and a timer where there are any."""
    schema = NO_DELTAS.minutes.schema
    zero = dict.fromkeys(schema) | dict.fromkeys(RELATIONS["minutes"].additive, 0)
    rows = [zero | KEY | {"minute": MINUTE + n, "beacons": beacons} | more for n in range(count)]
    timer = {"timer": "lcp", "cell": 7, "count": beacons, "sum": 100 * beacons}
    keys = [{k: row[k] for k in RELATIONS["minutes"].key} for row in rows if beacons]
    found = {
        "minutes": pl.DataFrame(rows, schema=schema, orient="row"),
        "timers": pl.DataFrame([key | timer for key in keys], schema=NO_DELTAS.timers.schema),
    }
    return Deltas(**({name: getattr(NO_DELTAS, name) for name in RELATIONS} | found))


def stored(store: SearchStore) -> tuple[int, list[tuple[Any, ...]]]:
    """Beacons and the histogram of an hour."""
    store.refresh()
    beacons = int(store.measures(HOUR, ())["beacons"].sum())
    return beacons, store.timers(HOUR, (), ["lcp"]).drop("timer").rows()


def test_hours_that_run_are_read_from_their_minutes_and_those_that_are_over_from_the_hour(
    opensearch_url: str,
) -> None:
    first = MINUTE - MINUTE % 60
    now = [60.0 * (first + 64)]
    cluster = parse_cluster(f"opensearch://{opensearch_url.removeprefix('http://')}/test-{uuid4()}")
    with closing(SearchStore(connect(cluster), cluster.prefix, clock=lambda: now[0])) as store:
        older = minutes(1, 40).minutes.with_columns(minute=pl.lit(first, pl.Int64))
        hour = msgspec.structs.replace(minutes(0), minutes=older)
        store.write({"minute": minutes(1, 41), "hour": hour, "day": hour}, 1)
        store.refresh()
        asked = Selection("shop", first, first + 60)
        assert store.measures(asked, ())["beacons"].to_list() == [41], "the hour is not written yet"
        now[0] += 120
        assert store.measures(asked, ())["beacons"].to_list() == [40]
        store._client.indices.delete(index=f"{store._prefix}*")


@pytest.mark.parametrize(
    "faults",
    [
        [refused(429)],
        [refused(503), unreachable, refused(429)],
        [half_refused(429)],
        [half_refused(503), half_refused(429)],
        [lost],
        [lost, half_refused(429), lost],
    ],
)
def test_faults_on_the_way_change_nothing(store: SearchStore, faults: list[Fault]) -> None:
    said = meet(store._client, *faults)
    store.write({"minute": minutes(10)}, 1)
    assert len(said) > len(faults)
    assert stored(store) == (10, [(7, 10, 1000)])


def test_only_what_was_refused_is_sent_again(store: SearchStore) -> None:
    said = meet(store._client, half_refused(429))
    store.write({"minute": minutes(10)}, 1)
    assert [len(ids) for ids in said] == [10, 5]
    assert said[1] == said[0][1::2]


def test_at_the_end_of_the_time_the_store_is_unavailable_and_writing_again_finishes(
    open_store: MakeStore,
) -> None:
    store = open_store(Patience(deadline=0.2, first_pause=0.01, longest_pause=0.05))
    meet(store._client, half_refused(429), *[refused(429)] * 100)
    with pytest.raises(StoreUnavailable, match="rejected_execution_exception"):
        store.write({"minute": minutes(10)}, 1)
    assert stored(store)[0] == 5
    del store._client.bulk  # the faults end
    store.write({"minute": minutes(10)}, 1)
    assert stored(store) == (10, [(7, 10, 1000)])


def test_an_older_version_is_refused_silently_and_an_equal_one_wins(store: SearchStore) -> None:
    newer, older = (1 << 62) + 1, 1 << 62
    store.write({"minute": minutes(3, 5)}, newer)
    store.write({"minute": minutes(4, 9)}, older)
    assert stored(store)[0] == 3 * 5 + 9
    store.write({"minute": minutes(4, 2)}, newer)
    assert stored(store) == (8, [(7, 8, 800)])


def test_what_became_zero_is_gone_and_stays_fenced(store: SearchStore) -> None:
    store.write({"minute": minutes(2, 5)}, 10)
    store.write({"minute": minutes(2, 0)}, 11)
    assert stored(store) == (0, [])
    assert store.newest("shop") is None
    store.write({"minute": minutes(2, 5)}, 10)
    assert stored(store) == (0, [])


def test_a_timer_that_a_document_lost_is_lost(store: SearchStore) -> None:
    store.write({"minute": minutes(1)}, 1)
    lost = msgspec.structs.replace(minutes(1), timers=NO_DELTAS.timers)
    store.write({"minute": lost}, 2)
    assert stored(store) == (1, [])


def test_requests_are_bounded_in_bytes(store: SearchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "REQUEST_BYTES", 1500)
    said = meet(store._client)
    store.write({"minute": minutes(20)}, 1)
    assert len(said) > 3
    assert len({name for ids in said for name in ids}) == sum(map(len, said)) == 20
    assert stored(store)[0] == 20


def test_an_index_that_was_deleted_is_made_again_with_its_alias(store: SearchStore) -> None:
    store.write({"minute": minutes(1)}, 1)
    assert store.indices.expire("shop", 1 << 40)
    store.write({"minute": minutes(1)}, 1)
    assert store._client.indices.exists_alias(name=store.alias("shop"))
    assert stored(store)[0] == 1


def test_an_index_of_another_form_is_named(store: SearchStore) -> None:
    [index] = store.indices.of([("shop", MINUTE)])
    place = index.text(store._prefix)
    client = store._client
    [kiosk] = store.indices.of([("kiosk", MINUTE)])
    store.indices.ensure({kiosk: ()})  # the template
    client.indices.create(
        index=place, body={"mappings": {"properties": {"beacons": {"type": "boolean"}}}}
    )
    with pytest.raises(ConfigurationError, match=rf"{place}: refuses a document .*beacons"):
        store.write({"minute": minutes(1, 7)}, 1)


def test_what_the_mapping_does_not_name_is_refused_by_the_cluster(store: SearchStore) -> None:
    store.write({"minute": minutes(1)}, 1)
    [index] = store.indices.of([("shop", MINUTE)])
    place = index.text(store._prefix)
    from opensearchpy import RequestError

    with pytest.raises(RequestError, match="strict_dynamic_mapping_exception"):
        store._client.index(index=place, body={"beacon": 1})


def test_the_alias_of_a_site_has_its_documents_alone(store: SearchStore) -> None:
    store.write({"minute": minutes(2)}, 1)
    store.write({"minute": minutes(3, site="shop-b")}, 1)
    store.refresh()
    counts = [store._client.count(index=store.alias(site))["count"] for site in ("shop", "shop-b")]
    assert counts == [2, 3]


def test_what_a_predecessor_wrote_is_found_though_the_first_look_failed(
    open_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(Patience(deadline=0.1))

    def away(**_: Any) -> None:
        raise TransportError(503, "no_shard_available", {})

    with monkeypatch.context() as patched:
        patched.setattr(store._client.indices, "refresh", away)
        with pytest.raises(StoreUnavailable):
            store.written(0, 30)
    asked = requests_of(store)
    store.written(0, 30)
    assert "_refresh" in asked[0][1]


def test_documents_of_minutes_are_found_by_the_version_with_which_they_were_written(
    store: SearchStore,
) -> None:
    store.write({"minute": minutes(3)}, 10)
    store.write({"minute": minutes(2)}, 20)
    store.write({"minute": minutes(1)}, 30)
    store.write({"hour": minutes(1)}, 20)
    found = store.written(10, 30)
    assert found.minutes["minute"].to_list() == [MINUTE + 1]
    assert found.timers["minute"].to_list() == [MINUTE + 1]
    assert len(store.written(9, 31).minutes) == 3
    store.write({"minute": minutes(2, beacons=0)}, 25)
    asked = requests_of(store)
    store.written(10, 30)
    assert not any("_refresh" in path for _, path in asked), "one is a moment old"
    store.refresh()
    assert not len(store.written(10, 30).minutes), "an empty one says nothing that could be wrong"


def test_documents_are_read_once_each_though_the_answer_with_a_page_is_lost(
    store: SearchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write({"minute": minutes(2500)}, 10)
    client, losses = store._client, [True]
    scroll = client.scroll

    def losing(**asked: Any) -> Any:
        answer = scroll(**asked)
        if losses and losses.pop():
            raise ConnectionTimeout("TIMEOUT", "read timed out", OSError())
        return answer

    monkeypatch.setattr(client, "scroll", losing)
    found = store.written(0, 20).minutes["minute"].to_list()
    assert sorted(found) == list(range(MINUTE, MINUTE + 2500))
