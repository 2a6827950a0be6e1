"""The collector: takes beacons over HTTP and answers only when the log has them durably.

Reading order: server, listener, connection, reading, exchange; app, addresses, origin, countries,
budgets, body, elements, privacy, entry, commit, clock; answers, metrics, boomerang, tracker, beside
them. With workers: crew, link, remote, counts.
"""

from bellrock.collector.config import CollectorConfig
from bellrock.collector.server import run, run_worker, run_workers

__all__ = ["CollectorConfig", "run", "run_worker", "run_workers"]
