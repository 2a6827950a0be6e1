"""The newest whole checkpoint in a job's folder: where a job goes on whose JobManager was lost.

A checkpoint is whole when its `_metadata` is there; one that was cut off has none. Its time tells how new it
is: each run of a job counts in a folder of its own, `ID/chk-NUMBER`.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from bellrock.errors import ConfigurationError


def newest_checkpoint(folder: str) -> str:
    """The newest whole checkpoint in a folder, file:///...; raises ConfigurationError where there is none."""
    parts = urlsplit(folder)
    if parts.scheme != "file":
        mend = "Name the checkpoint to go on from: the newest that has a _metadata."
        raise ConfigurationError(
            folder or "the setting checkpoints", "it is no folder of this machine", mend
        )
    found = list(Path(unquote(parts.path)).glob("*/chk-*/_metadata"))
    if not found:
        mend = "Name a savepoint, or submit the job without --restore: it folds from the beginning."
        raise ConfigurationError(folder, "there is no whole checkpoint", mend)
    newest = max(found, key=lambda file: file.stat().st_mtime_ns)
    return newest.parent.as_uri()
