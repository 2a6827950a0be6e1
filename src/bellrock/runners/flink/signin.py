"""How Flink's consumer signs in to Kafka, by the names that Java has for it.

Enters: what the log's URL says, and further settings of the consumer. Leaves: all of them as Java's client
takes them; the password is in the setting `sasl.jaas.config` alone, which that client never writes down.
"""

from collections.abc import Mapping

from bellrock.errors import ConfigurationError
from bellrock.log.open import KafkaUrl
from bellrock.secrets import Login

_SHADED = "org.apache.flink.kafka.shaded."  # the client is inside of the connector's jar
_SECURITY = "org.apache.kafka.common.security"


def consumer_settings(log: KafkaUrl, consumer: Mapping[str, str]) -> dict[str, str]:
    """The settings of a consumer; raises ConfigurationError where the URL has others than Java knows.

    The password is looked up now; raises as `Secret.reveal` does.
    """
    if foreign := [name for name in log.settings if name.startswith("ssl.")]:
        raise ConfigurationError(
            "the setting log",
            f"{foreign[0]} is a name of librdkafka, and Flink has Java's client",
            "Set what it has for it in [consumer], such as ssl.truststore.location.",
        )
    told = {**log.settings, **consumer}
    if "security.protocol" in told:
        told["security.protocol"] = told["security.protocol"].upper()
    if log.login:
        told["sasl.jaas.config"] = _jaas(log.login, log.settings["sasl.mechanism"])
    return told


def _jaas(login: Login, mechanism: str) -> str:
    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    user, password = _quoted(login.user), _quoted(login.password.reveal())
    return f"{_SHADED}{_SECURITY}.{module} required username={user} password={password};"


def _quoted(text: str) -> str:
    """A text as JAAS reads it: in quotes, which may hold no newline as it is."""
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'
