"""The newest whole checkpoint in a job's folder: where a job goes on whose JobManager was lost.

A checkpoint is whole when its `_metadata` is there; one that was cut off has none. Its time tells how new it
is: each run of a job counts in a folder of its own, `ID/chk-NUMBER`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bellrock.errors import ConfigurationError

_WHOLE = re.compile(r"[^/]+/chk-\d+/_metadata")


def newest_checkpoint(folder: str) -> str:
    """The newest whole checkpoint in a folder, file:///... or s3://BUCKET/...

    Raises ConfigurationError where there is none, or the folder cannot be read.
    """
    parts = urlsplit(folder)
    if parts.scheme == "file":
        found = _in_folder(Path(unquote(parts.path)))
    elif parts.scheme == "s3":
        found = _in_bucket(folder, parts.netloc, parts.path.strip("/"))
    else:
        mend = "Name the checkpoint to go on from: the newest that has a _metadata."
        place = folder or "the setting checkpoints"
        raise ConfigurationError(place, "is neither file:///... nor s3://...", mend)
    _, newest = max(found, default=(0, ""))
    if not newest:
        mend = "Name a savepoint, or submit the job without --restore: it folds from the beginning."
        raise ConfigurationError(folder, "there is no whole checkpoint", mend)
    return newest


def _in_folder(folder: Path) -> Iterator[tuple[float, str]]:
    """Times and places."""
    for file in folder.glob("*/chk-*/_metadata"):
        yield file.stat().st_mtime, file.parent.as_uri()


def _in_bucket(folder: str, bucket: str, path: str) -> Iterator[tuple[float, str]]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    prefix = f"{path}/" if path else ""
    try:
        pages = boto3.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                key = item["Key"]
                if _WHOLE.fullmatch(key, len(prefix)):
                    place = key.removesuffix("/_metadata")
                    yield item["LastModified"].timestamp(), f"s3://{bucket}/{place}"
    except (BotoCoreError, ClientError) as error:
        mend = "Check its name, and that the credentials that AWS's tools find here may list it."
        raise ConfigurationError(folder, f"cannot be listed ({error})", mend) from error
