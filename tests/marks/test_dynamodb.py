"""Marks in DynamoDB: many workers mark, and all know soon enough."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bellrock.errors import ConfigurationError
from bellrock.marks.book import MarkEntry
from bellrock.marks.contract import Active, Mark
from bellrock.marks.dynamodb import DynamoMarkBook, DynamoMarks, create_marks_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BOT = Mark("shop", "Fetcher/1.0", since=100, sessions=25, suspicious=24)


@pytest.fixture
def book(dynamodb_client: "DynamoDBClient") -> DynamoMarkBook:
    name = f"marks-{uuid4()}"
    create_marks_table(dynamodb_client, name)
    return DynamoMarkBook(dynamodb_client, name)


def test_a_worker_knows_anothers_marks_from_its_next_refresh_on(book: DynamoMarkBook) -> None:
    one, other = DynamoMarks(book), DynamoMarks(book)
    one.refresh(90)
    other.refresh(90)
    version = other.version
    one.mark([BOT])
    assert list(other.active()) == []
    other.refresh(91)
    assert list(other.active()) == list(one.active()) == [Active("shop", "Fetcher/1.0", 100)]
    assert other.version > version


def test_the_book_is_read_once_in_so_many_minutes_of_the_log(book: DynamoMarkBook) -> None:
    often, seldom = DynamoMarks(book), DynamoMarks(book, every=3)
    for marks in (often, seldom):
        marks.refresh(90)
    DynamoMarks(book).mark([BOT])
    for minute, known in ((90, [False, False]), (89, [False, False]), (91, [True, False]),
                          (92, [True, False]), (93, [True, True])):  # fmt: skip
        found = []
        for marks in (often, seldom):
            marks.refresh(minute)
            found.append(marks.is_known("shop", "Fetcher/1.0"))
        assert found == known, minute


def test_of_two_workers_that_mark_a_pair_the_first_has_marked_it(book: DynamoMarkBook) -> None:
    one, other = DynamoMarks(book), DynamoMarks(book)
    one.mark([BOT])
    other.mark([BOT._replace(since=101, sessions=30), BOT._replace(agent="own")])
    assert set(other.active()) == {Active("shop", "Fetcher/1.0", 100), Active("shop", "own", 100)}
    assert book.marks()[0] == MarkEntry("shop", "Fetcher/1.0", 100, 25, 24, "active")


def test_a_mark_that_was_lifted_meanwhile_is_not_made_anew(book: DynamoMarkBook) -> None:
    worker = DynamoMarks(book)
    DynamoMarks(book).mark([BOT])
    book.set_mark("shop", "Fetcher/1.0", "lifted")
    worker.mark([BOT._replace(since=200)])
    assert list(worker.active()) == []
    assert worker.is_known("shop", "Fetcher/1.0")


def test_a_worker_that_starts_knows_every_mark(book: DynamoMarkBook) -> None:
    many = [Mark(f"shop-{n % 7}", f"agent {n}", n, 25, 24) for n in range(250)]
    DynamoMarks(book).mark(many)
    found = DynamoMarks(book)
    assert set(found.active()) == {Active(m.site, m.agent, m.since) for m in many}


@pytest.mark.parametrize("agent", ["", "\0", "ü" * 512, "\U0001f916" * 512, '{"S": "#key"}'])
def test_a_user_agent_of_any_form_can_be_marked_and_lifted(
    book: DynamoMarkBook, agent: str
) -> None:
    DynamoMarks(book).mark([BOT._replace(agent=agent), BOT._replace(agent=agent + "x")])
    assert book.set_mark("shop", agent, "everywhere")
    assert set(DynamoMarks(book).active()) == {
        Active(None, agent, 100),
        Active("shop", agent + "x", 100),
    }


def test_a_table_that_is_missing_or_another_is_refused_at_once(
    dynamodb_client: "DynamoDBClient",
) -> None:
    with pytest.raises(ConfigurationError, match="there is no such table"):
        DynamoMarkBook(dynamodb_client, "no-marks")
    create_marks_table(dynamodb_client, "some-marks")
    create_marks_table(dynamodb_client, "some-marks")
    assert DynamoMarkBook(dynamodb_client, "some-marks").marks() == []
