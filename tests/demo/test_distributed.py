"""`make demo-distributed` comes up, runs with visitors, and ends by itself."""

import os
import subprocess
import sys
from pathlib import Path

from runners.flink.jobs import no_flink

ROOT = Path(__file__).parents[2]


@no_flink
def test_it_comes_up_and_ends_when_its_time_is_over() -> None:
    command = [sys.executable, "scripts/demo_distributed.py", "--workers", "1", "--seconds", "5"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "bellrock serve" in done.stdout + done.stderr
