"""Faults of OpenSearch and DynamoDB that requests meet in a proxy, and by which chance they do.

Enters: a seed, and how often there is which fault. Leaves: which fault a request meets, and how many did. What
always holds: a request meets a fault that can be its own alone, and none after `clear`.
"""

import gzip
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from servers.proxy import Answer, Fault, Forward, Request

_TOO_LATE = 45.0  # seconds: no client of ours waits so long

_JSON = {"Content-Type": "application/json"}
_AMAZON = {"Content-Type": "application/x-amz-json-1.0"}
_FULL = {"type": "rejected_execution_exception", "reason": "a fault of the test"}


def answer_lost(request: Request, forward: Forward) -> None:
    """The request is carried out, and the connection is cut."""
    forward(request)


def answered_too_late(request: Request, forward: Forward) -> None:
    """The request is carried out, and there is no answer until the client has had enough."""
    forward(request)
    request.left(_TOO_LATE)


def too_many_requests(_request: Request, _forward: Forward) -> Answer:
    """OpenSearch takes nothing."""
    return Answer(429, _JSON, json.dumps({"error": _FULL, "status": 429}).encode())


def half_refused(request: Request, forward: Forward) -> Answer:
    """OpenSearch takes every other document of a bulk request."""
    packed = request.headers.get("content-encoding") == "gzip"
    lines = (gzip.decompress(request.body) if packed else request.body).splitlines(keepends=True)
    items = [b"".join(lines[n : n + 2]) for n in range(0, len(lines), 2)]
    headers = {name: text for name, text in request.headers.items() if name != "content-encoding"}
    answer = forward(request._replace(headers=headers, body=b"".join(items[::2])))
    said = json.loads(answer.body)
    if answer.status != 200:
        return answer
    refused = {"index": {"status": 429, "error": _FULL}}
    taken = iter(said["items"])
    said["items"] = [refused if n % 2 else next(taken) for n in range(len(items))]
    said["errors"] = said["errors"] or len(items) > 1
    return Answer(200, _JSON, json.dumps(said).encode())


def throttled(_request: Request, _forward: Forward) -> Answer:
    """DynamoDB takes nothing."""
    kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    said = {"__type": kind, "message": "a fault of the test"}
    return Answer(400, _AMAZON, json.dumps(said).encode())


def half_throttled(request: Request, forward: Forward) -> Answer:
    """DynamoDB carries out every other statement of a batch."""
    asked: dict[str, Any] = json.loads(request.body)
    statements = asked["Statements"]
    half = json.dumps({**asked, "Statements": statements[::2]}).encode()
    answer = forward(request._replace(body=half))
    if answer.status != 200:
        return answer
    done = iter(json.loads(answer.body)["Responses"])
    refused = {"Error": {"Code": "ThrottlingError", "Message": "a fault of the test"}}
    said = [refused if n % 2 else next(done) for n in range(len(statements))]
    return Answer(200, _AMAZON, json.dumps({"Responses": said}).encode())


def is_bulk(request: Request) -> bool:
    return request.path.split("?")[0].endswith("/_bulk")


def is_batch(request: Request) -> bool:
    return request.headers.get("x-amz-target", "").endswith("BatchExecuteStatement")


def is_any(_request: Request) -> bool:
    return True


class Chance(NamedTuple):
    """A fault, which requests it can be that of, and which share of them meets it."""

    fault: Fault
    concerns: Callable[[Request], bool]
    share: float


SEARCH = (
    Chance(too_many_requests, is_any, 0.03),
    Chance(half_refused, is_bulk, 0.06),
    Chance(answer_lost, is_any, 0.03),
)
DYNAMODB = (
    Chance(throttled, is_any, 0.02),
    Chance(half_throttled, is_batch, 0.5),
    Chance(answer_lost, is_any, 0.01),
)


class Weather:
    """What requests meet: the faults of some chances, and those that are `due`."""

    def __init__(self, seed: str, chances: Sequence[Chance]) -> None:
        self.met, self.outdated = Counter[str](), 0
        self._chance, self._chances = Random(seed), chances
        self._due: list[tuple[Callable[[Request], bool], Fault]] = []
        self._lock = threading.Lock()

    def due(self, fault: Fault, concerns: Callable[[Request], bool] = is_bulk) -> None:
        """Let the next request that it can be that of meet a fault."""
        with self._lock:
            self._due.append((concerns, fault))

    def clear(self) -> None:
        """Let no more request meet a fault."""
        with self._lock:
            self._chances, self._due = (), []

    def meet(self, request: Request, forward: Forward) -> Answer | None:
        fault = self._draw(request)
        if fault is not None:
            return fault(request, self._counting(forward))
        return self._counting(forward)(request)

    def _draw(self, request: Request) -> Fault | None:
        with self._lock:
            fault = None
            for n, (concerns, due) in enumerate(self._due):
                if concerns(request):
                    del self._due[n]
                    fault = due
                    break
            else:
                for chance in self._chances:
                    if chance.concerns(request) and self._chance.random() < chance.share:
                        fault = chance.fault
                        break
            if fault is not None:
                self.met[getattr(fault, "__name__", "detained")] += 1
            return fault

    def _counting(self, forward: Forward) -> Forward:
        def counted(request: Request) -> Answer:
            answer = forward(request)
            if is_bulk(request):
                with self._lock:
                    self.outdated += answer.body.count(b'version_conflict_engine_exception"')
            return answer

        return counted


class Detained:
    """A fault: a request is held up until `release`, and only then carried out; its client never hears of it."""

    def __init__(self) -> None:
        self._caught, self._released, self._over = (threading.Event() for _ in range(3))
        self._port = 0
        self.outdated = 0
        """Documents of it that were refused because newer ones were there."""

    def port(self, within: float) -> int:
        """The port of its client, as soon as there is one."""
        assert self._caught.wait(within), "no request came by"
        return self._port

    def release(self) -> None:
        self._released.set()
        assert self._over.wait(60), "the server does not answer a late request"

    def __call__(self, request: Request, forward: Forward) -> None:
        self._port = request.port
        self._caught.set()
        self._released.wait()
        try:
            self.outdated = forward(request).body.count(b'"status":409')
        finally:
            self._over.set()
