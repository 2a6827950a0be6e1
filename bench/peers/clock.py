"""What a peer's job costs: seconds on the clock, and of processor time in all processes it started."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


class Cost:
    """Measures from its making on."""

    def __init__(self) -> None:
        """Begin now."""
        self._wall = time.perf_counter()
        self._cpu = _processor_seconds()

    def so_far(self) -> dict[str, float]:
        """`wall` and `cpu` seconds since."""
        return {
            "wall": time.perf_counter() - self._wall,
            "cpu": _processor_seconds() - self._cpu,
        }


def _processor_seconds() -> float:
    return time.process_time() + sum(map(_seconds_of, _descendants(os.getpid())))


def _descendants(pid: int) -> Iterator[int]:
    # A peer's virtual machine is started by a thread of Python, or by a shell.
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end while it is looked at; its children then are another thread's.
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)


def _seconds_of(pid: int) -> float:
    # The name of the command, in brackets, may hold spaces; user and system time are fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
