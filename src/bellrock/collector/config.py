"""What a collector must be told; it reads nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from bellrock.secrets import redacted

Policy = Literal["drop", "anonymous", "ignore"]
Check = Callable[[Sequence[bytes]], Sequence[Sequence[object]]]


class CollectorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, where to write, and what each site asks for; it can be pickled.

    host, port: the address to listen on.
    log_directory: the directory of the SQLite log.
    log: the URL of a log in Kafka or Kinesis that takes the lines instead (`bellrock.log.open`).
    log_keep_bytes: how large the SQLite log may become; None is without a bound.
    policies: by site key, what Global Privacy Control and Do Not Track mean there; a beacon of a
        site that is not listed is kept as it is.
    trusted_proxies: networks, such as 10.0.0.0/8, whose word on their visitors' address
        (`X-Forwarded-For`) and country is taken.
    country_header: the name of the header in which a trusted proxy states the visitor's country
        (ISO 3166, two letters), such as `cf-ipcountry`.
    country_database: an MMDB file in which the countries of all others are looked up.
    address_budget, site_budget: how many beacons a second an address prefix and a site may send; None is
        without a bound.
    site_budgets: by site key, what differs from `site_budget`.
    check: finds what is wrong with log lines, a sequence for each, for `POST /b/check`; without it there is
        no such address.
    commit_window: seconds in which beacons gather before they are written together.
    """

    host: str
    port: int
    log_directory: Path
    policies: dict[str, Policy]
    log: str | None = None
    log_keep_bytes: int | None = None
    trusted_proxies: tuple[str, ...] = ()
    country_header: str | None = None
    country_database: Path | None = None
    address_budget: float | None = None
    site_budget: float | None = None
    site_budgets: dict[str, float] = msgspec.field(default_factory=dict)
    check: Check | None = None
    commit_window: float = 0.02

    def __repr__(self) -> str:
        """Without the password of the log."""
        shown = [(name, getattr(self, name)) for name in self.__struct_fields__]
        told = [
            f"{name}={redacted(value) if name == 'log' and value else value!r}"
            for name, value in shown
        ]
        return f"CollectorConfig({', '.join(told)})"
