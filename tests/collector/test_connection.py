"""One connection: its requests are answered in order, one at a time, and it holds no more than it may."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from bellrock.collector.connection import Connection
from bellrock.collector.exchange import Handler, Request, Respond, answer
from bellrock.collector.limits import IDLE_SECONDS, READ_BYTES, RECEIVE_SECONDS
from collector.wire import GET, Client, Desk, Handled, echo, listening, play, until

POST = b"POST /b HTTP/1.1\r\ncontent-length: 3\r\n"
EXPECTING = POST + b"expect: 100-continue\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def converse(handle: Handler, story: Callable[[Client], Awaitable[None]]) -> None:
    """Let one client talk to a listener."""

    async def run() -> None:
        async with listening(handle) as listener:
            client = await Client.to(listener)
            try:
                await story(client)
            finally:
                client.writer.close()

    play(run)


def test_one_connection_takes_one_request_after_the_other() -> None:
    async def story(client: Client) -> None:
        for body in (b"abc", b"def"):
            client.send(POST, b"\r\n", body)
            assert await client.answer() == (200, b"/b" + body)

    converse(echo, story)


def test_a_request_may_come_byte_by_byte() -> None:
    async def story(client: Client) -> None:
        for byte in POST + b"\r\nabc":
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await client.answer() == (200, b"/babc")

    converse(echo, story)


def test_requests_that_are_sent_ahead_are_answered_in_their_order() -> None:
    async def story(client: Client) -> None:
        client.send(*(GET % number for number in range(2000)))
        for number in range(2000):
            assert await client.answer() == (200, b"/%d" % number)

    converse(echo, story)


def test_a_request_is_handed_on_only_when_the_one_before_it_is_answered() -> None:
    desk = Desk()

    async def story(client: Client) -> None:
        client.send(GET % 1, GET % 2)
        first = await desk.has(0)
        client.send(GET % 3)
        await asyncio.sleep(0.02)
        assert desk.paths == ["/1"]
        first.echo()
        assert await client.answer() == (200, b"/1")
        (await desk.has(1)).echo()
        (await desk.has(2)).echo()
        assert await client.answer() == (200, b"/2")
        assert await client.answer() == (200, b"/3")

    converse(desk, story)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_the_answer_to_the_last_request_closes_the_connection(request_: bytes) -> None:
    async def story(client: Client) -> None:
        client.send(request_)
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")
        assert b"\r\nconnection: close\r\n" in head + b"\r\n"
        assert body == b"/"

    converse(echo, story)


def test_the_answer_to_head_has_no_body_that_the_next_answer_could_be_taken_for() -> None:
    async def story(client: Client) -> None:
        client.send(b"HEAD /1 HTTP/1.1\r\n\r\n", GET % 2)
        assert b"content-length: 2\r\n" in await client.head()
        assert await client.answer() == (200, b"/2")

    converse(echo, story)


def test_what_cannot_be_read_is_answered_after_what_could_and_closes_the_connection() -> None:
    desk = Desk()

    async def story(client: Client) -> None:
        client.send(GET % 1, GET % 2, b"GARBAGE\r\n\r\n", GET % 3)
        for number in range(3):
            (await desk.has(number)).echo()
        assert await client.answer() == (200, b"/1")
        assert await client.answer() == (200, b"/2")
        assert b"connection: close" in await client.rest()
        assert [each.request.refused for each in desk.handled] == [None, None, 400]

    converse(desk, story)


def test_who_waits_to_be_told_to_go_on_is_told_once() -> None:
    async def story(client: Client) -> None:
        client.send(EXPECTING)
        assert await client.head() == CONTINUE
        for byte in (b"a", b"b", b"c"):
            client.send(byte)
            await asyncio.sleep(0.002)
        assert await client.answer() == (200, b"/babc")

    converse(echo, story)


def test_who_does_not_wait_is_not_told() -> None:
    async def story(client: Client) -> None:
        client.send(EXPECTING, b"abc")
        assert await client.answer() == (200, b"/babc")

    converse(echo, story)


def test_who_waits_behind_a_request_of_its_own_is_told_after_the_answer_to_that() -> None:
    desk = Desk()

    async def story(client: Client) -> None:
        client.send(GET % 1, EXPECTING)
        first = await desk.has(0)
        await asyncio.sleep(0.005)
        first.echo()
        assert await client.answer() == (200, b"/1")
        assert await client.head() == CONTINUE
        client.send(b"abc")
        (await desk.has(1)).echo()
        assert await client.answer() == (200, b"/babc")

    converse(desk, story)


def test_a_handler_that_fails_is_500_and_a_line_in_the_journal_and_the_connection_goes_on() -> None:
    def fail(request: Request, respond: Respond) -> None:
        if request.path == "/1":
            raise ZeroDivisionError
        echo(request, respond)
        if request.path == "/2":
            raise ZeroDivisionError

    async def story(client: Client) -> None:
        client.send(GET % 1, GET % 2, GET % 3)
        status, body = await client.answer()
        assert (status, b"journal" in body) == (500, True)
        assert await client.answer() == (200, b"/2")
        assert await client.answer() == (200, b"/3")

    with capture_logs() as journal:
        converse(fail, story)
    assert [(line["event"], line["path"]) for line in journal] == [
        ("request failed", "/1"),
        ("request failed", "/2"),
    ]


@pytest.mark.parametrize("reset", [False, True])
def test_the_answer_to_who_has_left_goes_nowhere_and_disturbs_nobody(reset: bool) -> None:
    desk = Desk()

    async def story() -> None:
        async with listening(desk) as listener:
            leaves, stays = await Client.to(listener), await Client.to(listener)
            leaves.send(GET % 1)
            left = await desk.has(0)
            stays.send(GET % 2)
            stayed = await desk.has(1)
            leaves.leave(reset=reset)
            await asyncio.sleep(0.01)
            left.echo()
            stayed.echo()
            assert await stays.answer() == (200, b"/2")
            await until(lambda: len(listener._connections) == 1)
            stays.writer.close()

    play(story)


@pytest.mark.parametrize("begun", [b"", GET[:9], EXPECTING])
def test_who_says_that_no_more_will_come_is_answered_still(begun: bytes) -> None:
    desk = Desk()

    async def story(client: Client) -> None:
        client.send(GET % 1, GET % 2, begun)
        client.writer.write_eof()
        for number in range(2):
            handled = await desk.has(number)
            await asyncio.sleep(0.005)
            handled.echo()
            assert await client.answer() == (200, b"/%d" % (number + 1))
        assert await client.is_closed()

    converse(desk, story)


@pytest.mark.parametrize("sent", [b"", GET[:9], POST + b"\r\na"])
def test_who_leaves_before_a_request_is_complete_gets_no_answer(sent: bytes) -> None:
    desk = Desk()

    async def story(client: Client) -> None:
        client.send(sent)
        client.writer.write_eof()
        assert await client.is_closed()
        assert desk.handled == []

    converse(desk, story)


def test_who_does_not_read_its_answers_is_sent_no_more_than_a_few_until_it_reads() -> None:
    body, held = b"x" * 100_000, []

    def big(request: Request, respond: Respond) -> None:
        respond(answer(200, body=request.path.encode() + body))

    async def story() -> None:
        async with listening(big) as listener:
            client = await Client.to(listener)
            client.send(*(GET % number for number in range(300)))
            for _ in range(20):
                await asyncio.sleep(0.002)
                held.extend(
                    each._transport.get_write_buffer_size() for each in listener._connections
                )
            for number in range(300):
                assert await client.answer() == (200, b"/%d" % number + body)
            client.writer.close()

    play(story)
    assert 64 * 1024 < max(held) < 300_000  # the transport's own limit, and an answer more


class Line(asyncio.Transport):
    """The other side of a connection, whose time and buffers a test commands."""

    def __init__(self, handle: Handler) -> None:
        super().__init__()
        self.connections: set[Connection] = set()
        self.connection = Connection(handle, self.connections)
        self.written = b""
        self.reading, self.closed, self.aborted = True, False, False
        self.connection.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Let bytes arrive."""
        assert self.reading, "the connection does not read"
        while data:
            part = data[:READ_BYTES]
            buffer = self.connection.get_buffer(-1)
            buffer[: len(part)] = part
            self.connection.buffer_updated(len(part))
            data = data[len(part) :]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True


def on_a_line(handle: Handler, story: Callable[[Line], Awaitable[None]]) -> None:
    async def run() -> None:
        await story(Line(handle))

    play(run)


def test_while_a_request_waits_behind_another_nothing_more_is_read() -> None:
    desk = Desk()

    async def story(line: Line) -> None:
        line.receive(GET % 1)
        assert line.reading
        line.receive(GET % 2 + GET % 3)
        assert not line.reading
        desk.handled[0].echo()
        await asyncio.sleep(0)
        assert (desk.paths, line.reading) == (["/1", "/2"], False)
        desk.handled[1].echo()
        await asyncio.sleep(0)
        assert (desk.paths, line.reading) == (["/1", "/2", "/3"], True)

    on_a_line(desk, story)


def test_while_the_other_side_does_not_read_no_request_is_begun() -> None:
    desk = Desk()

    async def story(line: Line) -> None:
        line.connection.pause_writing()
        line.receive(GET % 1)
        assert (desk.paths, line.reading) == ([], False)
        line.connection.resume_writing()
        assert (desk.paths, line.reading) == (["/1"], True)
        line.connection.pause_writing()
        desk.handled[0].echo()
        await asyncio.sleep(0)
        line.receive(GET % 2)
        assert desk.paths == ["/1"]
        line.connection.resume_writing()
        assert desk.paths == ["/1", "/2"]

    on_a_line(desk, story)


def test_a_request_must_arrive_in_time_from_its_first_byte_on() -> None:
    async def story(line: Line) -> None:
        time = asyncio.get_running_loop().time
        await asyncio.sleep(0.01)
        before = time()
        line.receive(POST)
        after = time()
        line.connection.sweep(before + RECEIVE_SECONDS)
        assert not line.aborted
        await asyncio.sleep(0.01)
        line.receive(b"\r\na")
        line.connection.sweep(after + RECEIVE_SECONDS + 0.001)
        assert line.aborted

    on_a_line(Desk(), story)


@pytest.mark.parametrize("sent", [b"", GET % 1])
def test_a_connection_may_rest_for_a_while(sent: bytes) -> None:
    async def story(line: Line) -> None:
        line.receive(sent)
        now = asyncio.get_running_loop().time()
        line.connection.sweep(now + IDLE_SECONDS - 1)
        assert not line.aborted
        line.connection.sweep(now + IDLE_SECONDS + 1)
        assert line.aborted

    on_a_line(echo, story)


def test_who_waits_for_an_answer_waits_as_long_as_it_takes() -> None:
    desk = Desk()

    async def story(line: Line) -> None:
        line.receive(GET % 1)
        line.connection.sweep(asyncio.get_running_loop().time() + 1e6)
        assert not line.aborted
        desk.handled[0].echo()
        assert line.written.endswith(b"/1")

    on_a_line(desk, story)


def test_to_finish_a_connection_that_rests_is_to_close_it() -> None:
    async def story(line: Line) -> None:
        line.connection.finish()
        assert (line.closed, line.written) == (True, b"")

    on_a_line(echo, story)


def test_to_finish_is_to_answer_every_request_that_has_begun_the_last_one_as_the_last() -> None:
    desk = Desk()

    async def story(line: Line) -> None:
        line.receive(GET % 1 + POST)
        line.connection.finish()
        desk.handled[0].echo()
        assert (b"connection: close" in line.written, line.closed) == (False, False)
        line.receive(b"\r\nabc")
        desk.handled[1].echo()
        assert line.written.count(b"connection: close") == 1
        assert line.written.endswith(b"/babc")
        assert line.closed

    on_a_line(desk, story)


def test_a_connection_that_is_lost_is_forgotten() -> None:
    desk = Desk()

    async def story(line: Line) -> None:
        assert line.connections == {line.connection}
        line.receive(GET % 1 + GET % 2)
        line.abort()
        line.connection.connection_lost(None)
        assert line.connections == set()
        desk.handled[0].echo()
        await asyncio.sleep(0)
        assert (desk.paths, line.written) == (["/1"], b"")

    on_a_line(desk, story)


def test_a_handler_that_answers_twice_is_a_mistake_of_ours() -> None:
    desk = Desk()

    async def story(line: Line) -> None:
        line.receive(GET % 1)
        handled: Handled = desk.handled[0]
        handled.echo()
        with pytest.raises(AssertionError, match="answered once"):
            handled.echo()

    on_a_line(desk, story)
