"""The reference pages say what the code says."""

import subprocess
import sys

from docs.page import ROOT


def test_the_generated_pages_are_up_to_date() -> None:
    # As a program of its own: Cyclopts writes into its usage lines how Python was started.
    check = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert check.returncode == 0, f"run `make docs`\n{check.stdout}{check.stderr}"
