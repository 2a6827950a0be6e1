"""A worker whose first run ended while the code was being loaded can load the rest in a later run."""

import subprocess
import sys
from pathlib import Path

import bellrock

LOADING = """\
import sys
first, second = sys.argv[1:]
sys.path.insert(0, first)
import bellrock.runners.flink
assert bellrock.__file__.startswith(first)
import pathlib
pathlib.Path(first, "bellrock").unlink()
sys.path = [second, *(entry for entry in sys.path if entry != first)]
import bellrock.marks.book
print(bellrock.marks.book.__file__)
import bellrock.nothing
"""


def test_what_was_not_loaded_yet_is_found_in_the_folder_of_the_run_that_is_on(
    tmp_path: Path,
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bellrock").symlink_to(Path(bellrock.__file__).parent)
    folders = [str(tmp_path / "first"), str(tmp_path / "second")]
    done = subprocess.run([sys.executable, "-c", LOADING, *folders], capture_output=True, text=True)
    assert done.stdout.strip() == f"{tmp_path}/second/bellrock/marks/book.py"
    assert "No module named 'bellrock.nothing'" in done.stderr
