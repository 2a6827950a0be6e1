"""The connections of opensearch-py's client, which sign in, and compress in a hurry.

At the library's level, the highest, compressing is a fifth of what writing documents costs, for requests that
are a third smaller.
"""

import gzip
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from opensearchpy import AuthenticationException, Urllib3HttpConnection
from urllib3 import make_headers

from bellrock.secrets import Login

_FASTEST = 1


class Connection(Urllib3HttpConnection):
    """The `connection_class` of a client that is given `login` beside it.

    Each request is signed in with the password of that moment, and sent again with another one when it is
    refused (401), before anybody hears of it.
    """

    def __init__(self, *, login: Login | None = None, **options: Any) -> None:
        """`options` are the library's, `http_compress` left out: everything is compressed."""
        super().__init__(headers=make_headers(accept_encoding=True), **options)
        self._login = login

    def perform_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """See the library."""
        sent = dict(headers or {})
        if body:
            body = gzip.compress(body, _FASTEST)
            sent["content-encoding"] = "gzip"
        send = partial(super().perform_request, method, url, params, body, timeout, ignore)
        if self._login is None:
            return send(sent)
        refusal: AuthenticationException | None = None
        for authorization in self._login.authorizations():
            try:
                return send({**sent, "authorization": authorization})
            except AuthenticationException as error:
                refusal = error
        assert refusal is not None
        raise refusal
