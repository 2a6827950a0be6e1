"""The configuration: one TOML file, environment variables over it, arguments over both.

Enters: what the three say. Leaves: a frozen `Config`. An unknown setting is refused with the nearest
known one; every error names where the setting stands.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bellrock.errors import ConfigurationError
from bellrock.log.open import require_url
from bellrock.secrets import redacted

ENVIRONMENT = "BELLROCK_"


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
    store: the URL of a search store that others write, opensearch://HOST:PORT; "" for the one in `data`.
    marks: the table of DynamoDB with the marks of bots, beside a search store; "" for none.
    collect: HOST:PORT of the collector, which browsers must reach.
    dashboard: HOST:PORT of the dashboard and the API.
    country_header: the header in which a trusted proxy states the visitor's country; "" for none.
    commit_window_ms: how long beacons gather before they are made durable together.
    step_seconds: how long lines gather before they are folded together.
    """

    data: str = "bellrock-data"
    sites: str = ""
    log: str = ""
    store: str = ""
    marks: str = ""
    collect: str = "127.0.0.1:8080"
    dashboard: str = "127.0.0.1:8090"
    country_header: str = ""
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
    def store_file(self) -> Path:
        """The store of documents and state."""
        return self.data_directory / "store.duckdb"

    @property
    def accounts_file(self) -> Path:
        """Users, tokens and signed-in sessions."""
        return self.data_directory / "accounts.sqlite"

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
    try:
        config = msgspec.convert(settings, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            "the configuration", str(error), "See config/reference.toml for every setting."
        ) from error
    for name in ("collect", "dashboard"):
        parse_address(getattr(config, name), name)
    if config.log:
        require_url(config.log)
    for name in ("commit_window_ms", "step_seconds"):
        if not 0 < getattr(config, name) < 60_000:
            raise ConfigurationError(
                f"the setting {name}", "is out of range", "See config/reference.toml."
            )
    return config


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
