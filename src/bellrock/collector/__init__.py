"""The collector: takes beacons over HTTP and answers only when the log has them durably.

Reading order: server, listener, connection, reading, exchange; app, body, elements, privacy, entry,
commit, clock; tracker, beside them.
"""

from bellrock.collector.config import CollectorConfig
from bellrock.collector.server import run

__all__ = ["CollectorConfig", "run"]
