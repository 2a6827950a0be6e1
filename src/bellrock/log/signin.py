"""How a client of Kafka signs in: with the password of that moment, and heard when it is refused.

Enters: a login, or none. Leaves: settings of librdkafka for one client. What always holds: a password is
looked up when its client is made; one that brokers refuse is looked up anew, so that the next client has
the one that holds.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError

from bellrock.errors import BellrockError, LogUnavailable
from bellrock.secrets import Login, SecretUnavailable


class SignIn:
    """Of one client; `refusal` is what brokers said of its password, empty as long as they took it."""

    def __init__(self, login: Login | None) -> None:
        """Nothing is looked up yet."""
        self._login = login
        self._passwords: Iterator[str] = iter(())
        self.refusal = ""

    def settings(self) -> dict[str, Any]:
        """What the client is told beside its other settings.

        Raises ConfigurationError where there is no password, LogUnavailable where its place cannot be asked.
        """
        if self._login is None:
            return {}
        self._passwords = self._login.password.attempts()
        try:
            password = next(self._passwords)
        except SecretUnavailable as error:
            raise LogUnavailable(str(error)) from error
        return {
            "sasl.username": self._login.user,
            "sasl.password": password,
            "error_cb": self._hear,
        }

    def _hear(self, error: KafkaError) -> None:
        # Called in whichever call of the client hands over its news; it must not fail for that.
        if error.code() == KafkaError._AUTHENTICATION and not self.refusal:  # noqa: SLF001  # has no other name
            self.refusal = error.str()
            with suppress(BellrockError):
                next(self._passwords, None)
