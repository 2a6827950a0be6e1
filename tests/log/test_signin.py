"""A log in a Kafka that lets in those alone that sign in: with which passwords, and that none is ever shown."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from traceback import format_exception
from uuid import uuid4

import pytest
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from bellrock.collector import CollectorConfig
from bellrock.config import Config, load_config
from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.kafka import KafkaLogWriter, Topic
from bellrock.log.open import place_of
from bellrock.serve import _arguments
from end_to_end.installation import BELLROCK
from log.visits import assert_in_order, read_all, visits
from servers.kafka import PASSWORD, USER, Broker, new_broker

WRONG = "never let in"
PLAIN = "?security.protocol=sasl_plaintext&sasl.mechanism=PLAIN"
SCRAM = "?security.protocol=sasl_plaintext&sasl.mechanism=SCRAM-SHA-512"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = new_broker(tmp_path_factory.mktemp("kafka"))
    with broker.running():
        yield broker


@pytest.fixture
def name(broker: Broker) -> str:
    topic = Topic(broker.address, f"guarded-{uuid4()}")
    topic.create(2, 1)
    return topic.name


def url(broker: Broker, password: str, name: str, how: str = PLAIN) -> str:
    return f"kafka://{USER}:{password}@{broker.guarded}/{name}{how}"


@pytest.mark.parametrize("how", [PLAIN, SCRAM])
@pytest.mark.parametrize("password", [PASSWORD, "env:KAFKA_PASSWORD", "secret://file{}/password"])
def test_who_signs_in_makes_a_log_writes_it_and_reads_it(
    broker: Broker, how: str, password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(url(broker, password.format(tmp_path), f"own-{uuid4()}", how))
    # Looked up when it is used, not before.
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    place.create(2, 1)
    sent = list(islice(visits(), 3))
    with closing(place.writer()) as writer:
        for lines in sent:
            writer.append(lines)
    with closing(place.log()) as log:
        assert_in_order(read_all(log), sent)


@pytest.mark.parametrize("how", [PLAIN, SCRAM])
def test_a_wrong_password_is_told_and_not_shown(broker: Broker, how: str, name: str) -> None:
    place = place_of(url(broker, WRONG, name, how))
    with pytest.raises(
        LogUnavailable, match=r"cannot be reached \(.*Authentication failed"
    ) as told:
        place.writer()
    assert "a user and a password that hold" in str(told.value)
    everything = "".join(format_exception(told.value)) + repr(place)
    assert WRONG not in everything
    assert name in everything


def test_the_command_says_that_a_password_is_wrong_and_does_not_show_it(broker: Broker) -> None:
    command = [*BELLROCK, "log", "create", url(broker, WRONG, "none")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "Authentication failed" in ran.stderr
    assert WRONG not in ran.stderr + ran.stdout


def test_a_variable_that_is_missing_is_named(broker: Broker, name: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"env:NO_SUCH_PASSWORD.*there is no such variable"
    ):
        place_of(url(broker, "env:NO_SUCH_PASSWORD", name)).writer()


def test_a_password_that_is_changed_is_taken_over_by_writer_and_reader(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    broker = new_broker(tmp_path)
    place = place_of(url(broker, f"secret://file{password}", "rotated", SCRAM))
    assert isinstance(place, Topic)
    sent = list(islice(visits(), 3))
    with ExitStack() as open_ones:
        with broker.running(stop_within=0):
            place.create(2, 1)
            writer = open_ones.enter_context(closing(KafkaLogWriter(place, deadline=3.0)))
            partition = open_ones.enter_context(closing(place.log())).partitions["0"]
            writer.append(sent[0])
            position = partition.read(0, 1000).position
            change_password(broker, WRONG)
            password.write_text(WRONG)
        with broker.running(stop_within=0):
            # Each has a client of its own that was let in with the old one.
            with pytest.raises(LogUnavailable, match=r"written \(.*Authentication failed"):
                writer.append(sent[1])
            with pytest.raises(LogUnavailable, match=r"read \(.*Authentication failed"):
                partition.read(position, 1)
            writer.append(sent[2])
            assert set(partition.read(position, 1000).lines) <= set(sent[2])
            assert partition.read(position, 1000).lines


def change_password(broker: Broker, password: str) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    change = UserScramCredentialUpsertion(USER, info, password.encode())
    client = AdminClient({"bootstrap.servers": broker.address})
    client.alter_user_scram_credentials([change])[USER].result(30)


def test_no_setting_shows_the_password() -> None:
    address = f"kafka://{USER}:{WRONG}@host:9092/beacons{PLAIN}"
    config = load_config(None, {}, {"log": address})
    collector = CollectorConfig(
        host="", port=0, log_directory=Path("log"), policies={}, log=config.log
    )
    shown = repr(config) + repr(collector) + str(config.shown()) + repr(place_of(config.log))
    assert shown.count("host:9092") == 4
    assert WRONG not in shown
    assert not any(WRONG in argument for argument in _arguments(Config(log=address)))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (f"kafka://u:{WRONG}@host/t", "does not say how to sign in: .* none of PLAIN, SCRAM"),
        (f"kafka://u:{WRONG}@host/t?sasl.mechanism=GSSAPI", "does not say how to sign in"),
        (f"kafka://u:{WRONG}@host/t{PLAIN}&security.protocol=ssl", "nobody signs in by ssl"),
        (f"kafka://u:{WRONG}@host/t?acks=1", "'acks' is none that can stand here"),
        (f"kafka://u:{WRONG}@host", "is not the URL of a log"),
        (f"kinesis://u:{WRONG}@region/stream", "Credentials come from where AWS's own tools"),
        ("kafka://u@host/t?sasl.mechanism=PLAIN", "has no user and password before the last @"),
        ("kafka://host/t?sasl.mechanism=PLAIN", "has no user to sign in"),
        ("kafka://host/t?security.protocol=SASL_SSL", "has no user to sign in"),
    ],
)
def test_a_url_that_says_half_of_how_to_sign_in_is_refused(given: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as error:
        place_of(given)
    assert WRONG not in "".join(format_exception(error.value))


def test_a_password_goes_through_tls_unless_the_url_says_otherwise() -> None:
    topic = place_of(f"kafka://u:{WRONG}@a:9092,b:9092/t?sasl.mechanism=SCRAM-SHA-256")
    assert isinstance(topic, Topic)
    assert topic.client["security.protocol"] == "sasl_ssl"
    assert topic.client["bootstrap.servers"] == "a:9092,b:9092"
