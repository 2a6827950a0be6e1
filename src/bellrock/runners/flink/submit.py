"""Hands a job to a cluster: Flink's own client reads the wiring, in the environment that has Flink."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bellrock.errors import BellrockError, ConfigurationError
from bellrock.runners.flink.home import Home

# Flink's words: an operator that has state is not in the job.
_UNKNOWN_STATE = "Cannot map checkpoint/savepoint state"


def submit(
    home: Home, url: str, code: Path, job: Sequence[str], *, restore: str | None = None
) -> None:
    """Submit a job to the cluster at an address; returns when it is there.

    `job` names a script or a module as `flink run` does, with its arguments; `restore` is a savepoint or a
    checkpoint. Raises ConfigurationError where that is of another number of lanes or slots, and otherwise
    BellrockError with what the client said.
    """
    address = url.removeprefix("http://")
    script = job if job[0].startswith("-") else ["-py", *job]
    command = [str(home.package / "bin" / "flink"), "run", "-d", "-m", address]
    command += ["-s", restore] if restore else []
    done = subprocess.run(  # noqa: S603  # Flink's own script
        [*command, "-pyfs", str(code), *script],
        env=home.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and restore and _UNKNOWN_STATE in done.stdout + done.stderr:
        problem = "has state of a job with another number of lanes or slots"
        mend = "Set them as they were; with others begin without state."
        raise ConfigurationError(restore, problem, mend)
    if done.returncode:
        raise BellrockError(f"Flink took no job:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
