"""A listener: who may connect, who is given up, and what everybody has when it has closed."""

import asyncio
from collections import Counter
from unittest.mock import Mock

import pytest

from bellrock.collector.connection import Connection
from bellrock.collector.exchange import Handler
from bellrock.collector.listener import Listener
from collector.wire import GET, Client, Desk, echo, listening, play, until


def test_many_may_be_connected_at_once() -> None:
    async def story() -> None:
        async with listening(echo) as listener:
            clients = [await Client.to(listener) for _ in range(200)]
            for number, client in enumerate(clients):
                client.send(GET % number)
            for number, client in enumerate(clients):
                assert await client.answer() == (200, b"/%d" % number)
                client.writer.close()

    play(story)


def test_an_address_that_is_taken_is_an_error() -> None:
    async def story() -> None:
        async with listening(echo) as listener:
            with pytest.raises(OSError, match="in use"):
                await Listener.open(echo, "127.0.0.1", listener.port)

    play(story)


def test_when_it_has_closed_nobody_is_connected_and_nobody_may_connect() -> None:
    async def story() -> None:
        listener = await Listener.open(echo, "127.0.0.1", 0)
        port, client = listener.port, await Client.to(listener)
        client.send(GET % 1)
        assert await client.answer() == (200, b"/1")
        await listener.close()
        assert await client.is_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        client.writer.close()

    play(story)


def test_whoever_has_begun_a_request_is_answered_before_it_closes() -> None:
    desk = Desk()

    async def story() -> None:
        listener = await Listener.open(desk, "127.0.0.1", 0)
        waits, sends = await Client.to(listener), await Client.to(listener)
        waits.send(GET % 1)
        sends.send((GET % 2)[:-2])
        handled = await desk.has(0)
        await until(lambda: any(each._reader.receiving for each in listener._connections))
        closing = asyncio.create_task(listener.close())
        await asyncio.sleep(0.02)
        assert not closing.done()
        sends.send(b"\r\n")
        (await desk.has(1)).echo()
        handled.echo()
        assert b"connection: close" in await waits.head()
        assert b"connection: close" in await sends.head()
        await closing
        waits.writer.close()
        sends.writer.close()

    play(story)


def test_who_is_connected_at_the_last_moment_does_not_hold_it_up() -> None:
    async def story() -> None:
        desk = Desk()
        listener = await Listener.open(desk, "127.0.0.1", 0)
        early = await Client.to(listener)
        early.send(GET % 1)
        handled = await desk.has(0)
        closing = asyncio.create_task(listener.close())
        await asyncio.sleep(0)
        # The loop has accepted it already, and makes its connection only after `close` has begun.
        late = await _connect_within(listener._connections, desk)
        handled.echo()
        await asyncio.wait_for(closing, 5)
        assert await late.is_closed()
        early.writer.close()
        late.writer.close()

    play(story)


async def _connect_within(connections: set[Connection], handle: Handler) -> Client:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(handle, connections), "127.0.0.1", 0
    )
    client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    await until(lambda: len(connections) == 2)
    server.close()
    return client


def test_who_cannot_be_answered_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bellrock.collector.listener._FINISH_SECONDS", 0.03)

    async def story() -> None:
        desk = Desk()
        listener = await Listener.open(desk, "127.0.0.1", 0)
        client = await Client.to(listener)
        client.send(GET % 1)
        await desk.has(0)
        await listener.close()
        assert await client.is_closed()
        client.writer.close()

    play(story)


def test_who_takes_too_long_is_given_up_and_who_waits_for_us_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellrock.collector.listener._SWEEP_SECONDS", 0.001)
    monkeypatch.setattr("bellrock.collector.connection.RECEIVE_SECONDS", 0.02)

    async def story() -> None:
        desk = Desk()
        async with listening(desk) as listener:
            sweeping = asyncio.create_task(listener.sweep())
            slow, rests, waits = [await Client.to(listener) for _ in range(3)]
            waits.send(GET % 1)
            handled = await desk.has(0)
            slow.send(GET[:9])
            assert await slow.is_closed()
            assert len(listener._connections) == 2
            handled.echo()
            assert await waits.answer() == (200, b"/1")
            sweeping.cancel()
            for client in (slow, rests, waits):
                client.writer.close()

    play(story)


def test_while_many_are_looked_at_others_have_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bellrock.collector.listener._SWEEP_SECONDS", 0)
    seen: Counter[int] = Counter()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def story() -> None:
        async with listening(echo) as listener:
            connections = [Mock(sweep=lambda _: seen.update([turns])) for _ in range(2_000)]
            looking = Listener(listener._server, set(connections))
            tasks = [asyncio.create_task(others()), asyncio.create_task(looking.sweep())]
            await until(lambda: seen.total() >= len(connections))
            for task in tasks:
                task.cancel()

    play(story)
    assert max(seen.values()) < 300


def test_those_that_share_an_address_get_each_a_part_of_its_connections() -> None:
    async def story() -> None:
        desks = [Desk(), Desk()]
        first = await Listener.open(desks[0], "127.0.0.1", 0, shared=True)
        second = await Listener.open(desks[1], "127.0.0.1", first.port, shared=True)
        clients = [await Client.to(first) for _ in range(100)]
        for number, client in enumerate(clients):
            client.send(GET % number)
        await until(lambda: sum(len(desk.handled) for desk in desks) == len(clients))
        assert all(desk.handled for desk in desks)
        for client in clients:
            client.writer.close()
        for desk, listener in zip(desks, (first, second), strict=True):
            for handled in desk.handled:
                handled.echo()
            await listener.close()

    play(story)


def test_at_once_it_sends_the_answers_that_are_there_and_waits_for_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellrock.collector.listener._LEAVE_SECONDS", 0.03)

    async def story() -> None:
        desk = Desk()
        listener = await Listener.open(desk, "127.0.0.1", 0)
        answered, sends = await Client.to(listener), await Client.to(listener)
        sends.send((GET % 2)[:-2])
        answered.send(GET % 1)
        (await desk.has(0)).echo()
        await asyncio.wait_for(listener.close(at_once=True), 5)
        assert await answered.answer() == (200, b"/1")
        assert await sends.is_closed()
        answered.writer.close()
        sends.writer.close()

    play(story)
