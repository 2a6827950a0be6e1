"""Servers as processes: on free ports of the loopback, in folders of their own.

What always holds: a server that is yielded was ready; none outlives the thread that started it, because the
kernel kills it when that thread ends in whatever way.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parent
JARS = HERE.parents[1] / ".make" / "jars"

_LOOK_EVERY = 0.05


class ServerFailed(Exception):
    """A server did not start, or cannot; says why."""


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def java(jars: str, main: str, *options: str) -> list[str]:
    """A command that runs a class of a server's jars, or a source file beside this one."""
    folder = JARS / jars
    if shutil.which("java") is None or not folder.is_dir():
        raise ServerFailed(f"there is no Java, or no {folder}: run `make test`, which says more")
    # Short lives on few cores: the simplest collector, and no time for the optimising compiler.
    quick = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    return ["java", *quick, *options, "-cp", f"{folder}/*", main]


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    ready: str,
    *,
    ready_within: float = 180.0,  # seconds: OpenSearch takes 25 on two cores, and these may be busy
    stop_within: float = 10.0,
) -> Iterator[None]:
    """A process while it runs, from when it has written `ready` on; its output is in the folder."""
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C is for the tests, which then stop it
        )
    try:
        _wait(process, output, ready.encode(), ready_within)
        yield
    finally:
        _stop(process, stop_within)


def _wait(process: "subprocess.Popen[bytes]", output: Path, ready: bytes, within: float) -> None:
    end = time.monotonic() + within
    while ready not in (written := output.read_bytes()):
        if process.poll() is not None or time.monotonic() > end:
            said = written[-2000:].decode(errors="replace")
            raise ServerFailed(
                f"in vain waited for {ready!r} of {process.args!r}; it said:\n{said}"
            )
        time.sleep(_LOOK_EVERY)


def _stop(process: "subprocess.Popen[bytes]", within: float) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(within)
    process.kill()
    process.wait()
