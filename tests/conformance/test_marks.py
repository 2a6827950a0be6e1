"""What every store of marks promises (`bellrock.marks.contract`), asked of every implementation."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellrock.marks.book import MarkBook, MarkEntry, State
from bellrock.marks.contract import Active, Mark, Marks
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.marks.dynamodb import DynamoMarkBook, DynamoMarks, create_marks_table
from bellrock.marks.memory import MemoryMarks
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep
from conformance.opening import opening


class MarkStore(NamedTuple):
    """Marks, and what makes them durable."""

    marks: Marks
    commit: Callable[[], None]
    close: Callable[[], None]


class Keeping(Protocol):
    """Where marks are kept, for a worker that steps and for people who look into the book."""

    @property
    def book(self) -> MarkBook: ...
    def opened(self) -> Any: ...
    def commit(self, marks: Any) -> None: ...
    def refresh(self, marks: Any) -> None: ...
    def close(self) -> None: ...


class InDuckDB:
    def __init__(self, request: pytest.FixtureRequest) -> None:
        folder = request.getfixturevalue("tmp_path_factory").mktemp("marks")
        self.book = DuckDBStore(folder / "store.duckdb")

    def opened(self) -> EmbeddedMarks:
        return EmbeddedMarks(self.book.marks, self.book.edition)

    def commit(self, marks: EmbeddedMarks) -> None:
        position, watermark = self.book.progress()
        rows = marks.pending()
        self.book.commit(
            StoredStep({}, pl.DataFrame(), b"", True, position + 1, watermark, marks=rows)
        )
        marks.committed()

    def refresh(self, marks: EmbeddedMarks) -> None:
        marks.refresh()

    def close(self) -> None:
        self.book.close()


class InDynamoDB:
    """Marks are durable as soon as they are made; every refresh comes in another minute of the log."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        client = request.getfixturevalue("dynamodb_client")
        table = f"marks-{uuid4()}"
        create_marks_table(client, table)
        self.book = DynamoMarkBook(client, table)
        self._minutes = count()

    def opened(self) -> DynamoMarks:
        return DynamoMarks(self.book)

    def commit(self, marks: DynamoMarks) -> None:
        pass

    def refresh(self, marks: DynamoMarks) -> None:
        marks.refresh(next(self._minutes))

    def close(self) -> None:
        pass


def memory(_request: pytest.FixtureRequest) -> MarkStore:
    return MarkStore(MemoryMarks(), lambda: None, lambda: None)


def embedded(request: pytest.FixtureRequest) -> MarkStore:
    return store_of(InDuckDB(request))


def dynamodb(request: pytest.FixtureRequest) -> MarkStore:
    return store_of(InDynamoDB(request))


def store_of(keeping: Keeping) -> MarkStore:
    marks = keeping.opened()
    return MarkStore(marks, lambda: keeping.commit(marks), keeping.close)


@pytest.fixture(params=[memory, embedded, dynamodb])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[], MarkStore]]:
    with opening(lambda: request.param(request)) as new:
        yield new


@pytest.fixture
def store(opened: Callable[[], MarkStore]) -> MarkStore:
    return opened()


BOT = Mark("shop", "Fetcher/1.0", since=100, sessions=25, suspicious=24)


def test_there_are_no_marks_at_first(store: MarkStore) -> None:
    assert list(store.marks.active()) == []
    assert not store.marks.is_known("shop", "Fetcher/1.0")


def test_a_mark_holds_on_its_site_from_its_minute_on(store: MarkStore) -> None:
    store.marks.mark([BOT])
    assert list(store.marks.active()) == [Active("shop", "Fetcher/1.0", 100)]
    assert store.marks.is_known("shop", "Fetcher/1.0")
    assert not store.marks.is_known("other", "Fetcher/1.0")
    assert not store.marks.is_known("shop", "Fetcher/1.1")


def test_the_first_mark_of_a_pair_stays(store: MarkStore) -> None:
    store.marks.mark([BOT, BOT._replace(since=200)])
    store.commit()
    store.marks.mark([BOT._replace(since=300)])
    assert list(store.marks.active()) == [Active("shop", "Fetcher/1.0", 100)]


def test_the_version_grows_when_marks_are_made_and_only_then(store: MarkStore) -> None:
    versions = [store.marks.version]
    for marks in ([], [BOT], [BOT], [], [BOT._replace(site="other"), BOT._replace(agent="x")]):
        store.marks.mark(marks)
        store.commit()
        versions.append(store.marks.version)
    first, none, one, again, none_again, more = versions
    assert first == none < one == again == none_again < more


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    calls=st.lists(
        st.lists(
            st.builds(
                Mark,
                st.sampled_from(["shop", "other"]),
                st.sampled_from(["Fetcher/1.0", "", "a\0b", "ü" * 512]),
                st.integers(0, 1 << 33),
                st.integers(20, 1000),
                st.integers(20, 1000),
            ),
            max_size=4,
        ),
        max_size=4,
    ),
    commits=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_however_marks_are_cut_into_calls_and_commits_the_first_one_holds(
    opened: Callable[[], MarkStore], calls: list[list[Mark]], commits: list[bool]
) -> None:
    store = opened()
    first: dict[tuple[str, str], Mark] = {}
    for marks, durable in zip(calls, commits, strict=False):
        for mark in marks:
            first.setdefault((mark.site, mark.agent), mark)
        store.marks.mark(marks)
        if durable:
            store.commit()
        expected = {Active(mark.site, mark.agent, mark.since) for mark in first.values()}
        assert set(store.marks.active()) == expected
        assert len(store.marks.active()) == len(first)
        assert all(store.marks.is_known(*pair) for pair in first)


# --- where they are durable, and people decide ---


@pytest.fixture(params=[InDuckDB, InDynamoDB])
def keeping(request: pytest.FixtureRequest) -> Iterator[Keeping]:
    opened: Keeping = request.param(request)
    yield opened
    opened.close()


def marked(keeping: Keeping) -> Any:
    marks = keeping.opened()
    marks.mark([BOT])
    keeping.commit(marks)
    return marks


def test_marks_are_in_the_book_with_their_evidence(keeping: Keeping) -> None:
    marks = marked(keeping)
    marks.mark([BOT._replace(site="another", agent="é"), BOT._replace(agent="A", sessions=99)])
    keeping.commit(marks)
    assert list(keeping.book.marks()) == [
        MarkEntry("another", "é", 100, 25, 24, "active"),
        MarkEntry("shop", "A", 100, 99, 24, "active"),
        MarkEntry("shop", "Fetcher/1.0", 100, 25, 24, "active"),
    ]
    assert set(keeping.opened().active()) == set(marks.active())


@pytest.mark.parametrize(
    ("state", "active"),
    [
        ("lifted", []),
        ("everywhere", [Active(None, "Fetcher/1.0", 100)]),
        ("active", [Active("shop", "Fetcher/1.0", 100)]),
    ],
)
def test_what_people_decide_holds_from_the_next_step_on(
    keeping: Keeping, state: State, active: list[Active]
) -> None:
    marks = marked(keeping)
    keeping.book.set_mark("shop", "Fetcher/1.0", "lifted" if state == "active" else "active")
    keeping.refresh(marks)
    before, version = marks.active(), marks.version
    assert keeping.book.set_mark("shop", "Fetcher/1.0", state)
    assert marks.active() == before != active
    assert marks.version == version
    keeping.refresh(marks)
    assert marks.active() == active
    assert marks.version > version
    version = marks.version
    keeping.refresh(marks)
    assert marks.version == version
    assert keeping.opened().active() == active


def test_a_lifted_mark_is_never_made_again_by_itself(keeping: Keeping) -> None:
    marks = marked(keeping)
    keeping.book.set_mark("shop", "Fetcher/1.0", "lifted")
    keeping.refresh(marks)
    for later in (marks, keeping.opened()):
        assert later.is_known("shop", "Fetcher/1.0")
        later.mark([BOT._replace(since=900)])
        keeping.commit(later)
        assert later.active() == []
    assert list(keeping.book.marks()) == [
        MarkEntry("shop", "Fetcher/1.0", 100, 25, 24, "lifted"),
    ]


def test_a_decision_does_not_lose_what_a_step_has_marked(keeping: Keeping) -> None:
    marks = marked(keeping)
    marks.mark([BOT._replace(agent="later")])
    keeping.book.set_mark("shop", "Fetcher/1.0", "lifted")
    keeping.refresh(marks)
    assert [m.agent for m in marks.active()] == ["later"]
    keeping.commit(marks)
    assert [(m.agent, m.state) for m in keeping.book.marks()] == [
        ("Fetcher/1.0", "lifted"),
        ("later", "active"),
    ]


def test_there_is_nothing_to_decide_where_nothing_was_marked(keeping: Keeping) -> None:
    marks = marked(keeping)
    assert not keeping.book.set_mark("other", "Fetcher/1.0", "lifted")
    assert not keeping.book.set_mark("shop", "fetcher/1.0", "lifted")
    keeping.refresh(marks)
    version = marks.version
    keeping.refresh(marks)
    assert marks.version == version
    assert len(keeping.book.marks()) == 1


# --- the embedded ones: durable with the step ---


@pytest.fixture
def file(request: pytest.FixtureRequest) -> Iterator[InDuckDB]:
    keeping = InDuckDB(request)
    yield keeping
    keeping.close()


def test_what_was_not_committed_is_not_marked_after_a_crash(file: InDuckDB) -> None:
    """Its step is folded again, and marks again."""
    marks = marked(file)
    marks.mark([BOT._replace(agent="later")])
    assert [m.agent for m in file.opened().active()] == ["Fetcher/1.0"]
    assert file.book.marks() == [MarkEntry("shop", "Fetcher/1.0", 100, 25, 24, "active")]


def test_pending_marks_are_those_since_the_last_commit(file: InDuckDB) -> None:
    marks = marked(file)
    assert len(marks.pending()) == 0
    marks.mark([BOT, BOT._replace(agent="later")])
    assert marks.pending().rows() == [("shop", "later", 100, 25, 24, "active")]
