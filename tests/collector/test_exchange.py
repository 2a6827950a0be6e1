"""An answer becomes bytes: framed so that no client waits for more, or takes more for the next one."""

import time
from email.utils import parsedate_to_datetime

import pytest

from bellrock.collector.exchange import Answer, answer, text


def parts(rendered: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Return the status line, the headers but for the date, and the body."""
    head, _, body = rendered.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    return status, [header for header in headers if not header.startswith(b"date: ")], body


def test_an_answer_has_a_status_line_its_headers_a_length_and_its_body() -> None:
    made = answer(200, [(b"etag", b'"1"'), (b"vary", b"x")], b"body")
    assert parts(made.rendered()) == (
        b"HTTP/1.1 200 OK",
        [b'etag: "1"', b"vary: x", b"content-length: 4"],
        b"body",
    )


def test_an_empty_body_has_a_length_too() -> None:
    assert parts(answer(200).rendered()) == (b"HTTP/1.1 200 OK", [b"content-length: 0"], b"")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_cannot_have_a_body_has_no_length(status: int) -> None:
    assert parts(answer(status).rendered())[1:] == ([], b"")


def test_to_head_the_length_is_sent_and_not_the_body() -> None:
    made = answer(200, body=b"body")
    assert parts(made.rendered(head=True)) == (b"HTTP/1.1 200 OK", [b"content-length: 4"], b"")


def test_the_last_answer_says_that_it_is() -> None:
    assert parts(answer(204).rendered(close=True))[1] == [b"connection: close"]


def test_the_date_is_the_time_of_the_answer() -> None:
    made = answer(204)
    before = int(time.time())
    (date,) = [line for line in made.rendered().decode().split("\r\n") if line.startswith("date: ")]
    sent = parsedate_to_datetime(date.removeprefix("date: ")).timestamp()
    assert before <= sent <= time.time()
    assert date.endswith(" GMT")


def test_a_text_is_for_every_origin_and_ends_its_line() -> None:
    made = text(503, "später", (b"retry-after", b"5"))
    assert isinstance(made, Answer)
    assert parts(made.rendered()) == (
        b"HTTP/1.1 503 Service Unavailable",
        [
            b"access-control-allow-origin: *",
            b"content-type: text/plain; charset=utf-8",
            b"retry-after: 5",
            b"content-length: 8",
        ],
        "später\n".encode(),
    )
