"""The collector's process, and what every process has that `bellrock serve` supervises."""

import os
import signal
import threading
from types import FrameType

import structlog

from bellrock.collector import CollectorConfig
from bellrock.collector import run as run_collector
from bellrock.config import Config
from bellrock.errors import BellrockError
from bellrock.schema.site import GpcPolicy
from bellrock.sites import load_sites

_logger = structlog.get_logger(__name__)


def collect(config: Config) -> None:
    """Collect until SIGTERM; SIGHUP reads the sites anew, without losing a beacon."""
    policies = _policies(config)

    def reload(_number: int, _frame: FrameType | None) -> None:
        try:
            fresh = _policies(config)
        except BellrockError as error:
            _logger.error("sites not reloaded", reason=str(error))
            return
        policies.clear()
        policies.update(fresh)

    signal.signal(signal.SIGHUP, reload)
    host, port = config.collect_address
    run_collector(
        CollectorConfig(
            host=host,
            port=port,
            log_directory=config.log_directory,
            log=config.log or None,
            policies=policies,
            country_header=config.country_header or None,
            commit_window=config.commit_window_ms / 1000,
        )
    )


def end_with_parent() -> None:
    """Stop this process when its standard input ends: a supervisor that is killed leaves nobody behind."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="parent").start()


def _policies(config: Config) -> dict[str, GpcPolicy]:
    return {site.key: site.gpc for site in load_sites(config.sites_file).values()}
