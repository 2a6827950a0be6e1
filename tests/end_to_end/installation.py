"""A whole installation as a user starts it: `bellrock serve` as a process, on free ports, in a folder of its own."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import httpx
import msgspec
import psutil

from bellrock.accounts import Accounts
from bellrock.config import Config
from bellrock.log.sqlite import SqliteLogReader
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore
from stored import Holding, holding

SITES = """
[[site]]
key = "demo-shop"
currency = "EUR"
order_key = "5d0c6f1e7a9b3c2d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5"
dimensions = ["label", "firstLoad", "served", "country"]
labels = ["home", "listing", "product", "cart", "confirmation"]
timers = ["hero"]
[[site.test]]
name = "speed"
control = "A"
groups = { A = 0.5, B = 0.5 }

[[site]]
key = "kiosk"
currency = "JPY"
order_key = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
"""
BELLROCK = [sys.executable, "-m", "bellrock"]
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; a machine that is busy gets its time, a broken one a clear end."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"in vain waited for: {what}"
        time.sleep(0.05)


def settings(folder: Path, step_seconds: float) -> Config:
    """The settings of an installation in a folder, whose sites are written there; on free ports."""
    sites = folder / "sites.toml"
    sites.write_text(SITES)
    return Config(
        data=str(folder / "data"),
        sites=str(sites),
        collect=f"127.0.0.1:{free_port()}",
        dashboard=f"127.0.0.1:{free_port()}",
        trusted_proxies="127.0.0.1",
        country_header="X-Country",
        step_seconds=step_seconds,
    )


def wait_until_folded(config: Config, lines: int) -> None:
    """Wait until the engine says that it has folded that many lines."""
    with Accounts(config.accounts_file) as accounts:
        headers = {"Authorization": f"Bearer {accounts.add_token('demo-shop')}"}
    with httpx.Client(base_url=config.dashboard_address.url, headers=headers) as http:
        until(lambda: _position(http) >= lines, f"the engine to fold {lines} lines")


def _position(http: httpx.Client) -> int:
    with (
        suppress(httpx.HTTPError),
        http.stream("GET", "/api/v1/live", params={"site": "demo-shop"}) as events,
    ):
        for event in events.iter_lines():
            if event.startswith("data:"):
                return int(msgspec.json.decode(event[5:])["position"])
    return 0


class Installation:
    """`bellrock serve` in `folder`; a context manager that stops what it started."""

    def __init__(self, folder: Path) -> None:
        self.config = settings(folder, 0.2)
        self.output = folder / "serve.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Installation":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        config = self.config
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *BELLROCK, "serve", "--data", config.data, "--sites", config.sites,
                    "--collect", config.collect, "--dashboard", config.dashboard,
                    "--trusted-proxies", config.trusted_proxies,
                    "--country-header", config.country_header,
                    "--step-seconds", str(config.step_seconds),
                ],
                stdout=output, stderr=output,
            )  # fmt: skip
        shown = self.output.stat().st_size
        until(
            lambda: b"dashboard " in self.output.read_bytes()[shown:], f"serve, see {self.output}"
        )

    def stop(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def kill(self, name: str) -> None:
        """SIGKILL the child process of that name, and wait until another one runs."""
        until(lambda: self._child(name), name)
        dead = self._child(name)
        assert dead is not None
        pid = dead.pid
        dead.kill()
        until(lambda: (new := self._child(name)) and new.pid != pid, f"another {name}")

    def _child(self, name: str) -> psutil.Process | None:
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children():
            # One that was killed a moment ago may be gone, or not be buried yet.
            with suppress(psutil.NoSuchProcess):
                if name in child.cmdline():
                    return child
        return None

    def log_lines(self) -> list[bytes]:
        with closing(SqliteLogReader(self.config.log_directory)) as reader:
            return reader.read(0, 10**9).lines

    def holding(self) -> Holding:
        """What the store of a stopped installation holds."""
        with closing(DuckDBStore(self.config.store_file)) as store:
            return holding(store, load_sites(self.config.sites_file))
