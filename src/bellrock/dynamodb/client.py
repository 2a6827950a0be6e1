"""The client of DynamoDB, and its errors as errors that say what to do.

A request that fails is tried again by botocore (its `standard` mode: exponential backoff with jitter). What
fails all the same is `TableUnavailable` where waiting may help, and `ConfigurationError` where it does not.
Anything else is a mistake of ours, and is left as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore import exceptions
from botocore.config import Config

from bellrock.errors import BellrockError, ConfigurationError, TableUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MOST_AT_ONCE = 8
"""Requests under way for one call: each waits some milliseconds, but the interpreter has one lock."""

_BUSY = frozenset(
    "LimitExceededException ProvisionedThroughputExceededException ReplicatedWriteConflictException"
    " RequestLimitExceeded ThrottlingException TransactionConflictException".split()
)
_REFUSED = frozenset(
    "AccessDeniedException ExpiredTokenException IncompleteSignatureException"
    " InvalidSignatureException MissingAuthenticationTokenException"
    " UnrecognizedClientException".split()
)


def connect(
    *,
    region: str | None = None,
    endpoint: str | None = None,
    attempts: int = 6,
    attempt_seconds: float = 5.0,
) -> "DynamoDBClient":
    """A client that any number of threads may use; credentials come from where AWS's own tools find them.

    A request is tried `attempts` times, each for `attempt_seconds`, with growing waits between them: by
    default it is given up after a minute at most. `endpoint` names another DynamoDB than the region's.
    Raises ConfigurationError where there is no region or no such profile, or the endpoint is no URL.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=attempt_seconds,
        read_timeout=attempt_seconds,
        max_pool_connections=MOST_AT_ONCE,
    )
    with explained("DynamoDB"):
        session = boto3.session.Session()  # the default one must not be shared by threads
        try:
            return session.client(
                "dynamodb", region_name=region, endpoint_url=endpoint, config=config
            )
        except ValueError as error:
            mend = "Write it like http://127.0.0.1:8000."
            raise ConfigurationError("DynamoDB", _said(error), mend) from error


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Raise what botocore raises as an error that says what to do; `place` names the table."""
    try:
        yield
    except exceptions.ClientError as error:
        explanation = _explanation(place, error)
        if explanation is None:
            raise
        raise explanation from error
    except (exceptions.NoRegionError, exceptions.ProfileNotFound) as error:
        mend = "Set AWS_DEFAULT_REGION, or AWS_PROFILE to a profile that there is"
        raise ConfigurationError(place, _said(error), mend) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        mend = "Give the process a role, a profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise ConfigurationError(place, _said(error), mend) from error
    except (
        exceptions.ConnectionError,
        exceptions.CredentialRetrievalError,
        exceptions.HTTPClientError,
        exceptions.WaiterError,
    ) as error:
        mend = "Try again later; if it stays so, look at the network between here and DynamoDB"
        raise TableUnavailable(f"{place}: {_said(error)}. {mend}") from error


def _explanation(place: str, error: exceptions.ClientError) -> BellrockError | None:
    code = error.response["Error"]["Code"]
    told = f"{_said(error)} ({code})"
    if code == "ResourceNotFoundException":
        problem = "there is no such table in this region of this account"
        mend = "Make it with: bellrock dynamodb create, or name another."
        return ConfigurationError(place, problem, mend)
    if code in _REFUSED:
        return ConfigurationError(place, told, "Give the process credentials with the rights to it")
    if code in _BUSY or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        mend = "Try again later; if it stays so, raise the limits of the table or the account"
        return TableUnavailable(f"{place}: {told}. {mend}")
    return None


def _said(error: Exception) -> str:
    """What AWS says, without the name of the call."""
    message = str(error)
    if isinstance(error, exceptions.ClientError):
        message = error.response["Error"].get("Message") or message
    return message.rstrip(".")
