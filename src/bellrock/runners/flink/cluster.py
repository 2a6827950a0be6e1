"""A cluster of Flink on this machine: one JobManager, and workers (TaskManagers) of one slot each.

All Python of a worker shares one interpreter's lock: many workers of one slot do more than one of many. What
always holds: all listen on 127.0.0.1 alone, and none outlives the thread that started it.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bellrock.errors import BellrockError, ConfigurationError
from bellrock.runners.flink.home import Home, make_home
from bellrock.runners.flink.rest import Flink

_LOOPBACK = "127.0.0.1"
_READY_WITHIN = 300.0  # seconds: 25 on two idle cores, which others may keep busy
_STOP_WITHIN = 15.0

Process = subprocess.Popen[bytes]


class Cluster:
    """One that runs."""

    def __init__(self, home: Home, rest: int) -> None:
        """Of a home whose configuration says where it listens; nothing runs yet."""
        self.home = home
        self.url = f"http://{_LOOPBACK}:{rest}"
        self._started = 0
        self.job_manager = self._start("jobmanager.sh", "jobmanager")
        self.workers: list[Process] = []

    def add_worker(self) -> Process:
        """Start one more worker."""
        self._started += 1
        worker = self._start("taskmanager.sh", f"taskmanager-{self._started}")
        self.workers.append(worker)
        return worker

    def replace_ended(self) -> None:
        """Start a worker for each that has ended; raises BellrockError where the JobManager has."""
        if self.job_manager.poll() is not None:
            raise BellrockError(f"Flink's JobManager has ended: see {self.home.folder / 'log'}.")
        ended = [worker for worker in self.workers if worker.poll() is not None]
        self.workers = [worker for worker in self.workers if worker not in ended]
        for _ in ended:
            self.add_worker()

    def replace_job_manager(self) -> None:
        """Start another JobManager after the last has ended; it knows of no job, and the workers find it."""
        assert self.job_manager.poll() is not None
        self.job_manager = self._start("jobmanager.sh", "jobmanager")

    def slots(self) -> int:
        """How many slots the JobManager knows of; 0 as long as it does not answer."""
        try:
            return int(Flink(self.url).ask("/overview")["slots-total"])
        except BellrockError:
            return 0

    def wait_for(self, slots: int) -> None:
        """Wait for as many slots; raises BellrockError where a process ends or time runs out."""
        end = time.monotonic() + _READY_WITHIN
        while self.slots() < slots:
            gone = [p for p in (self.job_manager, *self.workers) if p.poll() is not None]
            if self.job_manager in gone or time.monotonic() > end:
                raise BellrockError(f"Flink does not start: see {self.home.folder / 'log'}.")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop all, by their ids."""
        processes = (*self.workers, self.job_manager)
        for process in processes:
            process.terminate()
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_WITHIN)
            process.kill()
            process.wait()

    def _start(self, script: str, name: str) -> Process:
        output = self.home.folder / "log" / f"{name}.txt"
        command = [str(self.home.package / "bin" / script), "start-foreground"]
        with output.open("ab") as file:  # of the one that it replaces, too
            return subprocess.Popen(  # noqa: S603  # Flink's own scripts
                ["setpriv", "--pdeathsig", "KILL", "--", *command],  # noqa: S607  # of util-linux
                cwd=self.home.folder,
                env=self.home.variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,
            )


@contextmanager
def local_cluster(
    folder: Path,
    environment: Path,
    *,
    workers: int,
    jars: Sequence[Path],
    rest_port: int = 0,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """A cluster in an empty folder, from when all its slots are there to the end of the block."""
    if shutil.which("java") is None:
        raise ConfigurationError("Flink", "there is no Java", "Install a Java of version 17 or 21.")
    rpc, free = _free_ports(2)
    rest = rest_port or free
    told = {**_settings(rpc, rest, folder), **(settings or {})}
    home = make_home(folder, environment, jars=jars, settings=told)
    cluster = Cluster(home, rest)
    try:
        for _ in range(workers):
            cluster.add_worker()
        cluster.wait_for(workers)
        yield cluster
    finally:
        cluster.stop()


def _settings(rpc: int, rest: int, folder: Path) -> dict[str, str]:
    listens = (
        "jobmanager.bind-host",
        "jobmanager.rpc.address",
        "rest.address",
        "rest.bind-address",
    )
    workers = ("taskmanager.bind-host", "taskmanager.host")
    return {
        **dict.fromkeys((*listens, *workers), _LOOPBACK),
        "jobmanager.rpc.port": str(rpc),
        "rest.port": str(rest),
        "jobmanager.memory.process.size": "1024m",
        "taskmanager.memory.process.size": "1280m",
        "taskmanager.memory.managed.size": "256m",  # RocksDB's
        "taskmanager.numberOfTaskSlots": "1",
        # A worker that is killed is missed at once, one that is stopped after this.
        "heartbeat.interval": "2s",
        "heartbeat.timeout": "20s",
        "io.tmp.dirs": str(folder.absolute() / "tmp"),
    }


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((_LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
