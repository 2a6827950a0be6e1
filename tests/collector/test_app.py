"""The collector's HTTP behaviour: requests enter over a socket, answers and log lines are seen."""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx
import msgspec
import pytest

from bellrock.collector.addresses import networks
from bellrock.collector.app import Collector
from bellrock.collector.budgets import Budgets
from bellrock.collector.clock import GuardedClock
from bellrock.collector.commit import GroupCommit
from bellrock.collector.config import Check, Policy
from bellrock.collector.limits import BODY_BYTES, DISCARDED_BYTES
from bellrock.collector.origin import Origins
from bellrock.collector.tracker import load_tracker
from bellrock.errors import LogUnavailable
from bellrock.log.memory import MemoryLog
from collector.wire import Client, listening, play

BEACON = b'{"v":1,"site":"shop-a","test":{"group":"A","rb":7},"visitor":{"newToday":true}}'
POLICIES: Mapping[str, Policy] = {"shop-a": "anonymous", "shop-d": "drop", "shop-i": "ignore"}

Story = Callable[[httpx.AsyncClient], Awaitable[None]]


class FullLog(MemoryLog):
    """A log without room."""

    def probe(self) -> None:
        raise LogUnavailable("the disk is full")

    def append(self, _lines: object) -> None:
        self.probe()


def visit(
    story: Story,
    log: MemoryLog,
    tracker: Path | None = None,
    *,
    proxies: Sequence[str] = ("127.0.0.1",),
    budgets: Budgets | None = None,
    check: Check | None = None,
) -> None:
    """Run a collector on `log` for as long as the story lasts."""

    async def run() -> None:
        commit = GroupCommit(log, GuardedClock(lambda: 1000.0, lambda: 0.0), 0, window=0.001)
        assets = load_tracker(tracker) if tracker else {}
        origins = Origins(networks(proxies), "CF-IPCountry")
        app = Collector(commit, POLICIES, assets, origins, budgets, check)
        running = asyncio.create_task(commit.run())
        async with listening(app) as listener:
            address, agent = f"http://127.0.0.1:{listener.port}", {"user-agent": "Firefox"}
            async with httpx.AsyncClient(base_url=address, headers=agent) as client:
                await story(client)
        commit.stop()
        await running

    play(run)


def post(body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, list[bytes]]:
    """Post one body to a fresh collector; returns the status and the lines of its log."""
    log, statuses = MemoryLog(), []

    async def story(client: httpx.AsyncClient) -> None:
        answer = await client.post("/b", content=body, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers
        statuses.append(answer.status_code)

    visit(story, log)
    return statuses[0], log.read(0, 1000).lines


def get(path: str, method: str = "GET", log: MemoryLog | None = None) -> httpx.Response:
    answers = []

    async def story(client: httpx.AsyncClient) -> None:
        answers.append(await client.request(method, path))

    visit(story, log or MemoryLog())
    return answers[0]


def test_a_beacon_becomes_a_line_with_time_agent_and_country() -> None:
    status, lines = post(BEACON, {"CF-IPCountry": "DE", "content-type": "text/plain"})
    assert status == 204
    assert lines == [
        b'{"at":1000000,"ua":"Firefox","country":"DE","gpc":false,"beacon":%s}' % BEACON
    ]


def test_an_array_becomes_a_line_for_each_element() -> None:
    status, lines = post(b'[{"a":1},"text",{"b":2}]', {"content-type": "application/json"})
    assert status == 204
    assert [line[line.index(b"Firefox") + 9 :] for line in lines] == [
        b'"gpc":false,"beacon":{"a":1}}',
        b'"raw":"\\"text\\""}',
        b'"gpc":false,"beacon":{"b":2}}',
    ]


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff\x00", b'{"a":NaN}', b"[[[["])
def test_whatever_else_arrives_is_kept_as_text(body: bytes) -> None:
    status, lines = post(body)
    assert status == 204
    assert [msgspec.json.decode(line) for line in lines] == [
        {"at": 1_000_000, "ua": "Firefox", "raw": body.decode("utf-8", "replace")}
    ]


def test_an_empty_array_is_taken_and_leaves_nothing() -> None:
    assert post(b"[]") == (204, [])


def test_gzip_is_unpacked_before_it_is_read() -> None:
    status, lines = post(gzip.compress(BEACON), {"content-encoding": "gzip"})
    assert status == 204
    assert lines[0].endswith(BEACON + b"}")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x" * 65_537, "identity"),
        (gzip.compress(b"x" * 262_145), "gzip"),
        (b"[" + b"{}," * 100 + b"{}]", "identity"),
    ],
)
def test_a_request_over_a_limit_is_refused_whole(body: bytes, encoding: str) -> None:
    assert post(body, {"content-encoding": encoding}) == (413, [])


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_who_objects_is_dropped_stripped_or_ignored_as_each_site_says(header: str) -> None:
    drop, ignore = b'{"site":"shop-d"}', b'{"site":"shop-i","visitor":{}}'
    unknown, raw = b'{"site":"unknown","visitor":{}}', b"5"
    body = b"[" + b",".join([drop, BEACON, ignore, unknown, raw]) + b"]"
    status, lines = post(body, {header: "1"})
    assert status == 204
    assert [msgspec.json.decode(line).get("beacon") for line in lines] == [
        {"v": 1, "site": "shop-a", "test": {"group": "A"}},
        {"site": "shop-i", "visitor": {}},
        {"site": "unknown", "visitor": {}},
        None,
    ]
    assert (b'"gpc":true' in lines[0]) == (header == "Sec-GPC")


def test_without_objection_a_site_that_would_drop_keeps_everything() -> None:
    assert post(b'{"site":"shop-d"}')[1][0].endswith(b'"beacon":{"site":"shop-d"}}')


def test_no_address_and_no_cookie_is_stored() -> None:
    headers = {"cookie": "id=secret", "x-forwarded-for": "192.0.2.7", "referer": "http://a/"}
    assert post(BEACON, headers) == post(BEACON)


def test_a_country_is_believed_only_from_a_trusted_proxy() -> None:
    log = MemoryLog()

    async def story(client: httpx.AsyncClient) -> None:
        headers = {"CF-IPCountry": "DE", "X-Forwarded-For": "127.0.0.1"}
        assert (await client.post("/b", content=BEACON, headers=headers)).status_code == 204

    visit(story, log, proxies=[])
    assert b"country" not in log.read(0, 1).lines[0]


def test_past_a_budget_nothing_is_kept_and_the_answer_says_when_to_come_again() -> None:
    log, now = MemoryLog(), [0.0]
    budgets = Budgets(per_address=0.5, declared=POLICIES, clock=lambda: now[0])

    async def story(client: httpx.AsyncClient) -> None:
        async def post(visitor: str) -> httpx.Response:
            forged = f"203.0.113.{len(log.read(0, 100).lines)}"
            headers = {"X-Forwarded-For": f"{forged}, {visitor}"}
            return await client.post("/b", content=BEACON, headers=headers)

        assert [(await post("192.0.2.1")).status_code for _ in range(5)] == [204] * 5
        answer = await post("192.0.2.99")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "budget of its address" in answer.text
        assert (await post("198.51.100.1")).status_code == 204
        health = (await client.get("/health")).json()
        assert (health["accepted"], health["rejected"]) == (6, {"429": 1})
        assert health["limited"] == {"address": 1}
        now[0] += 2
        assert (await post("192.0.2.1")).status_code == 204

    visit(story, log, budgets=budgets)
    assert len(log.read(0, 100).lines) == 7


def test_a_site_past_its_budget_does_not_take_that_of_another() -> None:
    log = MemoryLog()
    budgets = Budgets(per_site=0.2, declared=POLICIES, clock=lambda: 0.0)

    async def story(client: httpx.AsyncClient) -> None:
        async def post(*sites: str) -> int:
            body = msgspec.json.encode([{"site": site} for site in sites])
            return (await client.post("/b", content=body)).status_code

        assert [await post("shop-a") for _ in range(3)] == [204, 204, 429]
        assert await post("shop-i") == 204
        assert await post("shop-i", "shop-a") == 429
        assert (await client.get("/health")).json()["limited"] == {"site": 2}

    visit(story, log, budgets=budgets)
    assert len(log.read(0, 100).lines) == 3


def test_beacons_of_boomerang_are_collected_and_objections_hold_for_them() -> None:
    log = MemoryLog()

    async def story(client: httpx.AsyncClient) -> None:
        form = {"v": "1", "u": "https://shop.example/?q", "n": "1", "pid": "a", "rt.si": "b-c"}
        form |= {"h.ab": "B"}
        assert (await client.post("/boomerang/shop-a?test=speed", data=form)).status_code == 204
        query = {"site": "shop-i", **form}
        assert (await client.get("/boomerang", params=query)).status_code == 204
        drop = await client.post("/boomerang/shop-d", data=form, headers={"Sec-GPC": "1"})
        assert drop.status_code == 204
        assert (await client.post("/boomerang/shop-a", content=b"hello")).status_code == 204
        assert (await client.post("/boomerang/shop-a", content=b"x" * 70_000)).status_code == 413
        assert (await client.options("/boomerang/shop-a")).status_code == 204
        head = await client.head("/boomerang/shop-a")
        assert head.headers["allow"] == "GET, POST, OPTIONS"
        assert (await client.get("/boomerangs")).status_code == 404
        assert (await client.get("/health")).json()["dropped"] == 1

    visit(story, log)
    lines = [msgspec.json.decode(line) for line in log.read(0, 10).lines]
    sites = [line.get("beacon", {}).get("site") for line in lines]
    assert sites == ["shop-a", "shop-i", None]
    assert lines[0]["beacon"]["page"] == {"url": "https://shop.example/"}
    assert lines[0]["beacon"]["test"] == {"name": "speed", "group": "B"}
    assert lines[2]["raw"] == "hello"


def test_a_log_without_room_is_503_with_a_time_to_come_back() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        assert (await client.get("/health")).status_code == 200
        answer = await client.post("/b", content=BEACON)
        assert (answer.status_code, answer.text) == (503, "the disk is full\n")
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["access-control-allow-origin"] == "*"
        health = await client.get("/health")
        assert health.status_code == 503
        assert health.json()["status"] == "unavailable"
        assert health.json()["rejected"] == {"503": 1}

    visit(story, FullLog())


def test_health_counts_what_was_accepted_dropped_and_rejected() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await client.post("/b", content=b'[{"site":"shop-d"},{}]', headers={"DNT": "1"})
        await client.post("/b", content=b"x" * 70_000)
        await client.get("/nowhere")
        health = await client.get("/health")
        assert health.status_code == 200
        assert health.headers["cache-control"] == "no-store"
        assert health.json() == {
            "status": "ok",
            "accepted": 1,
            "dropped": 1,
            "rejected": {"413": 1, "404": 1},
            "limited": {},
        }

    visit(story, MemoryLog())


def test_prometheus_is_told_what_was_counted() -> None:
    budgets = Budgets(per_site=0.1, declared=POLICIES, clock=lambda: 0.0)

    async def story(client: httpx.AsyncClient) -> None:
        await client.post("/b", content=b'[{"site":"shop-d"},{}]', headers={"DNT": "1"})
        await client.post("/b", content=b'{"site":"shop-d"}')
        await client.get("/nowhere")
        answer = await client.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        told = [line for line in answer.text.splitlines() if not line.startswith("#")]
        assert told == [
            "bellrock_collector_accepted_total 1.0",
            "bellrock_collector_dropped_total 1.0",
            'bellrock_collector_rejected_total{status="404"} 1.0',
            'bellrock_collector_rejected_total{status="429"} 1.0',
            'bellrock_collector_limited_total{of="site"} 1.0',
        ]
        assert (await client.head("/metrics")).content == b""

    visit(story, MemoryLog(), budgets=budgets)


def test_a_preflight_is_allowed_for_a_day_and_without_credentials() -> None:
    answer = get("/b", "OPTIONS")
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "content-type, content-encoding"
    assert answer.headers["access-control-max-age"] == "86400"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/b", "POST, OPTIONS"),
        ("PUT", "/b", "POST, OPTIONS"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_another_method_is_405_and_says_which_are_right(
    method: str, path: str, allowed: str
) -> None:
    answer = get(path, method)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed


def echo(lines: Sequence[bytes]) -> list[list[str]]:
    """A check that finds the lines themselves."""
    return [[line.decode()] for line in lines]


def test_a_check_says_what_it_finds_in_each_beacon_and_keeps_nothing() -> None:
    log = MemoryLog()

    async def story(client: httpx.AsyncClient) -> None:
        body = b'[{"site":"shop-d"},5]'
        answer = await client.post("/b/check", content=body, headers={"DNT": "1"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.json() == {
            "stored": False,
            "beacons": [
                {"issues": ['{"at":0,"ua":"Firefox","gpc":false,"beacon":{"site":"shop-d"}}']},
                {"issues": ['{"at":0,"ua":"Firefox","raw":"5"}']},
            ],
        }
        assert answer.text.count("\n") > 5, "people read it"
        assert (await client.options("/b/check")).status_code == 204
        assert (await client.get("/b/check")).headers["allow"] == "POST, OPTIONS"
        assert (await client.get("/health")).json()["accepted"] == 0

    visit(story, log, check=echo)
    assert log.end() == 0


def test_a_check_has_the_limits_of_a_beacon_and_one_of_its_own() -> None:
    budgets = Budgets(clock=lambda: 0.0)

    async def story(client: httpx.AsyncClient) -> None:
        many = await client.post("/b/check", content=b"[" + b"{}," * 100 + b"{}]")
        assert many.status_code == 413
        asked = [(await client.post("/b/check", content=b"{}")).status_code for _ in range(80)]
        assert asked == [200] * 79 + [429]
        assert (await client.post("/b", content=b"{}")).status_code == 204
        assert (await client.get("/health")).json()["limited"] == {"check": 1}

    visit(story, MemoryLog(), budgets=budgets, check=echo)


def test_a_check_that_fails_is_answered_and_the_collector_goes_on() -> None:
    def fail(_lines: Sequence[bytes]) -> list[list[str]]:
        raise ZeroDivisionError

    async def story(client: httpx.AsyncClient) -> None:
        assert (await client.post("/b/check", content=b"{}")).status_code == 500
        assert (await client.post("/b", content=b"{}")).status_code == 204

    visit(story, MemoryLog(), check=fail)


def test_where_nothing_checks_there_is_no_such_address() -> None:
    assert get("/b/check", "POST").status_code == 404


@pytest.mark.parametrize("path", ["/", "/b/", "/B", "/b/check/x", "/t.js"])
def test_there_is_nothing_elsewhere(path: str) -> None:
    assert get(path).status_code == 404


def test_every_answer_is_for_any_origin_and_none_sets_a_cookie(tmp_path: Path) -> None:
    (tmp_path / "t.js").write_bytes(b"1;")
    asked = {
        ("POST", "/b"): 204,
        ("OPTIONS", "/b"): 204,
        ("GET", "/b"): 405,
        ("GET", "/nowhere"): 404,
        ("GET", "/health"): 200,
        ("GET", "/t.js"): 200,
        ("POST", "/t.js"): 405,
    }

    async def story(client: httpx.AsyncClient) -> None:
        for (method, path), status in asked.items():
            answer = await client.request(method, path)
            assert (method, path, answer.status_code) == (method, path, status)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "set-cookie" not in answer.headers

    visit(story, MemoryLog(), tmp_path)


def talk(*sent: bytes) -> tuple[bytes, list[bytes]]:
    """Send bytes on one connection, and that no more will come; all answers, and the lines of the log."""
    log, answers = MemoryLog(), []

    async def story(client: httpx.AsyncClient) -> None:
        bare = Client(*await asyncio.open_connection("127.0.0.1", client.base_url.port))
        bare.send(*sent)
        bare.writer.write_eof()
        answers.append(await bare.rest())
        bare.writer.close()

    visit(story, log)
    return answers[0], log.read(0, 1000).lines


def framed(body: bytes) -> bytes:
    return b"POST /b HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def test_beacons_that_are_sent_ahead_on_one_connection_are_all_kept_in_their_order() -> None:
    answers, lines = talk(*(framed(b'{"number":%d}' % number) for number in range(20)))
    assert answers.count(b"HTTP/1.1 204 No Content\r\n") == 20
    numbers = [msgspec.json.decode(line)["beacon"]["number"] for line in lines]
    assert numbers == list(range(20))


def test_after_a_body_that_is_too_large_the_connection_goes_on() -> None:
    answers, lines = talk(framed(b"x" * 1_000_000), framed(b'{"a":1}'))
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"413", b"204"]
    assert [msgspec.json.decode(line)["beacon"] for line in lines] == [{"a": 1}]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", b"400 Bad Request"),
        (framed(b"{}").replace(b"\r\n\r\n", b"\r\ntransfer-encoding: chunked\r\n\r\n"), b"400 "),
        (
            framed(b"{}").replace(b"content", b"upgrade: x\r\nconnection: upgrade\r\ncontent"),
            b"400 ",
        ),
        (b"GET /health HTTP/1.1\r\n" + b"".join(b"a%d:\r\n" % n for n in range(102)), b"431 "),
        (framed(b"x" * 2_000_000)[: BODY_BYTES + DISCARDED_BYTES + 100], b"413 "),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason_and_ends_the_connection(
    sent: bytes, status: bytes
) -> None:
    answers, lines = talk(sent)
    head, _, reason = answers.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"\r\naccess-control-allow-origin: *\r\n" in head
    assert head.endswith(b"\r\nconnection: close")
    assert reason.endswith(b".\n")
    assert b"HTTP/1.1" not in reason.removeprefix(b"This is no HTTP/1.1")
    assert lines == []


def test_what_cannot_be_read_is_counted_with_what_was_rejected() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        bare = Client(*await asyncio.open_connection("127.0.0.1", client.base_url.port))
        bare.send(b"hello\r\n\r\n")
        assert (await bare.answer())[0] == 400
        assert (await client.get("/health")).json()["rejected"] == {"400": 1}
        bare.writer.close()

    visit(story, MemoryLog())


def test_the_tracker_is_served_and_head_has_no_body(tmp_path: Path) -> None:
    (tmp_path / "t.js").write_bytes(b"1;")

    async def story(client: httpx.AsyncClient) -> None:
        assert (await client.get("/t.js")).content == b"1;"
        head = await client.head("/t.js")
        assert (head.status_code, head.content) == (200, b"")
        assert (await client.post("/t.js")).status_code == 405

    visit(story, MemoryLog(), tmp_path)
