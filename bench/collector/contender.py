"""A server that is measured, and what was seen of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from bench.collector.arrivals import Outcome, Target
from bench.collector.contenders import Server
from bench.collector.knee import knee
from bench.collector.priority import real_time
from bench.collector.strangers import strangers

_SATURATED_SECONDS = 1.0


class Contender:
    """A server, and its outcomes by the share of its knee."""

    def __init__(
        self, server: Server, requests: Sequence[bytes], *, seconds: float, first: bool
    ) -> None:
        """Find its knee. A stretch takes `seconds`; before all others on the machine if `first`."""
        self._server, self._target = server, Target(server.port, requests)
        self._seconds, self._first = seconds, first
        self.seen: dict[float, list[Outcome]] = {0.5: [], 1.0: []}
        self.costs: list[float] = []  # seconds of the processor for a request, at the knee
        with self._ahead():
            most = self._target.saturate(_SATURATED_SECONDS)
        self.knee = knee(lambda rate: self.send(rate, seed=1), most)

    def send(self, rate: float, seed: int) -> Outcome:
        """Send at a rate."""
        with self._ahead():
            return self._target.send(rate, self._seconds, seed)

    def send_among_strangers(self, rate: float, seed: int, core: int) -> tuple[Outcome, int, int]:
        """Send while strangers do their worst; also their connections, and by how many bytes it grew."""
        before = self._server.memory()
        with self._ahead(), strangers(self._server.port, core) as connections:
            outcome = self._target.send(rate, self._seconds, seed)
            return outcome, connections, self._server.memory() - before

    def take_a_turn(self, share: float, seed: int) -> None:
        """Measure at a share of the knee."""
        before = self._server.processor_time()
        outcome = self.send(self.knee * share, seed)
        self.seen[share].append(outcome)
        if share == 1.0:
            self.costs.append((self._server.processor_time() - before) / outcome.sent)

    def _ahead(self) -> AbstractContextManager[None]:
        return real_time(self._server.process) if self._first else nullcontext()
