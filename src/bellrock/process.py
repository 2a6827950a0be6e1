"""The collector's process, and what every process has that `bellrock serve` supervises."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TypeVar

import structlog

from bellrock.collector import CollectorConfig, run_worker, run_workers
from bellrock.collector import run as run_collector
from bellrock.config import Config
from bellrock.errors import FAILED, REFUSED, BellrockError, ConfigurationError
from bellrock.journal import configure_journal
from bellrock.normalise.check import BeaconCheck
from bellrock.schema.site import GpcPolicy, Site
from bellrock.sites import load_sites

T = TypeVar("T")

_logger = structlog.get_logger(__name__)


def collect(config: Config) -> None:
    """Collect until SIGTERM; SIGHUP reads the sites anew, without losing a beacon."""
    collector = _following_the_sites(config)
    if config.workers == 1:
        run_collector(collector)
        return
    signal.signal(signal.SIGHUP, _pass_on)
    run_workers(collector, config.workers, partial(_start, config))


def _start(config: Config, link: socket.socket) -> BaseProcess:
    process = get_context("spawn").Process(target=_work, args=(config, link), daemon=True)
    process.start()
    return process


def _work(config: Config, link: socket.socket) -> None:
    """Be a worker, in a process of its own."""
    configure_journal()
    try:
        run_worker(_following_the_sites(config), link)
    except BellrockError as error:
        _logger.error("worker stopped", reason=str(error))
        sys.exit(REFUSED if isinstance(error, ConfigurationError) else FAILED)


def _pass_on(number: int, _frame: FrameType | None) -> None:
    for worker in active_children():
        if worker.pid:
            os.kill(worker.pid, number)


def _following_the_sites(config: Config) -> CollectorConfig:
    """What the collector is told; what it is told of the sites is read anew at SIGHUP.

    A worker counts what it takes itself, so each has its part of the budget of a site.
    """
    sites: dict[str, Site] = {}
    policies: dict[str, GpcPolicy] = {}
    budgets: dict[str, float] = {}

    def read_sites() -> None:
        fresh = load_sites(config.sites_file)
        _become(sites, fresh)
        _become(policies, {key: site.gpc for key, site in fresh.items()})
        own = {key: site.budget for key, site in fresh.items() if site.budget}
        _become(budgets, {key: budget / config.workers for key, budget in own.items()})

    def reload(_number: int, _frame: FrameType | None) -> None:
        try:
            read_sites()
        except BellrockError as error:
            _logger.error("sites not reloaded", reason=str(error))

    read_sites()
    signal.signal(signal.SIGHUP, reload)
    host, port = config.collect_address
    return CollectorConfig(
        host=host,
        port=port,
        log_directory=config.log_directory,
        log=config.log or None,
        log_keep_bytes=config.log_keep_bytes,
        policies=policies,
        trusted_proxies=config.proxies,
        country_header=config.country_header or None,
        country_database=Path(config.country_database) if config.country_database else None,
        address_budget=config.address_budget or None,
        site_budget=config.site_budget / config.workers or None,
        site_budgets=budgets,
        check=BeaconCheck(sites),
        commit_window=config.commit_window_ms / 1000,
    )


def _become(followed: dict[str, T], fresh: Mapping[str, T]) -> None:
    """Change what others hold; there is no moment at which a site is missing that is in both."""
    followed.update(fresh)
    for gone in followed.keys() - fresh.keys():
        del followed[gone]


def end_with_parent() -> None:
    """Stop this process when its standard input ends: a supervisor that is killed leaves nobody behind."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="parent").start()
