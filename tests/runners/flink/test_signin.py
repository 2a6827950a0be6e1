"""How a job signs in to Kafka: what Java's client is told, and what is shown of it."""

import pytest

from bellrock.errors import ConfigurationError
from bellrock.log.open import parse_kafka
from bellrock.runners.flink.settings import JobSettings
from bellrock.runners.flink.signin import consumer_settings

SHADED = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"


def test_without_a_user_the_consumer_is_told_what_its_settings_say() -> None:
    log = parse_kafka("kafka://host:9092/log")
    assert consumer_settings(log, {"fetch.max.bytes": "1"}) == {"fetch.max.bytes": "1"}


@pytest.mark.parametrize(
    ("mechanism", "module"),
    [
        ("PLAIN", "plain.PlainLoginModule"),
        ("SCRAM-SHA-256", "scram.ScramLoginModule"),
        ("SCRAM-SHA-512", "scram.ScramLoginModule"),
    ],
)
def test_a_user_and_a_password_are_those_of_the_url_as_java_calls_them(
    mechanism: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = parse_kafka(f"kafka://writer:env:KAFKA_PASSWORD@host/log?sasl.mechanism={mechanism}")
    monkeypatch.setenv("KAFKA_PASSWORD", 'a "quoted" \\ one\nof two lines')
    assert consumer_settings(log, {"ssl.truststore.location": "/trusted.jks"}) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": mechanism,
        "ssl.truststore.location": "/trusted.jks",
        "sasl.jaas.config": f'{SHADED}.{module} required username="writer"'
        ' password="a \\"quoted\\" \\\\ one\\nof two lines";',
    }


def test_what_only_librdkafka_knows_is_refused() -> None:
    log = parse_kafka("kafka://host/log?security.protocol=ssl&ssl.ca.location=/ca.pem")
    with pytest.raises(ConfigurationError, match=r"ssl\.ca\.location .* Set what it has for it in"):
        consumer_settings(log, {})


def test_settings_do_not_show_passwords() -> None:
    shown = repr(
        JobSettings(
            log="kafka://u:s3cret@host/log?sasl.mechanism=PLAIN",
            sites="sites.toml",
            store="opensearch://u:s3cret@host",
            claims="claims",
            marks="marks",
            progress="progress",
            consumer={"ssl.truststore.password": "s3cret"},
        )
    )
    assert "s3cret" not in shown
    assert "kafka://u:***@host/log" in shown
    assert "ssl.truststore.password" in shown
