"""A log of many partitions by its URL.

    kafka://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]/TOPIC[?NAME=VALUE...]     how to sign in, and TLS
    kinesis://REGION/STREAM[?endpoint=URL]                                 another Kinesis than the region's

A URL enters; a place leaves, which opens a writer or readers, or is made. The clients are loaded when they
are asked for, because an embedded log needs none of them. What always holds: a password, or a reference to one
(`bellrock.secrets`), is in a `Login` and in nothing that is shown.
"""

from importlib import import_module
from typing import NamedTuple, Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

from bellrock.errors import ConfigurationError
from bellrock.log.blocks import BlockWriter
from bellrock.log.contract import PartitionedLog
from bellrock.secrets import Login, parse_endpoint, redacted

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
"""How a user may sign in to Kafka."""

_FORMS = "Write it like kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM."
_SIGN_IN = "Write it like kafka://USER:PASSWORD@HOST:PORT/TOPIC?sasl.mechanism=SCRAM-SHA-512."
_PLACE = "the log's URL"


class KafkaUrl(NamedTuple):
    """What a URL says of a topic; `settings` have names of librdkafka."""

    servers: str
    name: str
    settings: dict[str, str]
    login: Login | None


class Place(Protocol):
    """Where a log is."""

    def writer(self) -> BlockWriter:
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
            f"the log {redacted(url)}",
            f"its client is not installed ({error})",
            f"Install bellrock[{extra}].",
        ) from error
    found: Place = module.Place(**arguments)
    return found


def parse_kafka(url: str) -> KafkaUrl:
    """What a URL of Kafka says; raises ConfigurationError for another one."""
    parts, login = _parts(url)
    name = parts.path.removeprefix("/")
    if parts.scheme != "kafka" or not parts.netloc or not name or "/" in name or parts.fragment:
        raise _refused(url, "is not the URL of a log", _FORMS)
    settings = dict(parse_qsl(parts.query))
    for setting in settings:
        known = setting in {"security.protocol", "sasl.mechanism"} or setting.startswith("ssl.")
        if not known or "password" in setting:
            problem = f"the setting {setting!r} is none that can stand here"
            there = "There may be security.protocol, sasl.mechanism and ssl.*"
            raise _refused(url, problem, f"{there}, but no password: it would be shown.")
    return KafkaUrl(parts.netloc, name, _signing_in(url, settings, login), login)


def _signing_in(url: str, settings: dict[str, str], login: Login | None) -> dict[str, str]:
    """The settings, where login and they go together; a password goes through TLS unless told otherwise."""
    protocol = settings.get("security.protocol", "sasl_ssl" if login else "plaintext").lower()
    mechanism = settings.get("sasl.mechanism")
    if login is None:
        if mechanism or protocol.startswith("sasl"):
            raise _refused(url, "has no user to sign in", _SIGN_IN)
        return settings
    if mechanism not in MECHANISMS:
        problem = f"does not say how to sign in: sasl.mechanism is none of {', '.join(MECHANISMS)}"
        raise _refused(url, problem, _SIGN_IN)
    if protocol not in {"sasl_ssl", "sasl_plaintext"}:
        mend = "Leave security.protocol out, or set it to sasl_ssl or sasl_plaintext."
        raise _refused(url, f"nobody signs in by {protocol}", mend)
    return {**settings, "security.protocol": protocol}


def _kinesis(url: str) -> dict[str, object]:
    parts, login = _parts(url)
    name, query = parts.path.removeprefix("/"), dict(parse_qsl(parts.query))
    if not parts.netloc or not name or "/" in name or parts.fragment:
        raise _refused(url, "is not the URL of a log", _FORMS)
    if set(query) - {"endpoint"}:
        raise _refused(url, "only endpoint may be given", _FORMS)
    if login:
        mend = "Credentials come from where AWS's own tools find them."
        raise _refused(url, "there is no user here", mend)
    return {"region": parts.netloc, "name": name, **query}


def _arguments(url: str) -> tuple[str, dict[str, object]]:
    parts, _ = _parts(url)
    if parts.scheme == "kafka":
        return parts.scheme, parse_kafka(url)._asdict()
    if parts.scheme == "kinesis":
        return parts.scheme, _kinesis(url)
    raise _refused(url, "is not the URL of a log", _FORMS)


def _parts(url: str) -> tuple[SplitResult, Login | None]:
    """The parts of a URL without its login, and that."""
    endpoint = parse_endpoint(url, _PLACE)
    try:
        return urlsplit(endpoint.url), endpoint.login
    except ValueError as error:
        raise _refused(url, f"is no URL ({error})", _FORMS) from error


def _refused(url: str, problem: str, mend: str) -> ConfigurationError:
    return ConfigurationError(f"the log {redacted(url)!r}", problem, mend)
