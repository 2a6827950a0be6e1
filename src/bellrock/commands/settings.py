"""Settings as commands take them: over the environment, the configuration file and the defaults."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cyclopts import Parameter

from bellrock.config import Config, load_config
from bellrock.errors import ConfigurationError


@Parameter(name="*")
@dataclass(frozen=True)
class Settings:
    """Settings of this call; what is not given comes from the environment, the file, the defaults."""

    config: Path | None = None
    "TOML file with settings; see config/reference.toml."
    data: str | None = None
    "Directory of log, store and accounts."
    sites: str | None = None
    "File that declares the sites; sites.toml in the data directory if not given."
    log: str | None = None
    "URL of the log: kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM; in the data directory if not given."
    log_keep_gib: float | None = None
    "How large the log in the data directory may become, in GiB; 0 for no bound."
    store: str | None = None
    "URL of a search store that others write, opensearch://HOST:PORT: no beacons are collected or folded here."
    marks: str | None = None
    "Table of DynamoDB with the marks of bots, beside a search store."
    collect: str | None = None
    "HOST:PORT of the collector."
    workers: int | None = None
    "How many processes take beacons; the log has one more, unless it is 1."
    dashboard: str | None = None
    "HOST:PORT of the dashboard and the API."
    trusted_proxies: str | None = None
    "Networks of the proxies before the collector, with commas between them."
    country_header: str | None = None
    "Header in which a trusted proxy states the visitor's country."
    country_database: str | None = None
    "MMDB file in which other countries are looked up."
    address_budget: float | None = None
    "Beacons a second from one part of the internet; 0 for no bound."
    site_budget: float | None = None
    "Beacons a second of a site that has no budget of its own; 0 for no bound."
    commit_window_ms: float | None = None
    "How long beacons gather before they are made durable together."
    step_seconds: float | None = None
    "How long lines gather before they are folded together."

    def load(self) -> Config:
        """The configuration; raises ConfigurationError."""
        arguments = asdict(self)
        return load_config(arguments.pop("config"), os.environ, arguments)


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Where accounts and sites are."""

    config: Path | None = None
    "TOML file with settings."
    data: str | None = None
    "Directory of log, store and accounts."
    sites: str | None = None
    "File that declares the sites; sites.toml in the data directory if not given."

    def load(self) -> Config:
        """The configuration; raises ConfigurationError."""
        return Settings(**asdict(self)).load()


@Parameter(name="*")
@dataclass(frozen=True)
class Installation(Place):
    """Where an engine, or its store, is."""

    dashboard: str | None = None
    "HOST:PORT of the dashboard, where a running engine is asked."


SETTINGS, PLACE, INSTALLATION = Settings(), Place(), Installation()
"""What is meant where nothing is given."""


def require_site(config: Config, key: str) -> None:
    """Refuse a site that the sites file does not declare, where there is one to look into."""
    from bellrock.sites import load_sites

    if config.sites_file.exists() and key not in load_sites(config.sites_file):
        raise ConfigurationError(
            str(config.sites_file),
            f"there is no site {key!r}",
            "List them with: bellrock site list",
        )
