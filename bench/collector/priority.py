"""Real-time priority for short stretches, so that others on the machine do not share what is measured.

For machines that are not idle. It takes the right to do so (root), and the others stand still meanwhile: so
stretches are short, and there is a rest after each.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

_FIRST, _USUAL = os.sched_param(1), os.sched_param(0)
_REST_SECONDS = 2.0


@contextmanager
def real_time(server: psutil.Process) -> Iterator[None]:
    """Give it to this process, a server and its workers; what is started meanwhile has it for good."""
    _set(server, os.SCHED_FIFO, _FIRST)
    os.sched_setscheduler(0, os.SCHED_FIFO, _FIRST)
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, _USUAL)
        _set(server, os.SCHED_OTHER, _USUAL)
        time.sleep(_REST_SECONDS)


def _set(server: psutil.Process, policy: int, priority: os.sched_param) -> None:
    for process in (server, *server.children()):
        for thread in process.threads():
            os.sched_setscheduler(thread.id, policy, priority)
