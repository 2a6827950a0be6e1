"""The configuration: one TOML file, environment variables over it, arguments over both.

Enters: what the three say. Leaves: a frozen `Config`. An unknown setting is refused with the nearest
known one; every error names where the setting stands.
"""

import math
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bellrock.errors import ConfigurationError
from bellrock.log.open import require_url
from bellrock.secrets import redacted

ENVIRONMENT = "BELLROCK_"
_MOST_WORKERS = 64
_SMALLEST_GIB, _LARGEST_GIB = 0.001, 2.0**33


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as a browser on this machine opens it."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  # compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of bellrock.

    data: the directory of log, store and accounts.
    sites: the file that declares the sites; sites.toml in `data` where it is not given.
    log: the URL of the log, kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM; "" for the one in `data`.
    log_keep_gib: how large the log in `data` may become, in GiB; 0 for no bound.
    store: the URL of a search store that others write, opensearch://HOST:PORT; "" for the one in `data`.
    marks: the table of DynamoDB with the marks of bots, beside a search store; "" for none.
    collect: HOST:PORT of the collector, which browsers must reach.
    workers: how many processes take beacons; the log has one more, unless it is 1.
    dashboard: HOST:PORT of the dashboard and the API.
    trusted_proxies: networks of the proxies before the collector, as in 127.0.0.1, 10.0.0.0/8; "" for none.
    country_header: the header in which a trusted proxy states the visitor's country; "" for none.
    country_database: the MMDB file in which other countries are looked up; "" for none.
    address_budget: how many beacons a second may come from one part of the internet; 0 for no bound.
    site_budget: how many beacons a second a site may send that has no budget of its own; 0 for no bound.
    commit_window_ms: how long beacons gather before they are made durable together.
    step_seconds: how long lines gather before they are folded together.
    """

    data: str = "bellrock-data"
    sites: str = ""
    log: str = ""
    log_keep_gib: float = 64.0
    store: str = ""
    marks: str = ""
    collect: str = "127.0.0.1:8080"
    workers: int = 1
    dashboard: str = "127.0.0.1:8090"
    trusted_proxies: str = ""
    country_header: str = ""
    country_database: str = ""
    address_budget: float = 500.0
    site_budget: float = 2000.0
    commit_window_ms: float = 20.0
    step_seconds: float = 1.0

    def shown(self) -> dict[str, str]:
        """The settings as they may be shown: without passwords."""
        return {name: redacted(str(getattr(self, name))) for name in self.__struct_fields__}

    def __repr__(self) -> str:
        """As `shown`."""
        return f"Config({', '.join(f'{name}={value!r}' for name, value in self.shown().items())})"

    @property
    def data_directory(self) -> Path:
        """The directory of everything that is stored."""
        return Path(self.data)

    @property
    def sites_file(self) -> Path:
        """The file that declares the sites."""
        return Path(self.sites) if self.sites else self.data_directory / "sites.toml"

    @property
    def log_directory(self) -> Path:
        """The directory of the log's files."""
        return self.data_directory / "log"

    @property
    def log_keep_bytes(self) -> int | None:
        """How large the log may become; None is without a bound."""
        return round(self.log_keep_gib * 2**30) or None

    @property
    def store_file(self) -> Path:
        """The store of documents and state."""
        return self.data_directory / "store.duckdb"

    @property
    def accounts_file(self) -> Path:
        """Users, tokens and signed-in sessions."""
        return self.data_directory / "accounts.sqlite"

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks of `trusted_proxies`."""
        return tuple(text.strip() for text in self.trusted_proxies.split(",") if text.strip())

    @property
    def collect_address(self) -> Address:
        """Where the collector listens."""
        return parse_address(self.collect, "collect")

    @property
    def dashboard_address(self) -> Address:
        """Where the dashboard and the API listen."""
        return parse_address(self.dashboard, "dashboard")


def load_config(
    file: Path | None, environment: Mapping[str, str], arguments: Mapping[str, Any]
) -> Config:
    """The configuration that file, environment and arguments (None: not given) make together."""
    settings: dict[str, Any] = {}
    if file is not None:
        settings |= _known(read_toml(file, "Name an existing file with --config."), str(file))
    prefixed = {
        name.removeprefix(ENVIRONMENT).lower(): value
        for name, value in environment.items()
        if name.startswith(ENVIRONMENT)
    }
    settings |= _known(prefixed, "the environment", ENVIRONMENT)
    settings |= {name: value for name, value in arguments.items() if value is not None}
    if isinstance(listed := settings.get("trusted_proxies"), list):
        settings["trusted_proxies"] = ", ".join(map(str, listed))
    try:
        config = msgspec.convert(settings, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            "the configuration", str(error), "See config/reference.toml for every setting."
        ) from error
    _check(config)
    return config


def _check(config: Config) -> None:
    """Refuse what has the right type and no sense."""
    if not 1 <= config.workers <= _MOST_WORKERS:
        raise ConfigurationError(
            "the setting workers", "is out of range", f"It is from 1 to {_MOST_WORKERS}."
        )
    for name in ("collect", "dashboard"):
        parse_address(getattr(config, name), name)
    if config.log:
        require_url(config.log)
    if config.log_keep_gib != 0 and not _SMALLEST_GIB <= config.log_keep_gib < _LARGEST_GIB:
        raise ConfigurationError(
            "the setting log_keep_gib", "is out of range", "It is 0, or from 0.001 on."
        )
    _check_proxies(config)
    for name in ("address_budget", "site_budget"):
        if not 0 <= getattr(config, name) < math.inf:
            raise ConfigurationError(
                f"the setting {name}", "is out of range", "It is 0 for no bound, or above."
            )
    for name in ("commit_window_ms", "step_seconds"):
        if not 0 < getattr(config, name) < 60_000:
            raise ConfigurationError(
                f"the setting {name}", "is out of range", "See config/reference.toml."
            )


def _check_proxies(config: Config) -> None:
    for text in config.proxies:
        try:
            ip_network(text)
        except ValueError as error:
            raise ConfigurationError(
                "the setting trusted_proxies", str(error), "Write networks like 10.0.0.0/8."
            ) from error
    if config.country_header and not config.proxies:
        raise ConfigurationError(
            "the setting country_header",
            "is believed from no proxy, because trusted_proxies is empty",
            "Name the proxy there; 127.0.0.1 is one on this machine.",
        )


def parse_address(text: str, setting: str) -> Address:
    """HOST:PORT; an IPv6 host stands in brackets."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigurationError(
            f"the setting {setting}", f"{text!r} is not HOST:PORT", "Write it like 127.0.0.1:8080."
        )
    return Address(host.strip("[]") or "127.0.0.1", int(port))


def read_toml(file: Path, mend: str) -> dict[str, Any]:
    """What a file says; raises ConfigurationError, which says `mend` where the file cannot be read."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(str(file), f"cannot be read ({error.strerror})", mend) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(file), f"is not TOML: {error}", "Mend that line.") from error


def _known(settings: dict[str, Any], place: str, prefix: str = "") -> dict[str, Any]:
    names = Config.__struct_fields__
    for name in settings:
        if name not in names:
            near = get_close_matches(name, names, n=1, cutoff=0)[0]
            shown = (prefix + name.upper(), prefix + near.upper()) if prefix else (name, near)
            raise ConfigurationError(
                place, f"unknown setting {shown[0]!r}", f"Did you mean {shown[1]!r}?"
            )
    return settings
