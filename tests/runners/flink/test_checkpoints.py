"""Which checkpoint a job goes on from."""

import os
from pathlib import Path

import pytest

from bellrock.errors import ConfigurationError
from bellrock.runners.flink.checkpoints import newest_checkpoint


def checkpoint(folder: Path, name: str, at: int, *, whole: bool = True) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    if whole:
        (path / "_metadata").write_bytes(b"")
        os.utime(path / "_metadata", (at, at))
    return path


def test_the_newest_of_all_runs_of_the_job_whatever_its_number(tmp_path: Path) -> None:
    checkpoint(tmp_path, "first/chk-9", 100)
    newest = checkpoint(tmp_path, "second/chk-10", 300)
    checkpoint(tmp_path, "first/chk-12", 200)
    assert newest_checkpoint(tmp_path.as_uri()) == newest.as_uri()


def test_one_that_was_cut_off_is_none(tmp_path: Path) -> None:
    whole = checkpoint(tmp_path, "job/chk-1", 100)
    checkpoint(tmp_path, "job/chk-2", 200, whole=False)
    (tmp_path / "job" / "shared").mkdir()
    assert newest_checkpoint(tmp_path.as_uri()) == whole.as_uri()


def test_where_there_is_none_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no whole checkpoint"):
        newest_checkpoint(tmp_path.as_uri())
    with pytest.raises(ConfigurationError, match="no folder of this machine"):
        newest_checkpoint("s3://bucket/checkpoints")
