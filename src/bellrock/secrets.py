"""Passwords, keys and tokens of the configuration: given as they are, or as a reference to where they lie.

    secret://aws/NAME#KEY     a text of the JSON in a secret of AWS Secrets Manager; without #KEY the whole
    secret://file/PATH        a file of the absolute /PATH, without the newline at its end
    env:NAME                  an environment variable

Enters: the text of a setting, or a URL with such a text as its password. Leaves: a `Secret`. What always
holds: a value is looked up when it is first used, not when the configuration is read; it is used for five
minutes at most before it is looked up again, and no longer than until it is refused; no repr, error or
traceback of this module shows it.
"""

import os
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import msgspec
import structlog

from bellrock.errors import BellrockError, ConfigurationError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

_journal = structlog.get_logger(__name__)

_MAX_AGE = 300.0  # seconds
_PAUSE = 5.0  # seconds: a store that refuses everything must not flood the place of the secret, or be flooded
_MAX_BYTES = 65536  # the most that Secrets Manager keeps
_FORMS = "Write it like secret://aws/NAME#KEY, secret://file/PATH or env:NAME."
# While a password is changed, the store may accept the next one already, or still the last one.
_STAGES = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS")
# A password may hold @ / ? # as they are, so the host begins after the last @ of all.
_WITH_LOGIN = re.compile(
    r"(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)(?P<user>[^:]*)(?::(?P<password>.*))?@(?P<rest>[^@]*)",
    re.DOTALL,
)


class SecretUnavailable(BellrockError):
    """The place of a secret cannot be asked now; asking again later may help."""


class _Veiled(str):  # a str in all but its repr, for libraries that want one
    """A value that does not show itself where variables are listed, as in tracebacks with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Secret:
    """One secret; every method may be called from any thread."""

    __slots__ = ("_clock", "_expires", "_lock", "_look_from", "_shown", "_value", "_values")

    def __init__(
        self, text: str, place: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`text` is a reference or the value itself; `place` names the setting in errors.

        Raises ConfigurationError for a reference of the wrong form; nothing is looked up yet.
        """
        text, self._shown = _Veiled(text), "***"
        self._shown, self._values = _source(text, place)
        self._clock = clock
        self._lock = Lock()
        self._value: _Veiled | None = None
        self._expires = self._look_from = 0.0

    def __repr__(self) -> str:
        """The reference; nothing of a value that was given as it is."""
        return f"Secret({self._shown})"

    def reveal(self) -> str:
        """The value as it is now.

        Raises ConfigurationError where there is none, and SecretUnavailable where its place cannot be asked
        and never could: a value that was found stays in use meanwhile.
        """
        with self._lock:
            return self._present()

    def attempts(self) -> Iterator[str]:
        """The value; then, each time that the caller comes back because it was refused, another one.

        Whoever takes no further value says that the last one was accepted. Ends when nothing else is known.
        Raises what `reveal` raises.
        """
        tried: set[str] = set()
        while (value := self._untried(tried)) is not None:
            tried.add(value)
            yield value

    def _untried(self, tried: set[str]) -> _Veiled | None:
        with self._lock:
            # Another thread may have found a new one.
            if (present := self._present()) not in tried:
                return present
            if self._clock() < self._look_from:
                return None
            for value in self._values():
                if value not in tried:
                    return self._keep(value)
            self._look_from = self._clock() + _PAUSE
            self._expires = 0.0  # the last that was tried need not be the one that holds
            return None

    def _present(self) -> _Veiled:
        if self._value is not None and self._clock() < self._expires:
            return self._value
        try:
            return self._keep(next(self._values()))
        except SecretUnavailable as error:
            if self._value is None:
                raise
            _journal.warning("secret not looked up again", secret=self._shown, reason=str(error))
            self._expires = self._clock() + _PAUSE
            return self._value

    def _keep(self, value: _Veiled) -> _Veiled:
        self._value, self._expires = value, self._clock() + _MAX_AGE
        return value


@dataclass(frozen=True)
class Login:
    """A user and its password."""

    user: str
    password: Secret

    def authorizations(self) -> Iterator[str]:
        """Values of the header Authorization (RFC 7617, UTF-8): another each time that one is refused."""
        for password in self.password.attempts():
            yield _Veiled("Basic " + b64encode(f"{self.user}:{password}".encode()).decode())


class Endpoint(NamedTuple):
    """Where a server is, as a URL that may be shown, and how to sign in."""

    url: str
    login: Login | None


def parse_endpoint(url: str, place: str) -> Endpoint:
    """SCHEME://USER:PASSWORD@REST in its parts; `place` names the setting in errors.

    The host begins after the last @. User and password are percent-decoded; PASSWORD may then be a
    reference. Raises ConfigurationError where a user has no password, or the other way round.
    """
    url = _Veiled(url)
    if "@" not in url:
        return Endpoint(str(url), None)
    scheme, user, password, rest = _login_parts(url)
    if not user or ":" in user or not password:
        problem = "has no user and password before the last @"
        raise ConfigurationError(place, problem, "Write it like SCHEME://USER:PASSWORD@HOST.")
    return Endpoint(scheme + rest, Login(user, Secret(password, place)))


def _login_parts(url: str) -> list[_Veiled]:
    """Scheme, user, password and the rest, decoded; user and password are empty where there are none."""
    found = _WITH_LOGIN.fullmatch(url)
    assert found is not None  # there is an @
    decoded = {name: unquote(found[name] or "") for name in ("user", "password")}
    return [_Veiled(part) for part in (found.groupdict() | decoded).values()]


def redacted(url: str) -> str:
    """A URL with *** for its password: the form in which it may be shown. Other texts stay as they are."""
    found = _WITH_LOGIN.fullmatch(url)
    if found is None or found["password"] is None:
        return url
    return f"{found['scheme']}{found['user']}:***@{found['rest']}"


def _source(text: _Veiled, place: str) -> tuple[str, Callable[[], Iterator[_Veiled]]]:
    """How a secret is shown, and what yields its value, then what else may be accepted in its stead."""
    for form, values in _PLACES.items():
        if found := form.fullmatch(text):
            return str(text), partial(values, f"{place} ({text})", **found.groupdict())
    # It may be a password, so it is not shown.
    if text.startswith(("secret:", "env:")):
        raise ConfigurationError(place, "is a reference of the wrong form", _FORMS)
    if not text:
        raise ConfigurationError(place, "is empty", _FORMS)
    return "***", lambda: iter((text,))


def _variable(place: str, name: str) -> Iterator[_Veiled]:
    if not os.environ.get(name):
        raise ConfigurationError(place, "there is no such variable, or it is empty", "Set it.")
    yield _Veiled(os.environ[name])


def _file(place: str, path: str) -> Iterator[_Veiled]:
    """Who else may read the file is not checked: Kubernetes and Docker let everybody in the container."""
    value = _Veiled()
    try:
        with Path(path).open("rb") as file, suppress(UnicodeDecodeError):
            value = _Veiled(file.read(_MAX_BYTES + 1).decode())
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise ConfigurationError(place, problem, "Name a file that bellrock may read.") from None
    value = _Veiled(value.removesuffix("\n").removesuffix("\r"))
    if not 0 < len(value.encode()) <= _MAX_BYTES:
        problem = f"is no text of 1 to {_MAX_BYTES} bytes in UTF-8"
        raise ConfigurationError(place, problem, "Write the secret alone into it.")
    yield value


def _aws(place: str, name: str, key: str | None) -> Iterator[_Veiled]:
    for stage in _STAGES:
        # Only the current one must be there, and be allowed.
        lenient = () if stage == _STAGES[0] else (ConfigurationError, SecretUnavailable)
        with suppress(*lenient):
            yield _aws_value(place, name, key, stage)


def _aws_value(place: str, name: str, key: str | None, stage: str) -> _Veiled:
    with _explained(place):
        client = _secrets_manager()
        text = _Veiled(
            client.get_secret_value(SecretId=name, VersionStage=stage).get("SecretString", "")
        )
    if not text:
        raise ConfigurationError(
            place, "holds no text", "Store the secret as a text, not as bytes."
        )
    if key is None:
        return text
    form: Any = msgspec.defstruct("Form", [("value", str, msgspec.field(name=key))])
    try:
        return _Veiled(msgspec.json.decode(text.encode(), type=form).value)
    except msgspec.DecodeError as error:
        problem = str(error)  # names places and types alone
    raise ConfigurationError(
        place, f"its JSON does not serve: {problem}", f"Give it a text {key!r}."
    )


@cache
def _secrets_manager() -> "SecretsManagerClient":
    """Credentials, region and endpoint come from where AWS's own tools find them."""
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    config = Config(retries=retries, connect_timeout=5, read_timeout=5)
    return boto3.session.Session().client("secretsmanager", config=config)


@contextmanager
def _explained(place: str) -> Iterator[None]:
    """Raise what boto3 raises as an error that says what to do."""
    try:
        from botocore import exceptions
    except ImportError as error:
        mend = "Install it: pip install 'bellrock[aws]'."
        raise ConfigurationError(place, "needs the package boto3", mend) from error
    try:
        yield
    except exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ResourceNotFoundException":
            problem = "there is no such secret in this region of this account"
            raise ConfigurationError(place, problem, "Create it, or name another.") from error
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500 or "Throttling" in code:
            raise SecretUnavailable(f"{place}: {code}. Try again later.") from error
        mend = "Give the process credentials with the right secretsmanager:GetSecretValue to it."
        raise ConfigurationError(place, f"AWS refuses it ({code})", mend) from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        mend = "Try again later; if it stays so, look at the network to Secrets Manager."
        raise SecretUnavailable(f"{place}: {error}. {mend}") from error
    except exceptions.BotoCoreError as error:
        mend = "Set region, endpoint and credentials as for AWS's own tools."
        raise ConfigurationError(place, str(error).rstrip("."), mend) from error


_PLACES: dict[re.Pattern[str], Callable[..., Iterator[_Veiled]]] = {
    re.compile(
        r"secret://aws/(?P<name>[\w/+=.@:-]+)(?:#(?P<key>[^\x00-\x1f\"\\]+))?", re.ASCII
    ): _aws,
    re.compile(r"secret://file(?P<path>/[^\x00]+)"): _file,
    re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)"): _variable,
}
