"""Who answers: each a process of its own, on one core, listening on a port of this machine.

A folder enters; a running server leaves, and ends with its context.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import psutil
import uvloop

from bellrock.collector import CollectorConfig, run, run_worker, run_workers
from bellrock.collector.clock import GuardedClock
from bellrock.collector.server import admit_many_connections, serve
from bench.collector import sink

_START_SECONDS = 20.0
_NGINX = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 16384;
error_log stderr crit; pid {folder}/nginx.pid;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 204; }} }}
}}
"""


class Server(NamedTuple):
    """A server that runs: where, and as which process."""

    port: int
    process: psutil.Process

    def processor_time(self) -> float:
        """Seconds that all of its threads, and its workers, have taken."""
        processes = [self.process, *self.process.children()]
        return float(sum(sum(process.cpu_times()[:2]) for process in processes))

    def memory(self) -> int:
        """Resident bytes."""
        return int(self.process.memory_info().rss)


class Forgetful:
    """A log that keeps nothing: what a collector without durability would be."""

    def append(self, lines: Sequence[bytes]) -> None:
        """Forget them."""

    def probe(self) -> None:
        """Take everything."""

    def close(self) -> None:
        """There is nothing to release."""


@contextmanager
def collector(folder: Path, core: int) -> Iterator[Server]:
    """The collector with its log, as `bellrock collect` runs it."""
    with _python(_collect, folder / "log", core) as server:
        yield server


@contextmanager
def workers(folder: Path, core: int) -> Iterator[Server]:
    """Two workers and the process that writes, on that core and the sender's."""
    with _python(_collect_by_workers, folder / "workers", core) as server:
        yield server


@contextmanager
def forgetful(folder: Path, core: int) -> Iterator[Server]:
    """The same, but what it answers 204 is kept nowhere."""
    with _python(_forget, folder / "forgotten", core) as server:
        yield server


@contextmanager
def ceiling(folder: Path, core: int) -> Iterator[Server]:
    """A loop that reads and answers without a look at what it reads: it shows what the sender can do."""
    with _python(sink.run, folder, core) as server:
        yield server


@contextmanager
def nginx(folder: Path, core: int) -> Iterator[Server]:
    """One process of nginx that reads the body, drops it and returns 204."""
    port, place = _free_port(), folder / "nginx"
    place.mkdir()
    (place / "nginx.conf").write_text(_NGINX.format(folder=place, port=port))
    executable = nginx_executable() or "nginx"
    command = [executable, "-p", str(place), "-c", str(place / "nginx.conf")]
    with subprocess.Popen(command) as process:
        os.sched_setaffinity(process.pid, {core})
        try:
            yield _started(port, process.pid)
        finally:
            process.terminate()


def nginx_executable() -> str | None:
    """Where nginx is, if it is there; Debian has it where only root looks."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def _collect(port: int, directory: Path, core: int) -> None:
    os.sched_setaffinity(0, {core})
    run(_config(port, directory))


def _collect_by_workers(port: int, directory: Path, _core: int) -> None:
    config = _config(port, directory)

    def start(link: socket.socket) -> BaseProcess:
        process = get_context("spawn").Process(target=run_worker, args=(config, link), daemon=True)
        process.start()
        return process

    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    run_workers(config, 2, start)


def _forget(port: int, directory: Path, core: int) -> None:
    os.sched_setaffinity(0, {core})
    admit_many_connections()
    with closing(Forgetful()) as log:
        uvloop.run(serve(_config(port, directory), log, GuardedClock()))


def _config(port: int, directory: Path) -> CollectorConfig:
    return CollectorConfig(host="127.0.0.1", port=port, log_directory=directory, policies={})


@contextmanager
def _python(
    target: Callable[[int, Path, int], None], directory: Path, core: int
) -> Iterator[Server]:
    port = _free_port()
    arguments = (port, directory, core)
    process = get_context("spawn").Process(target=target, args=arguments)
    process.start()
    try:
        yield _started(port, process.pid or 0)
    finally:
        process.terminate()
        process.join()


def _started(port: int, process: int) -> Server:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return Server(port, psutil.Process(process))
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
