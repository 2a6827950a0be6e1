"""The blows that fall on a distributed installation; each is over when the job goes on.

A job goes on when it has made a checkpoint of what happened after the blow.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from bellrock.errors import BellrockError
from bellrock.runners.flink.checkpoints import newest_checkpoint
from bellrock.runners.flink.cluster import Process
from bellrock.runners.flink.rest import Flink
from end_to_end.faults import Faults
from servers.weather import Detained, answered_too_late, is_any, is_bulk

Blow = Callable[[Faults], None]

_GOES_ON_WITHIN = 300.0  # seconds
_TRIES = 5


def worker_killed(faults: Faults) -> None:
    """SIGKILL of a worker that has work."""
    with _restored(faults):
        _kill(faults.chance.choice(_busy(faults)))
        faults.cluster.replace_ended()


def job_manager_killed(faults: Faults) -> None:
    """SIGKILL of the JobManager; the job goes on from its newest whole checkpoint."""
    _kill(faults.cluster.job_manager)
    faults.cluster.replace_job_manager()
    _submit(faults, newest_checkpoint(faults.job.checkpoints))


def collector_killed(faults: Faults) -> None:
    """SIGKILL of the collector while it takes beacons."""
    faults.collector.kill()
    faults.collector.bury()
    faults.collector.start()
    _wait(faults, faults.collector.serves, "the collector")


def kafka_stopped(faults: Faults) -> None:
    """Kafka is stopped, and is away for some seconds."""
    faults.kafka.stop()
    time.sleep(faults.chance.uniform(0, 5))
    faults.kafka.start()
    goes_on(faults)


def search_away(faults: Faults) -> None:
    """OpenSearch refuses connections for 30 seconds."""
    with faults.search.away():
        time.sleep(30)
    goes_on(faults)


def search_away_briefly(faults: Faults) -> None:
    """The same for 6 seconds."""
    with faults.search.away():
        time.sleep(6)
    goes_on(faults)


def tables_away(faults: Faults) -> None:
    """DynamoDB refuses connections for some seconds."""
    with faults.tables.away():
        time.sleep(faults.chance.uniform(2, 8))
    goes_on(faults)


def bulk_timed_out(faults: Faults) -> None:
    """OpenSearch carries a bulk request out, and does not answer before the client has had enough."""
    before = faults.search_weather.met["answered_too_late"]
    faults.search_weather.due(answered_too_late, is_bulk)
    _wait(faults, lambda: faults.search_weather.met["answered_too_late"] > before, "a bulk")
    goes_on(faults)


def table_timed_out(faults: Faults) -> None:
    """DynamoDB does the same with any request."""
    before = faults.tables_weather.met["answered_too_late"]
    faults.tables_weather.due(answered_too_late, is_any)
    _wait(faults, lambda: faults.tables_weather.met["answered_too_late"] > before, "a request")
    goes_on(faults)


def worker_paused(faults: Faults) -> None:
    """SIGSTOP of a worker for a minute, with a write on its way; then that arrives, and the worker wakes up."""
    late = Detained()
    faults.search_weather.due(late, is_bulk)
    zombie = _worker_of(faults, late.port(within=120))
    end = time.monotonic() + 60
    with _restored(faults):
        os.killpg(zombie.pid, signal.SIGSTOP)
    time.sleep(max(0.0, end - time.monotonic()))
    late.release()
    os.killpg(zombie.pid, signal.SIGCONT)
    faults.late_writes_refused += late.outdated
    goes_on(faults)


def rescaled(faults: Faults) -> None:
    """The job is stopped with a savepoint, and goes on with 4 workers, then with 3, then with 2."""
    for workers in (4, 3, 2):
        savepoint = _stop(faults)
        while len(faults.cluster.workers) < workers + 1:
            faults.cluster.add_worker()
        faults.workers = workers
        _submit(faults, savepoint)


OFTEN = (worker_killed, collector_killed, kafka_stopped, table_timed_out, tables_away)
EACH: tuple[Blow, ...] = (
    *OFTEN,
    job_manager_killed,
    search_away,
    bulk_timed_out,
    worker_paused,
    rescaled,
)
BRIEF: tuple[Blow, ...] = (
    collector_killed,
    search_away_briefly,
    kafka_stopped,
    table_timed_out,
    job_manager_killed,
)
"""Those of `make test`: `runners/flink/test_cluster.py` has a kill of a worker, and a savepoint."""


def _kill(process: Process) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _submit(faults: Faults, restore: str) -> None:
    faults.cluster.wait_for(faults.workers)
    faults.job.submit(faults.cluster, faults.workers, restore)
    goes_on(faults)


def _stop(faults: Faults) -> str:
    """As an operator does it: again, where a fault came between."""
    for _ in range(_TRIES):
        with suppress(BellrockError):
            return faults.job.stop(faults.cluster)
        goes_on(faults)
    raise AssertionError(f"the job cannot be stopped, in {_TRIES} tries")


@contextmanager
def _restored(faults: Faults) -> Iterator[None]:
    """What happens inside makes the job begin again from a checkpoint."""
    before = _checkpoints(faults)["restored"]
    yield
    _wait(faults, lambda: _checkpoints(faults)["restored"] > before, "a restore")
    goes_on(faults)


def goes_on(faults: Faults) -> None:
    """Wait for the second checkpoint from now: one may be under way."""
    before = _checkpoints(faults)["completed"]
    _wait(faults, lambda: _checkpoints(faults)["completed"] > before + 1, "two checkpoints")


def _wait(faults: Faults, holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _GOES_ON_WITHIN
    while not holds():
        assert time.monotonic() < end, f"in vain waited for {what}"
        faults.cluster.replace_ended()
        time.sleep(0.5)


def _checkpoints(faults: Faults) -> dict[str, int]:
    flink = Flink(faults.cluster.url)
    counts: dict[str, int] = flink.ask(f"/jobs/{flink.running(faults.job.name)}/checkpoints")[
        "counts"
    ]
    return counts


def _busy(faults: Faults) -> list[Process]:
    """The workers that have a part of the job."""
    flink = Flink(faults.cluster.url)
    job = flink.running(faults.job.name)
    [vertex, *_] = flink.ask(f"/jobs/{job}")["vertices"]
    parts = flink.ask(f"/jobs/{job}/vertices/{vertex['id']}")["subtasks"]
    # Its id begins with the address at which it listens.
    ports = {int(part["taskmanager-id"].split("-")[0].rpartition(":")[2]) for part in parts}
    return [_worker_of(faults, port) for port in sorted(ports)]


def _worker_of(faults: Faults, port: int) -> Process:
    """The worker that has a connection at this port of its own."""
    groups = {
        os.getpgid(one.pid)
        for one in psutil.net_connections("tcp")
        if one.pid is not None and one.laddr and one.laddr.port == port
    }
    [worker] = [worker for worker in faults.cluster.workers if worker.pid in groups]
    return worker
