"""Who does the job, each as a process of its own: ours, Flink SQL, Spark Structured Streaming."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parents[2]


class Cost(NamedTuple):
    """Seconds: of the processor, in all processes that a contender started, and on the clock."""

    cpu: float
    wall: float


class Contender(NamedTuple):
    """A module that a Python runs; `folder` where it takes its lines as a folder of files."""

    name: str
    python: Path
    module: str
    folder: bool = False

    def run(self, lines: Path, *options: str) -> Cost:
        """Do the job with a file or a folder of lines, its start included."""
        done = subprocess.run(
            [self.python, "-m", self.module, lines, *options],
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            cwd=lines.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{self.name} failed:\n{done.stderr[-5000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        return Cost(found["cpu"], found["wall"])


def _peer(name: str) -> Path:
    """The Python of a peer's environment, which the Makefile makes."""
    return _ROOT / f".venv-bench-{name}" / "bin" / "python"


OURS = Contender("bellrock", Path(sys.executable), "bench.engine.ours")
FLINK = Contender("Flink SQL", _peer("flink"), "bench.peers.flink_sql")
SPARK = Contender("Spark", _peer("spark"), "bench.peers.spark_streaming", folder=True)
