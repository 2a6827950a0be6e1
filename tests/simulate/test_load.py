"""Live traffic: an open model, on this machine only, that says what became of every beacon."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bellrock.errors import ConfigurationError
from bellrock.simulate.load import LoadOptions, run
from bellrock.simulate.report import Report

Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def collector(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/b", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def send(
    answer: Answer, *, rate: float, duration: float, acknowledged: Path | None = None
) -> Report:
    async with collector(answer) as address:
        return await run(
            LoadOptions(
                collector=address, rate=rate, duration=duration, seed=9, acknowledged=acknowledged
            )
        )


async def accept(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=204)


def test_every_beacon_is_one_post_with_its_user_agent_and_country() -> None:
    seen: list[tuple[str, str | None, str]] = []

    async def keep(request: web.Request) -> web.Response:
        beacon = json.loads(await request.read())
        agent, country = request.headers["User-Agent"], request.headers.get("X-Country")
        seen.append((agent, country, beacon["type"]))
        assert request.content_type == "text/plain"
        return web.Response(status=204)

    report = asyncio.run(send(keep, rate=100, duration=2))
    assert report.sent == report.acknowledged == len(seen) > 100
    assert not report.errors
    assert not report.other
    assert all(agent.startswith("Mozilla/5.0") for agent, _, _ in seen)
    assert "DE" in {country for _, country, _ in seen}
    assert {kind for _, _, kind in seen} >= {"navigation", "load", "vitals", "event"}


def test_arrivals_do_not_wait_for_the_answers_of_a_slow_collector() -> None:
    open_now = most_open = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal open_now, most_open
        open_now += 1
        most_open = max(most_open, open_now)
        await request.read()
        await asyncio.sleep(1.0)
        open_now -= 1
        return web.Response(status=204)

    report = asyncio.run(send(slow, rate=60, duration=3))
    quick = asyncio.run(send(accept, rate=60, duration=3))
    assert report.sent == quick.sent
    assert report.acknowledged == report.sent
    assert most_open > 30
    assert report.p50_ms is not None
    assert report.p50_ms >= 1000


def test_a_stall_of_the_collector_is_seen_by_all_that_were_due_in_it() -> None:
    gate = asyncio.Lock()

    async def one_at_a_time(request: web.Request) -> web.Response:
        await request.read()
        async with gate:
            await asyncio.sleep(0.1)
        return web.Response(status=204)

    report = asyncio.run(send(one_at_a_time, rate=30, duration=2))
    # Each takes 0.1 s, but they come three times as fast: the queue is what visitors would feel.
    assert report.p95_ms is not None
    assert report.p95_ms > 1000


def test_other_answers_and_errors_are_counted_apart() -> None:
    async def refuse(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=503)

    refused = asyncio.run(send(refuse, rate=50, duration=1))
    assert refused.acknowledged == 0
    assert refused.other == {503: refused.sent}

    async def nobody() -> Report:
        async with collector(accept) as address:
            pass
        return await run(LoadOptions(collector=address, rate=50, duration=1, seed=9))

    gone = asyncio.run(nobody())
    assert sum(gone.errors.values()) == gone.sent > 0


def test_the_names_of_acknowledged_beacons_are_written(tmp_path: Path) -> None:
    names = tmp_path / "acknowledged"
    report = asyncio.run(send(accept, rate=50, duration=1, acknowledged=names))
    lines = names.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines)) == report.acknowledged > 0
    assert all(len(line.split()) == 3 for line in lines)


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1:8080", "http://[2001:db8::1]", "https://127.0.0.1", "127.0.0.1"]
)
def test_another_machine_and_what_is_no_address_are_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
        asyncio.run(run(LoadOptions(collector=address, rate=1, duration=1, seed=1)))


def test_a_report_reads_well() -> None:
    text = str(asyncio.run(send(accept, rate=50, duration=1)))
    assert "acknowledged" in text
    assert "(204)" in text
    assert "p99" in text
