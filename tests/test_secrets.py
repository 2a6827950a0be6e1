"""Secrets: found late, found again after a refusal, never shown. Secrets Manager is moto's server."""

import json
import logging
import traceback
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opensearchpy import AuthenticationException, OpenSearch
from structlog.testing import capture_logs

from bellrock import secrets
from bellrock.errors import ConfigurationError
from bellrock.secrets import Secret, SecretUnavailable, parse_endpoint, redacted
from bellrock.store.search.connection import Connection
from servers.process import free_ports

PLACE = "the setting store"
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=6)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moto(kinesis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of moto's server, which has Secrets Manager beside Kinesis; what is tested uses it, too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", kinesis_url)
    secrets._secrets_manager.cache_clear()
    yield secrets._secrets_manager()
    secrets._secrets_manager().close()
    secrets._secrets_manager.cache_clear()


def stored(moto: Any, value: dict[str, Any] | str) -> str:
    name = f"bellrock/test+{uuid4().hex}"  # the server is shared by those who test side by side
    moto.create_secret(
        Name=name, SecretString=value if isinstance(value, str) else json.dumps(value)
    )
    return name


def put(moto: Any, name: str, password: str, *stages: str) -> None:
    text = json.dumps({"password": password})
    moto.put_secret_value(SecretId=name, SecretString=text, VersionStages=list(stages))


def test_a_text_that_is_no_reference_is_the_secret() -> None:
    assert Secret("hunter2", PLACE).reveal() == "hunter2"


def test_a_variable_is_read_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret("env:SEARCH_PASSWORD", PLACE)
    with pytest.raises(ConfigurationError, match="there is no such variable") as told:
        secret.reveal()
    assert told.value.place == "the setting store (env:SEARCH_PASSWORD)"
    monkeypatch.setenv("SEARCH_PASSWORD", "hunter2")
    assert secret.reveal() == "hunter2"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_file_is_the_secret_without_its_last_newline(tmp_path: Path, end: bytes) -> None:
    (tmp_path / "password").write_bytes(b" two\nlines " + end)
    assert Secret(f"secret://file{tmp_path}/password", PLACE).reveal() == " two\nlines "


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff", b"x" * 65537])
def test_a_file_that_holds_no_secret_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(ConfigurationError, match="is no text of 1 to 65536 bytes"):
        Secret(f"secret://file{tmp_path}/password", PLACE).reveal()


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file") as told:
        Secret(f"secret://file{tmp_path}/missing", PLACE).reveal()
    assert str(tmp_path / "missing") in told.value.place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "env:",
        "env:hunter 2",
        "secret:aws",
        "secret://aws/",
        "secret://aws/a#",
        "secret://aws/a b#c",
        "secret://file/",
        "secret://vault/a",
    ],
)
def test_a_reference_of_the_wrong_form_is_refused_at_once_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        Secret(text, PLACE)
    assert told.value.place == PLACE
    assert not text or text not in told.value.problem


def test_a_secret_of_aws_is_a_text_of_its_json_or_the_whole(moto: Any) -> None:
    name = stored(moto, {"username": "bellrock", "password": "hunter2"})
    assert Secret(f"secret://aws/{name}#password", PLACE).reveal() == "hunter2"
    assert json.loads(Secret(f"secret://aws/{name}", PLACE).reveal())["username"] == "bellrock"


def test_a_secret_that_aws_does_not_have_is_told(moto: Any) -> None:
    with pytest.raises(ConfigurationError, match="no such secret in this region") as told:
        Secret("secret://aws/bellrock/none#password", PLACE).reveal()
    assert told.value.place == "the setting store (secret://aws/bellrock/none#password)"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"passwort": "hunter2"}, "missing required field `password`"),
        ({"password": ["hunter2"]}, "Expected `str`, got `array`"),
        ('["hunter2"]', "Expected `object`, got `array`"),
        ("hunter2", "malformed|invalid"),
        ('{"password": "hunter2', "truncated"),
    ],
)
def test_json_that_does_not_serve_is_told_without_it(moto: Any, value: Any, problem: str) -> None:
    secret = Secret(f"secret://aws/{stored(moto, value)}#password", PLACE)
    with pytest.raises(ConfigurationError, match=problem) as told:
        secret.reveal()
    assert "hunter2" not in everything_shown(told.value)


def test_bytes_are_no_secret(moto: Any) -> None:
    moto.create_secret(Name="bellrock/bytes", SecretBinary=b"hunter2")
    with pytest.raises(ConfigurationError, match="holds no text"):
        Secret("secret://aws/bellrock/bytes", PLACE).reveal()


@pytest.mark.parametrize("away", ["AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"])
def test_an_environment_without_region_or_keys_is_told(
    moto: Any, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    monkeypatch.delenv(away)
    secrets._secrets_manager.cache_clear()
    with pytest.raises(ConfigurationError, match="Set region, endpoint and credentials"):
        Secret("secret://aws/a#b", PLACE).reveal()
    monkeypatch.undo()
    secrets._secrets_manager.cache_clear()


def test_a_value_stays_in_use_while_its_place_is_away(
    moto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    reference = f"secret://aws/{stored(moto, {'password': 'hunter2'})}#password"
    secret = Secret(reference, PLACE, clock=clock)
    assert secret.reveal() == "hunter2"
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)
        secrets._secrets_manager.cache_clear()
        clock.now += 301
        with capture_logs() as logs:
            assert secret.reveal() == "hunter2"
        assert [entry["event"] for entry in logs] == ["secret not looked up again"]
        with pytest.raises(SecretUnavailable, match=r"Could not connect.*Try again later"):
            Secret(reference, PLACE).reveal()
        secrets._secrets_manager.cache_clear()


def test_a_value_is_looked_up_again_when_it_is_old(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "password").write_text("first")
    secret = Secret(f"secret://file{tmp_path}/password", PLACE, clock=clock)
    assert secret.reveal() == "first"
    (tmp_path / "password").write_text("second")
    clock.now += 299
    assert secret.reveal() == "first"
    clock.now += 2
    assert secret.reveal() == "second"


def test_a_refused_value_is_looked_up_again_at_once(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("first")
    secret = Secret(f"secret://file{tmp_path}/password", PLACE)
    attempts = secret.attempts()
    assert next(attempts) == "first"
    (tmp_path / "password").write_text("second")
    assert next(attempts) == "second"
    assert secret.reveal() == "second"


def test_after_the_current_value_the_next_and_the_last_are_tried(moto: Any) -> None:
    name = stored(moto, {"password": "one"})
    put(moto, name, "two", "AWSCURRENT")
    put(moto, name, "three", "AWSPENDING")
    secret = Secret(f"secret://aws/{name}#password", PLACE)
    assert list(secret.attempts()) == ["two", "three", "one"]
    assert secret.reveal() == "two"


def test_a_value_that_was_accepted_is_the_first_the_next_time(moto: Any) -> None:
    name = stored(moto, {"password": "one"})
    put(moto, name, "two", "AWSPENDING")
    secret = Secret(f"secret://aws/{name}#password", PLACE)
    assert list(islice(secret.attempts(), 2)) == ["one", "two"]
    assert next(secret.attempts()) == "two"


def test_when_all_is_refused_nothing_is_looked_up_for_some_seconds(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "password").write_text("first")
    secret = Secret(f"secret://file{tmp_path}/password", PLACE, clock=clock)
    assert list(secret.attempts()) == ["first"]
    attempts = secret.attempts()
    assert next(attempts) == "first"
    (tmp_path / "password").write_text("second")
    assert list(attempts) == []
    clock.now += 6
    assert list(secret.attempts())[-1] == "second"


@dataclass
class Guard:
    """A server that lets in whoever knows the password of the moment."""

    password: str
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def guarded(guard: Guard) -> Iterator[Guard]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, _, packed = self.headers["authorization"].partition(" ")
            login = b64decode(packed).decode()
            guard.asked.append(login)
            body = b"{}"
            self.send_response(200 if login == f"bellrock:{guard.password}" else 401)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        guard.url = f"127.0.0.1:{server.server_port}"
        yield guard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def client(guard: Guard, reference: str) -> Iterator[OpenSearch]:
    url, login = parse_endpoint(f"http://bellrock:{reference}@{guard.url}", PLACE)
    search = OpenSearch([url], connection_class=Connection, login=login)
    yield search
    search.close()


def test_a_search_store_whose_password_changes_needs_no_restart(
    moto: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "opensearch")
    name = stored(moto, {"password": "één one"})
    with guarded(Guard("één one")) as guard, client(guard, f"secret://aws/{name}#password") as it:
        it.info()
        put(moto, name, "two-two", "AWSPENDING")
        guard.password = "two-two"  # the store is first, then the secret
        it.info()
        moto.update_secret(SecretId=name, SecretString=json.dumps({"password": "three-3"}))
        guard.password = "three-3"  # both at once
        it.info()
        words = [login.removeprefix("bellrock:") for login in guard.asked]
        assert words == ["één one", "één one", "two-two", "two-two", "three-3"]
        guard.password = "unknown"
        with pytest.raises(AuthenticationException) as told:
            it.info()
    shown = everything_shown(told.value) + caplog.text
    assert caplog.records
    for login in guard.asked:
        assert login.removeprefix("bellrock:") not in shown
        assert b64encode(login.encode()).decode() not in shown


@pytest.mark.parametrize(
    ("text", "url", "login"),
    [
        ("opensearch://host:9200/x", "opensearch://host:9200/x", None),
        ("kafka://a:1,b:2/topic", "kafka://a:1,b:2/topic", None),
        ("opensearch://u:p@host", "opensearch://host", ("u", "p")),
        ("opensearch://u%40x:p%2F%25@host:1", "opensearch://host:1", ("u@x", "p/%")),
        ("https://u:p@/#?:w@[::1]:9200", "https://[::1]:9200", ("u", "p@/#?:w")),
        ("kafka://u:env:KAFKA_PASSWORD@a:1,b:2/t", "kafka://a:1,b:2/t", ("u", "from outside")),
    ],
)
def test_a_url_is_an_address_and_a_login(
    monkeypatch: pytest.MonkeyPatch, text: str, url: str, login: tuple[str, str] | None
) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "from outside")
    found = parse_endpoint(text, PLACE)
    assert found.url == url
    assert (found.login and (found.login.user, found.login.password.reveal())) == login


@pytest.mark.parametrize("url", ["opensearch://u@host", "opensearch://:p@host", "http://u:@host"])
def test_half_a_login_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="has no user and password"):
        parse_endpoint(url, PLACE)


def test_a_redacted_url_has_all_but_the_password() -> None:
    assert redacted("opensearch://u:p/@w@host:9200/x") == "opensearch://u:***@host:9200/x"
    assert redacted("opensearch://host:9200/x") == "opensearch://host:9200/x"


def everything_shown(error: BaseException) -> str:
    """What any tool might show of an error: its texts, and the variables of its frames."""
    with_locals = traceback.TracebackException.from_exception(error, capture_locals=True)
    # Frames of the tests know the secret, for they made it.
    for one in (with_locals, with_locals.__cause__, with_locals.__context__):
        if one is not None:
            kept = [frame for frame in one.stack if frame.filename != __file__]
            one.stack = traceback.StackSummary.from_list(kept)
    return "".join(with_locals.format()) + repr(error) + repr(error.args)


@given(VALUES)
def test_no_value_is_ever_shown(value: str) -> None:
    marked = f"<{value}>"
    url = f"opensearch://user:{marked}@host"
    assert marked not in redacted(url)
    assert redacted(redacted(url)) == redacted(url)
    endpoint = parse_endpoint(f"opensearch://user:{marked.replace('%', '%25')}@host", PLACE)
    assert endpoint.login
    secret = endpoint.login.password
    assert secret.reveal() == marked
    attempts = [*secret.attempts(), *endpoint.login.authorizations()]
    shown = f"{secret!r} {secret!s} {secret} {endpoint} {attempts!r}"
    shown += repr([getattr(secret, name) for name in Secret.__slots__])
    assert marked not in shown
    assert repr(marked)[1:-1] not in shown


@given(VALUES)
def test_no_error_of_a_reference_shows_what_follows_it(value: str) -> None:
    for text in (f"env:<{value}>", f"secret://vault/<{value}>"):
        with pytest.raises(ConfigurationError) as told:
            parse_endpoint(f"opensearch://user:{text.replace('%', '%25')}@host", PLACE)
        shown = everything_shown(told.value)
        assert f"<{value}>" not in shown
        assert repr(f"<{value}>")[1:-1] not in shown
