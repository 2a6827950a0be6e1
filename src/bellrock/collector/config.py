"""What a collector must be told; it reads nothing else."""

from pathlib import Path
from typing import Literal

import msgspec

Policy = Literal["drop", "anonymous", "ignore"]


class CollectorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, where to write, and what each site asks for; it can be pickled.

    host, port: the address to listen on.
    log_directory: the directory of the SQLite log.
    log: the URL of a log in Kafka or Kinesis that takes the lines instead (`bellrock.log.open`).
    policies: by site key, what Global Privacy Control and Do Not Track mean there; a beacon of a
        site that is not listed is kept as it is.
    country_header: the name of the header in which a trusted proxy states the visitor's country
        (ISO 3166, two letters), such as `cf-ipcountry`; without it no country is stored.
    commit_window: seconds in which beacons gather before they are written together.
    """

    host: str
    port: int
    log_directory: Path
    policies: dict[str, Policy]
    log: str | None = None
    country_header: str | None = None
    commit_window: float = 0.02
