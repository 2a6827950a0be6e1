"""An open model: requests are sent when they are due, whether or not others were answered.

Enters: an address, a rate and a duration. Leaves: what became of every request, and when. What always holds:
a request's time is counted from when it was due, also while it waits for a connection that is free; the
schedule is a function of its seed.

It talks to the sockets itself, from one loop: at 20,000 requests a second asyncio would be the bottleneck,
and the collector would be blamed for it.
"""

import resource
import select
import socket
import time
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np

CONNECTIONS = 2048  # of them as many are busy as requests are on their way
_AT_ONCE = 512
_KEPT = b"HTTP/1.1 204 "
_TICK = 0.001  # what falls due within one leaves together
_ANSWER_WITHIN = 1.0  # after the last request was due


class Outcome(NamedTuple):
    """What became of one stretch of requests. Times in seconds, from when each was due."""

    rate: float  # requests due in a second
    sent: int
    kept: int  # answered 204
    seconds: float  # from the first that was due to the last answer
    times: np.ndarray  # of those that were answered 204
    late: float  # after which 99 % of the requests for which a connection was free had been sent
    busy: float  # share of a core that the sender took

    @property
    def p50(self) -> float:
        """Within this many seconds half of them were answered."""
        return self._quantile(0.5)

    @property
    def p99(self) -> float:
        """Within this many seconds 99 % were answered; those that never were took for ever."""
        return self._quantile(0.99)

    def _quantile(self, share: float) -> float:
        rank = int(share * (self.sent - 1))
        return float(np.sort(self.times)[rank]) if rank < len(self.times) else float("inf")


class Target(NamedTuple):
    """Where requests go, and which: one after the other, again and again."""

    port: int
    requests: Sequence[bytes]

    def send(self, rate: float, seconds: float, seed: int) -> Outcome:
        """Send by a Poisson process, and wait for the answers."""
        gaps = np.random.default_rng(seed).exponential(1 / rate, int(rate * seconds))
        with closing(_Sender(self, CONNECTIONS)) as sender:
            return sender.send(rate, np.cumsum(gaps).tolist())

    def saturate(self, seconds: float) -> float:
        """Keep as many requests on their way as may be; returns how many a second were answered 204."""
        with closing(_Sender(self, _AT_ONCE)) as sender:
            return sender.saturate(seconds)


class _Sender:
    """Kept-alive connections to one address, each with at most one request on its way."""

    def __init__(self, target: Target, connections: int) -> None:
        self._port, self._requests = target
        self._poll = select.epoll()
        self._open: dict[int, socket.socket] = {}
        self._idle: list[int] = []
        self._due: dict[int, float] = {}  # of the request on its way, by connection
        for _ in range(connections):
            self._connect()

    def saturate(self, seconds: float) -> float:
        began = time.perf_counter()
        kept = sent = 0
        while time.perf_counter() - began < seconds:
            while self._idle:
                self._post(self._idle.pop(), sent, 0.0)
                sent += 1
            kept += len(self._answered(_TICK))
        return kept / seconds

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._poll.close()

    def send(self, rate: float, due: list[float]) -> Outcome:
        times: list[float] = []
        late: list[float] = []
        sent, began, used = 0, time.perf_counter(), _processor_time()
        while sent < len(due) or self._due:
            now = time.perf_counter() - began
            if now > due[-1] + _ANSWER_WITHIN:
                break
            waited = not self._idle
            while sent < len(due) and due[sent] <= now and self._idle:
                self._post(self._idle.pop(), sent, due[sent])
                if not waited:
                    late.append(time.perf_counter() - began - due[sent])
                sent += 1
            ahead = due[sent] - now if sent < len(due) and self._idle else _TICK
            answered = self._answered(min(max(ahead, 0.0), _TICK))
            now = time.perf_counter() - began
            times += [now - moment for moment in answered]
        used = _processor_time() - used
        return Outcome(
            rate, len(due), len(times), now, np.array(times), _last_percent(late), used / now
        )

    def _post(self, number: int, sent: int, due: float) -> None:
        self._due[number] = due
        self._open[number].send(self._requests[sent % len(self._requests)])

    def _answered(self, within: float) -> list[float]:
        """Read what has come; returns when the requests were due that are answered 204."""
        answered = []
        for number, _ in self._poll.poll(within):
            answer = self._open[number].recv(4096)
            due = self._due.pop(number)
            if answer:
                self._idle.append(number)
            else:
                self._open.pop(number).close()
                self._connect()
            if answer.startswith(_KEPT):
                answered.append(due)
        return answered

    def _connect(self) -> None:
        connection = socket.create_connection(("127.0.0.1", self._port))
        connection.settimeout(0)
        self._open[connection.fileno()] = connection
        self._idle.append(connection.fileno())
        self._poll.register(connection.fileno(), select.EPOLLIN)


def _last_percent(values: list[float]) -> float:
    return float(np.quantile(values, 0.99)) if values else float("inf")


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
