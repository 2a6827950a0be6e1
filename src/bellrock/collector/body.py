"""The body of a request: messages enter, its unpacked bytes leave, never more than the limits.

Sizes are checked while the body arrives and while it unpacks, so no request can make the collector
hold more than it may send.
"""

import zlib

from bellrock.collector.asgi import Receive
from bellrock.collector.limits import BODY_BYTES, UNPACKED_BYTES, TooLarge

_DISCARDED_BYTES = 2**20
_GZIP_CONTAINER = 16 + zlib.MAX_WBITS


class Gone(Exception):
    """The browser left before its body had arrived."""


async def receive_body(receive: Receive) -> bytes:
    """Return the body as it was sent; raises TooLarge, Gone."""
    body, more = b"", True
    while more:
        part, more = await _receive_part(receive)
        body += part
        if len(body) > BODY_BYTES:
            if more:
                await _discard_rest(receive)
            raise TooLarge
    return body


async def _receive_part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


async def _discard_rest(receive: Receive) -> None:
    # A sender that is cut off while it sends sees a broken connection instead of the answer.
    discarded, more = 0, True
    while more and discarded < _DISCARDED_BYTES:
        part, more = await _receive_part(receive)
        discarded += len(part)


def unpack(body: bytes, encoding: bytes) -> bytes:
    """Undo the content encoding gzip; raises TooLarge.

    A body in another encoding, or not really in gzip, comes back as it is: it is no JSON, and is
    kept as what it is.
    """
    if encoding.strip().lower() not in (b"gzip", b"x-gzip"):
        return body
    unpacked, rest = b"", body
    try:
        while rest:
            member = zlib.decompressobj(_GZIP_CONTAINER)
            unpacked += member.decompress(rest, UNPACKED_BYTES + 1 - len(unpacked))
            if len(unpacked) > UNPACKED_BYTES:
                raise TooLarge
            if not member.eof:
                return body
            rest = member.unused_data
    except zlib.error:
        return body
    return unpacked
