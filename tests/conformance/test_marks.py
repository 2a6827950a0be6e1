"""What every store of marks promises (`bellrock.marks.contract`), asked of every implementation."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellrock.marks.book import MarkEntry, State
from bellrock.marks.contract import Active, Mark, Marks
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.marks.memory import MemoryMarks
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep


class MarkStore(NamedTuple):
    """Marks, and what makes them durable."""

    marks: Marks
    commit: Callable[[], None]
    close: Callable[[], None]


def memory(_path: Path) -> MarkStore:
    return MarkStore(MemoryMarks(), lambda: None, lambda: None)


def commit(store: DuckDBStore, marks: EmbeddedMarks) -> None:
    position, watermark = store.progress()
    store.commit(
        StoredStep({}, pl.DataFrame(), b"", True, position + 1, watermark, marks=marks.pending())
    )
    marks.committed()


def opened_marks(store: DuckDBStore) -> EmbeddedMarks:
    return EmbeddedMarks(store.marks, store.edition)


def embedded(path: Path) -> MarkStore:
    store = DuckDBStore(path / "store.duckdb")
    marks = opened_marks(store)
    return MarkStore(marks, lambda: commit(store, marks), store.close)


@pytest.fixture(params=[memory, embedded])
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], MarkStore]]:
    made: list[MarkStore] = []

    def new() -> MarkStore:
        made.append(request.param(tmp_path_factory.mktemp("marks")))
        return made[-1]

    yield new
    for store in made:
        store.close()


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


# --- the embedded ones: durable, and people decide ---


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "store.duckdb")
    yield opened
    opened.close()


def marked(book: DuckDBStore) -> EmbeddedMarks:
    marks = opened_marks(book)
    marks.mark([BOT])
    commit(book, marks)
    return marks


def test_what_was_not_committed_is_not_marked_after_a_crash(book: DuckDBStore) -> None:
    """Its step is folded again, and marks again."""
    marks = marked(book)
    marks.mark([BOT._replace(agent="later")])
    assert [m.agent for m in opened_marks(book).active()] == ["Fetcher/1.0"]
    assert book.marks() == [MarkEntry("shop", "Fetcher/1.0", 100, 25, 24, "active")]


def test_pending_marks_are_those_since_the_last_commit(book: DuckDBStore) -> None:
    marks = marked(book)
    assert len(marks.pending()) == 0
    marks.mark([BOT, BOT._replace(agent="later")])
    assert marks.pending().rows() == [("shop", "later", 100, 25, 24, "active")]


@pytest.mark.parametrize(
    ("state", "active"),
    [
        ("lifted", []),
        ("everywhere", [Active(None, "Fetcher/1.0", 100)]),
        ("active", [Active("shop", "Fetcher/1.0", 100)]),
    ],
)
def test_what_people_decide_holds_from_the_next_step_on(
    book: DuckDBStore, state: State, active: list[Active]
) -> None:
    marks = marked(book)
    version = marks.version
    assert book.set_mark("shop", "Fetcher/1.0", state)
    assert marks.active() == [Active("shop", "Fetcher/1.0", 100)]
    assert marks.version == version
    marks.refresh()
    assert marks.active() == active
    assert marks.version > version
    version = marks.version
    marks.refresh()
    assert marks.version == version
    assert opened_marks(book).active() == active


def test_a_lifted_mark_is_never_made_again_by_itself(book: DuckDBStore) -> None:
    marks = marked(book)
    book.set_mark("shop", "Fetcher/1.0", "lifted")
    marks.refresh()
    for later in (marks, opened_marks(book)):
        assert later.is_known("shop", "Fetcher/1.0")
        later.mark([BOT._replace(since=900)])
        assert later.active() == []
        assert len(later.pending()) == 0
    assert book.marks() == [MarkEntry("shop", "Fetcher/1.0", 100, 25, 24, "lifted")]


def test_a_decision_does_not_lose_what_a_step_is_about_to_commit(book: DuckDBStore) -> None:
    marks = marked(book)
    marks.mark([BOT._replace(agent="later")])
    book.set_mark("shop", "Fetcher/1.0", "lifted")
    marks.refresh()
    assert [m.agent for m in marks.active()] == ["later"]
    commit(book, marks)
    assert [(m.agent, m.state) for m in book.marks()] == [
        ("Fetcher/1.0", "lifted"),
        ("later", "active"),
    ]


def test_there_is_nothing_to_decide_where_nothing_was_marked(book: DuckDBStore) -> None:
    marks = marked(book)
    assert not book.set_mark("other", "Fetcher/1.0", "lifted")
    assert not book.set_mark("shop", "fetcher/1.0", "lifted")
    version = marks.version
    marks.refresh()
    assert marks.version == version
