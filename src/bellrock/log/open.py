"""A log of many partitions by its URL.

    kafka://HOST:PORT[,HOST:PORT]/TOPIC[?NAME=VALUE...]     settings of librdkafka, as for TLS
    kinesis://REGION/STREAM[?endpoint=URL]                  another Kinesis than the region's

A URL enters; a place leaves, which opens a writer or readers, or is made. The clients are loaded when they
are asked for, because an embedded log needs none of them.
"""

from importlib import import_module
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

from bellrock.errors import ConfigurationError
from bellrock.log.contract import LogWriter, PartitionedLog

_FORMS = "Write it like kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM."
_TLS = ("security.protocol", "ssl.")


class Place(Protocol):
    """Where a log is."""

    def writer(self) -> LogWriter:
        """A writer; raises ConfigurationError where there is no such log, or LogUnavailable."""

    def log(self) -> PartitionedLog:
        """Readers; raises as `writer` does."""

    def create(self, partitions: int, replicas: int) -> None:
        """Make the log; raises ConfigurationError where there is one, or LogUnavailable."""


def require_url(url: str) -> None:
    """Raise ConfigurationError unless a URL has the form of a log's."""
    _arguments(url)


def place_of(url: str) -> Place:
    """The place of a log; raises ConfigurationError for a URL of another form, or a client that is missing."""
    scheme, arguments = _arguments(url)
    try:
        module = import_module(f"bellrock.log.{scheme}")
    except ImportError as error:
        extra = {"kafka": "kafka", "kinesis": "aws"}[scheme]
        raise ConfigurationError(
            f"the log {url}",
            f"its client is not installed ({error})",
            f"Install bellrock[{extra}].",
        ) from error
    found: Place = module.Place(**arguments)
    return found


def _arguments(url: str) -> tuple[str, dict[str, object]]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigurationError(f"the log {url!r}", f"is no URL ({error})", _FORMS) from error
    name = parts.path.removeprefix("/")
    if parts.scheme not in _READ or not parts.netloc or not name or "/" in name or parts.fragment:
        raise ConfigurationError(f"the log {url!r}", "is not the URL of a log", _FORMS)
    return parts.scheme, _READ[parts.scheme](url, parts, dict(parse_qsl(parts.query)))


def _kafka(url: str, parts: SplitResult, query: dict[str, str]) -> dict[str, object]:
    for name in query:
        if not name.startswith(_TLS) or "password" in name:
            raise ConfigurationError(
                f"the log {url!r}",
                f"the setting {name!r} is none that can stand here",
                "There may be security.protocol and ssl.*, but no password: it would be shown.",
            )
    return {"servers": parts.netloc, "name": parts.path[1:], "settings": query}


def _kinesis(url: str, parts: SplitResult, query: dict[str, str]) -> dict[str, object]:
    if set(query) - {"endpoint"}:
        raise ConfigurationError(f"the log {url!r}", "only endpoint may be given", _FORMS)
    return {"region": parts.netloc, "name": parts.path[1:], **query}


_READ = {"kafka": _kafka, "kinesis": _kinesis}
