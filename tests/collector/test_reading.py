"""Bytes become requests: in any split, never more than the limits, and never two ways to read them."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.collector.exchange import Request
from bellrock.collector.limits import BODY_BYTES, DISCARDED_BYTES, HEAD_BYTES, HEADERS
from bellrock.collector.reading import RequestReader

CHUNKED = b"POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\n\r\n"


def read(*parts: bytes) -> list[Request]:
    reader = RequestReader()
    return [request for part in parts for request in reader.feed(memoryview(part))]


def only(*parts: bytes) -> Request:
    (request,) = read(*parts)
    return request


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /b HTTP/1.1", *headers, b"content-length: %d" % len(body), b"", body]
    return b"\r\n".join(lines)


def in_chunks(body: bytes, size: int = 1) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def test_a_request_has_its_method_path_headers_and_body() -> None:
    sent = post(b"hello", b"Host: a", b"User-Agent:  Firefox\t ", b"Empty:").replace(b"/b", b"/b?q")
    assert only(sent) == Request(
        "POST",
        "/b",
        {b"host": b"a", b"user-agent": b"Firefox", b"empty": b"", b"content-length": b"5"},
        b"hello",
        query="q",
    )


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", "/"),
        (b"/b?a=/c?d", "/b"),
        (b"http://collector:80/b?a", "/b"),
        (b"http://collector", "/"),
        (b"http://collector?a=/b", "/"),
        (b"*", "/"),
    ],
)
def test_a_path_is_without_query_and_without_the_host_that_proxies_name(
    target: bytes, path: str
) -> None:
    assert only(b"OPTIONS %b HTTP/1.1\r\n\r\n" % target).path == path


def test_lines_of_forwarded_addresses_are_joined_in_their_order() -> None:
    lines = (b"X-Forwarded-For: a, b", b"Accept: c", b"x-forwarded-for:d\t")
    assert only(post(b"", *lines)).headers[b"x-forwarded-for"] == b"a, b,d"


def test_a_request_knows_the_other_end_of_its_connection() -> None:
    (request,) = RequestReader(b"\x7f\0\0\1").feed(NEXT)
    assert request.peer == b"\x7f\0\0\1"


def test_of_two_headers_with_one_name_the_last_counts() -> None:
    assert only(post(b"", b"dnt: 0", b"DNT: 1")).headers[b"dnt"] == b"1"


@pytest.mark.parametrize(
    ("sent", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", True),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", False),
    ],
)
def test_only_who_speaks_http_1_1_and_nothing_else_may_send_more(
    sent: bytes, keep_alive: bool
) -> None:
    first, *more = read(sent + NEXT)
    assert (first.keep_alive, first.refused) == (keep_alive, None)
    assert [request.path for request in more] == (["/next"] if keep_alive else [])
    assert read(sent, NEXT) == [first, *more]


def test_empty_lines_before_a_request_are_passed_over() -> None:
    assert [request.path for request in read(b"\r\n\r\n" + NEXT + b"\r\n" + NEXT)] == ["/next"] * 2


def test_what_follows_the_body_adds_no_header_here_or_to_the_next_request() -> None:
    trailers = b"3;name=value\r\nabc\r\n0;x\r\nDNT: 1\r\nUser-Agent: x\r\n\r\n"
    assert read(CHUNKED + trailers + NEXT) == [
        Request("POST", "/b", {b"transfer-encoding": b"chunked"}, b"abc"),
        Request("GET", "/next", {}, b""),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /b HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"POST /b HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /b HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        b"POST /b HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na",
        b"POST /b HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        b"POST /b HTTP/1.1\r\nContent-Length: 0x1\r\n\r\na",
        b"POST /b HTTP/1.1\r\nContent-Length:\r\n\r\na",
        b"POST /b HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\na",
        b"POST /b HTTP/1.1\r\nContent-Length : 1\r\n\r\na",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\nabc",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"POST /b HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\n A: b\r\n\r\n",
        b"GET / HTTP/1.1\nA: b\n\n",
        b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n\n",
        b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\n: b\r\n\r\n",
        CHUNKED + b"1\nx\r\n0\r\n\r\n",
        CHUNKED + b"1 \r\nx\r\n0\r\n\r\n",
        CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n",
        CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
        CHUNKED + b"1;a\nx\r\n0\r\n\r\n",
        CHUNKED + b"1\r\nxyz\r\n0\r\n\r\n",
        CHUNKED + b"fffffffffffffffff\r\nx\r\n0\r\n\r\n",
        CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
        CHUNKED + b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"FETCH / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_read_in_none_and_ends_the_connection(
    sent: bytes,
) -> None:
    refusal = Request("", "", {}, b"", keep_alive=False, refused=400)
    before = Request("GET", "/next", {}, b"")
    assert read(NEXT + sent + NEXT + NEXT) == [before, refusal]
    assert read(NEXT, *cut(sent, 1), NEXT) == [before, refusal]


@pytest.mark.parametrize("framing", [b"Content-Length: 3\r\n\r\nabc", CHUNKED[18:] + b"0\r\n\r\n"])
def test_a_body_that_asks_for_an_upgrade_is_refused_and_not_taken_for_an_empty_one(
    framing: bytes,
) -> None:
    asks = b"POST /b HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    assert [request.refused for request in read(asks + framing + NEXT)] == [400]


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_refused() -> None:
    largest = b"x" * BODY_BYTES
    assert only(post(largest)).body == largest
    assert only(in_chunks(largest, 1000)).body == largest
    for sent in (post(largest + b"x"), in_chunks(largest + b"x", 1000)):
        request, following = read(*cut(sent + NEXT, 4096))
        assert (request.refused, request.keep_alive) == (413, True)
        assert following.path == "/next"


def test_of_a_body_that_is_too_large_no_more_than_a_mebibyte_is_read_on() -> None:
    reader = RequestReader()
    assert reader.feed(b"POST /b HTTP/1.1\r\ncontent-length: 1000000000\r\n\r\n") == []
    part = b"x" * 4096
    for _ in range((BODY_BYTES + DISCARDED_BYTES) // len(part)):
        assert reader.feed(part) == []
    (request,) = reader.feed(part)
    assert (request.refused, request.keep_alive) == (413, False)
    assert reader.feed(part) == []
    assert not reader.receiving


def test_the_largest_body_may_come_in_chunks_of_one_byte() -> None:
    body = bytes(range(256)) * (BODY_BYTES // 256)
    assert only(*cut(in_chunks(body), 16384)).body == body


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /", b"x" * 1024),
        (b"GET / HTTP/1.1\r\n", b"x" * 1024),
        (b"GET / HTTP/1.1\r\nname: ", b"x" * 1024),
        (b"GET / HTTP/1.1\r\n", b"name: %b\r\n" % (b"x" * 1016)),
        (CHUNKED + b"1;", b"x" * 1024),
        (CHUNKED + b"1\r\nx\r\n0\r\nname: ", b"x" * 1024),
        (CHUNKED + b"0\r\n", b"name: %b\r\n" % (b"x" * 1016)),
    ],
)
def test_a_head_extension_or_trailer_without_end_is_refused_before_it_fills_the_memory(
    begun: bytes, more: bytes
) -> None:
    reader = RequestReader()
    assert reader.feed(begun) == []
    for _ in range(HEAD_BYTES // len(more)):
        assert reader.feed(more) == []
    assert [(found.refused, found.keep_alive) for found in reader.feed(more)] == [(431, False)]
    assert reader.feed(b"\r\n\r\n") == []


def test_a_head_of_64_kib_is_taken_in_any_split() -> None:
    sent = b"GET / HTTP/1.1\r\ncookie: %b\r\n\r\n" % (b"x" * HEAD_BYTES)
    sent = sent.replace(b"x", b"", len(sent) - HEAD_BYTES)
    for size in (1, 1000, 16384):
        assert only(*cut(sent, size)).refused is None


@pytest.mark.parametrize("size", [100, 4096])
def test_100_headers_are_taken_and_one_more_is_refused(size: int) -> None:
    lines = [b"name-%d: x" % number for number in range(HEADERS)]
    sent = b"\r\n".join([b"GET / HTTP/1.1", *lines, b"", b""])
    assert len(only(*cut(sent, size)).headers) == HEADERS
    sent = sent.replace(b"name-0", b"other: x\r\nname-0")
    assert [request.refused for request in read(*cut(sent + NEXT, size))] == [431]


def test_the_limits_of_a_connection_begin_anew_with_each_request() -> None:
    assert len(read(*[NEXT] * 10_000)) == 10_000
    assert len(read(*cut(NEXT * 10_000, 16384))) == 10_000


@pytest.mark.parametrize(
    ("head", "expects"),
    [
        (b"POST /b HTTP/1.1\r\nExpect: 100-Continue \r\nContent-Length: 2\r\n\r\n", True),
        (b"POST /b HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"POST /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n", False),
        (b"POST /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na", False),
        (b"POST /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", False),
        (b"POST /b HTTP/1.1\r\nExpect: other\r\nContent-Length: 2\r\n\r\n", False),
        (b"POST /b HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", False),
    ],
)
def test_a_sender_waits_to_be_told_to_go_on_between_head_and_body(
    head: bytes, expects: bool
) -> None:
    reader = RequestReader()
    reader.feed(head)
    assert reader.expects_continue == expects


def test_it_is_receiving_from_the_first_byte_of_a_request_to_its_last() -> None:
    reader = RequestReader()
    seen = []
    for byte in cut(b"\r\n" + post(b"ab"), 1):
        reader.feed(byte)
        seen.append(reader.receiving)
    assert seen == [False, False, *[True] * (len(post(b"ab")) - 1), False]


def test_after_the_last_request_it_receives_no_other() -> None:
    reader = RequestReader()
    (last,) = reader.feed(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /")
    assert (last.keep_alive, reader.receiving) == (False, False)


_names = st.from_regex(r"x-[a-z]{1,8}", fullmatch=True).map(str.encode)
_values = st.from_regex(r"([!-~]([ -~]*[!-~])?)?", fullmatch=True).map(str.encode)
_bodies = st.binary(max_size=40)


@st.composite
def _message(draw: st.DrawFn) -> tuple[bytes, Request]:
    """A request as it is sent, and as it must be read."""
    method = draw(st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"]))
    path = draw(st.from_regex(r"/[a-z/%0-9]{0,9}", fullmatch=True))
    query = draw(st.sampled_from(["", "?", "?a=/b?c"]))
    headers = draw(st.dictionaries(_names, _values, max_size=4))
    body, last = draw(_bodies), draw(st.booleans())
    if last:
        headers[b"connection"] = b"close"
    content = body
    if draw(st.booleans()):
        headers[b"content-length"] = b"%d" % len(body)
    else:
        headers[b"transfer-encoding"] = b"chunked"
        content = draw(_chunks(body))
    head = [f"{method} {path}{query} HTTP/1.1".encode()]
    head += [name.title() + b":" + draw(_spaces) + value for name, value in headers.items()]
    sent = b"\r\n".join([*head, b"", content])
    asked = query.partition("?")[2]
    return sent, Request(method, path, headers, body, keep_alive=not last, query=asked)


_spaces = st.sampled_from([b"", b" ", b" \t "])


@st.composite
def _chunks(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted(draw(st.sets(st.integers(1, max(len(body), 1)), max_size=3)))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    extension = draw(st.sampled_from([b"", b";a", b';a="b;c"']))
    trailers = draw(st.dictionaries(_names, _values, max_size=2))
    written = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts if part]
    written += [b"0\r\n", *(b"%b: %b\r\n" % trailer for trailer in trailers.items()), b"\r\n"]
    return b"".join(written)


@given(
    messages=st.lists(_message(), min_size=1, max_size=4),
    cuts=st.sets(st.floats(0, 1, exclude_max=True), max_size=8),
)
def test_any_split_of_the_bytes_gives_the_same_requests(
    messages: list[tuple[bytes, Request]], cuts: Iterable[float]
) -> None:
    sent = b"".join(sent for sent, _ in messages)
    expected = [request for _, request in messages]
    ends = [at for at, request in enumerate(expected, 1) if not request.keep_alive]
    expected = expected[: ends[0]] if ends else expected
    places = sorted({int(place * len(sent)) for place in cuts})
    parts = [sent[a:b] for a, b in zip([0, *places], [*places, len(sent)], strict=True)]
    assert read(*parts) == expected
    assert read(*cut(sent, 1)) == expected


_PIECES = (
    *[b"GET ", b"POST ", b"/b", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\r\n\r\n", b"\n", b"\r"],
    *[
        b"content-length: ",
        b"transfer-encoding: ",
        b"chunked",
        b"connection: ",
        b"close",
        b"upgrade",
    ],
    *[b"2\r\nab\r\n", b"0\r\n\r\n", b"upgrade: h2c", b"2", b"ab", b":", b" ", b";", b"\0"],
)


@given(
    pieces=st.lists(st.sampled_from(_PIECES), max_size=20),
    cuts=st.sets(st.integers(0, 200), max_size=4),
)
def test_whatever_arrives_is_read_or_refused_alike_in_any_split(
    pieces: list[bytes], cuts: set[int]
) -> None:
    sent = NEXT + b"".join(pieces)
    places = sorted(cuts)
    parts = [sent[a:b] for a, b in zip([0, *places], [*places, len(sent)], strict=True)]
    assert read(*parts) == read(sent) == read(*cut(sent, 1))
