"""Faults on the way to DynamoDB, put in by botocore's own hooks: the requests that are not meant are real."""

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Fault = Callable[[AWSPreparedRequest], AWSResponse]


class _Body(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _answer(request: AWSPreparedRequest, status: int, said: object) -> AWSResponse:
    body = _Body(json.dumps(said).encode())
    return AWSResponse(request.url, status, HTTPHeaders(), body)


def refused(code: str, status: int = 400) -> Fault:
    """An error of DynamoDB's; the request does not arrive."""
    said = {"__type": f"com.amazonaws.dynamodb#{code}", "message": f"says {code}."}
    return lambda request: _answer(request, status, said)


def left_undone(code: str) -> Fault:
    """A batch is answered, but an error is the answer to each of its statements."""

    def answer(request: Any) -> AWSResponse:
        statements = json.loads(request.body)["Statements"]
        return _answer(request, 200, {"Responses": [{"Error": {"Code": code}}] * len(statements)})

    return answer


def lost(request: AWSPreparedRequest) -> AWSResponse:
    """The request arrives and is carried out, and the answer never comes."""
    with_answer = URLLib3Session()
    assert with_answer.send(request).status_code < 500
    with_answer.close()
    raise ReadTimeoutError(endpoint_url=request.url)


def meet(client: "DynamoDBClient", operation: str, *faults: Fault, at: str = "") -> list[str]:
    """Let the first requests of an operation meet a fault each; returns what all requests say, as they come.

    `at` names those that are meant, by a text in them.
    """
    left = list(faults)
    said: list[str] = []

    def send(request: Any, **_: object) -> AWSResponse | None:
        body = request.body.decode()
        said.append(body)
        return left.pop(0)(request) if left and at in body else None

    hook: Any = send  # the types know of hooks that answer nothing
    client.meta.events.register(f"before-send.dynamodb.{operation}", hook)
    return said
