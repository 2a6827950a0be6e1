"""What a job is told: a TOML file, or the properties of AWS's managed service.

Enters: a path, or nothing where the managed service runs the job. Leaves: a frozen `JobSettings`; what is
unknown or missing is refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bellrock.config import read_toml
from bellrock.errors import ConfigurationError
from bellrock.log.open import require_url
from bellrock.secrets import redacted

MANAGED = Path("/etc/flink/application_properties.json")
"""Where the managed service puts the properties; ours are the group `bellrock`."""


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where records for a lake go, if anywhere: logs, by their URL as collectors have it.

    ended: sessions that ended, with their impressions.
    lines: every line, with its issues.
    """

    ended: str = ""
    lines: str = ""

    def __repr__(self) -> str:
        """Without passwords."""
        return f"StreamSettings(ended={redacted(self.ended)!r}, lines={redacted(self.lines)!r})"


class JobSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting of a job.

    log: kafka://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]/TOPIC, or kinesis://REGION/ACCOUNT/STREAM.
    sites: the file that declares the sites, read when the job is submitted.
    store: the search store, opensearch://HOST:PORT.
    claims, marks, progress: tables of DynamoDB; `progress` tells how far evidence is judged.
    checkpoints: where checkpoints go, file:///... or s3://...; where the cluster says if it is not given.
    job: the job's name; with the log and the tables it makes a fold what it is.
    lanes: pipelines, a multiple of the log's partitions; stays as it is as long as state is kept.
    parallelism: workers; at most `lanes`.
    slots: by how many the documents are divided; stays as it is as long as state is kept.
    step_seconds: how long lines gather before they are folded together.
    flush_seconds: how long changes gather before documents of minutes are written, 10 at most.
    hours_seconds: how long they gather before those of hours and days are, 200 at most.
    late_seconds: how much later than another a line may reach its partition.
    idle_seconds: after how long without a line a partition holds up no other.
    drift_minutes: how far one partition may be read ahead of another.
    checkpoint_seconds: how often a checkpoint is made.
    dynamodb: another endpoint of DynamoDB than the region's.
    consumer: settings of Kafka's consumer, as for TLS.
    kinesis: settings of the source of a stream.
    streams: see `StreamSettings`.
    """

    log: str
    sites: str
    store: str
    claims: str
    marks: str
    progress: str
    checkpoints: str = ""
    job: str = "bellrock"
    lanes: int = 16
    parallelism: int = 1
    slots: int = 8
    step_seconds: float = 1.0
    flush_seconds: float = 2.0
    hours_seconds: float = 60.0
    late_seconds: float = 60.0
    idle_seconds: float = 60.0
    drift_minutes: float = 5.0
    checkpoint_seconds: float = 10.0
    dynamodb: str = ""
    consumer: Mapping[str, str] = {}
    kinesis: Mapping[str, str] = {}
    streams: StreamSettings = StreamSettings()

    def __repr__(self) -> str:
        """Without passwords; of the consumer's settings, any of which may be one, the names."""
        shown: dict[str, object] = {name: getattr(self, name) for name in self.__struct_fields__}
        shown |= {
            "log": redacted(self.log),
            "store": redacted(self.store),
            "consumer": list(self.consumer),
        }
        return f"JobSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


_RANGES = {
    "lanes": (1, 128),
    "parallelism": (1, 128),
    "slots": (1, 128),
    "step_seconds": (0.05, 60),
    "flush_seconds": (0.05, 10),
    "hours_seconds": (0.05, 200),
    "late_seconds": (0, 600),
    "idle_seconds": (10, 86_400),
    "drift_minutes": (1, 9),
    "checkpoint_seconds": (0.1, 3600),
}


def load_settings(path: Path | None) -> JobSettings:
    """The settings of a file, or of the managed service; raises ConfigurationError."""
    place, found = (
        (str(path), read_toml(path, "Name a file of job settings."))
        if path
        else (str(MANAGED), _managed())
    )
    try:
        settings = msgspec.convert(found, JobSettings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(place, str(error), "See docs/guide/flink.md.") from error
    for url in filter(None, msgspec.structs.astuple(settings.streams)):
        require_url(url)
    for name, (least, most) in _RANGES.items():
        if not least <= getattr(settings, name) <= most:
            raise ConfigurationError(place, f"{name} is not {least} to {most}", "Change it.")
    if settings.parallelism > settings.lanes:
        raise ConfigurationError(
            place,
            f"parallelism is {settings.parallelism}, and there are {settings.lanes} lanes",
            "Change one of them; lanes stay as they are as long as state is kept.",
        )
    return settings


def _managed() -> dict[str, Any]:
    try:
        groups = json.loads(MANAGED.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            str(MANAGED), "is not there", "Name a file of job settings: job.py FILE."
        ) from error
    found: dict[str, Any] = {}
    for group in groups:
        name = group["PropertyGroupId"]
        if name == "bellrock":
            found |= group["PropertyMap"]
        elif name in {"bellrock.consumer", "bellrock.kinesis", "bellrock.streams"}:
            found[name.removeprefix("bellrock.")] = group["PropertyMap"]
    return found
