"""The ASGI types that the collector speaks, and one HTTP answer."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """Status, headers and body of one response."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    async def send(self, send: Send, *, head: bool = False) -> None:
        """Send it, without its body where the request was HEAD."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body})
