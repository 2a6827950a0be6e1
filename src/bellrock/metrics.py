"""What an engine tells Prometheus of itself.

Enters: each step, from the engine's thread; what is asked for at each look, as functions. Leaves: the text
format of Prometheus, from any thread. No name of a site is in it, so whoever runs many shops may show it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Counter as Total
from prometheus_client.metrics_core import Metric

from bellrock.operators.balance import Balance

PREFIX = "bellrock"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LINES = (10, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000)

# Or each counter would have another series, which nobody looks at: the time at which it began.
disable_created_metrics()  # type: ignore[no-untyped-call]  # this function alone has no types


class StepFigures(msgspec.Struct, frozen=True):
    """A step as it is told: how many `lines` it folded in how many `seconds`; `issues` are lines by kind."""

    lines: int
    seconds: float
    issues: Mapping[str, int]


class Standing(msgspec.Struct, frozen=True):
    """What is open, in how many bytes of memory, and the `balance` of all steps of the store together."""

    sessions: int
    impressions: int
    state_bytes: int
    balance: Balance


class Metrics:
    """The figures of one engine."""

    def __init__(self) -> None:
        """Begin before the first step, with nothing watched."""
        self._registry = CollectorRegistry()
        self._lines = self._total("lines", "log lines folded since the engine started")
        self._issues = self._total("issue_lines", "those with an issue, by its kind", "issue")
        self._seconds = self._histogram(
            "step_seconds", "time of a step, its commit included", _SECONDS
        )
        self._sizes = self._histogram("step_lines", "log lines of a step", _LINES)
        self._sessions = self._gauge("open_sessions", "sessions that are open")
        self._impressions = self._gauge("open_impressions", "page impressions of open sessions")
        self._state = self._gauge("state_bytes", "memory of open sessions and page impressions")
        self._accounted = self._gauge(
            "accounted_lines", "all lines ever folded into the store, by where they went", "part"
        )
        self._difference = self._gauge(
            "unaccounted_lines", "lines folded that are nowhere: 0, or there is a defect"
        )
        ProcessCollector(namespace=PREFIX, registry=self._registry)

    def watch(self, name: str, description: str, figure: Callable[[], float]) -> None:
        """Add a figure that is asked for at each look."""
        self._gauge(name, description).set_function(figure)

    def count(self, step: StepFigures) -> None:
        """Take a step into account; from the engine's thread."""
        self._lines.inc(step.lines)
        for issue, lines in step.issues.items():
            self._issues.labels(issue).inc(lines)
        self._seconds.observe(step.seconds)
        self._sizes.observe(step.lines)

    def show(self, standing: Standing) -> None:
        """Say how the engine stands: at its start, and after each step; from its thread."""
        self._sessions.set(standing.sessions)
        self._impressions.set(standing.impressions)
        self._state.set(standing.state_bytes)
        for part, lines in msgspec.structs.asdict(standing.balance).items():
            self._accounted.labels(part).set(lines)
        self._difference.set(standing.balance.difference)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)

    def described(self) -> Iterable[Metric]:
        """Every metric with its name, kind and description, in order."""
        return self._registry.collect()

    def _total(self, name: str, description: str, *labels: str) -> Total:
        return Total(f"{PREFIX}_{name}", description, labels, registry=self._registry)

    def _gauge(self, name: str, description: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", description, labels, registry=self._registry)

    def _histogram(self, name: str, description: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", description, buckets=buckets, registry=self._registry)


def issue_lines(rows: Iterable[tuple[str, int]]) -> Counter[str]:
    """Lines by issue, of (issue, lines) that may repeat."""
    lines: Counter[str] = Counter()
    for issue, count in rows:
        lines[issue] += count
    return lines
