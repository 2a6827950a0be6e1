"""Which checkpoint a job goes on from."""

import os
from pathlib import Path
from time import sleep

import boto3
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
    with pytest.raises(ConfigurationError, match=r"neither file:///\.\.\. nor s3://"):
        newest_checkpoint("hdfs://host/checkpoints")


def test_in_a_bucket_it_is_the_newest_whole_one_of_the_folder(
    s3_url: str, aws_account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_url)
    bucket = boto3.resource("s3").Bucket("bellrock-newest")
    bucket.create(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    folder = f"s3://{bucket.name}/job/checkpoints"
    with pytest.raises(ConfigurationError, match="no whole checkpoint"):
        newest_checkpoint(folder)
    for name in ("first/chk-9", "second/chk-10", "first/chk-12"):
        bucket.put_object(Key=f"job/checkpoints/{name}/_metadata", Body=b"")
        sleep(1)  # times of S3 are whole seconds
    for cut_off in ("first/chk-13/one", "shared/one", "chk-14/_metadata", "first/chk-x/_metadata"):
        bucket.put_object(Key=f"job/checkpoints/{cut_off}", Body=b"")
    bucket.put_object(Key="job/checkpoints-of-another/first/chk-15/_metadata", Body=b"")
    assert newest_checkpoint(f"{folder}/") == f"{folder}/first/chk-12"
    with pytest.raises(ConfigurationError, match=r"s3://bellrock-none/x: cannot be listed"):
        newest_checkpoint("s3://bellrock-none/x")
