"""What a collector tells Prometheus: counts enter, the text format leaves. No site and no address is in it."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector as Source

from bellrock.collector.counts import Counts
from bellrock.collector.exchange import ANYWHERE, Answer, answer

_HEADERS = [
    ANYWHERE,
    (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
    (b"cache-control", b"no-store"),
]


class _Told(Source):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        counts, name = self._counts, "bellrock_collector"
        yield CounterMetricFamily(f"{name}_accepted", "Beacons kept", value=counts.accepted)
        yield CounterMetricFamily(
            f"{name}_dropped", "Beacons not kept, for their sender objects", value=counts.dropped
        )
        rejected = CounterMetricFamily(f"{name}_rejected", "Requests rejected", labels=["status"])
        for status, count in sorted(counts.rejected.items()):
            rejected.add_metric([str(status)], count)
        yield rejected
        limited = CounterMetricFamily(f"{name}_limited", "Requests over a budget", labels=["of"])
        for of, count in sorted(counts.limited.items()):
            limited.add_metric([of], count)
        yield limited


def metrics(counts: Counts) -> Answer:
    """The answer to a scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(counts))
    return answer(200, _HEADERS, generate_latest(registry))
