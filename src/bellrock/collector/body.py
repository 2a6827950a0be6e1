"""The body of a request: what was sent enters, its unpacked bytes leave, never more than the limit.

The size is checked while it unpacks, so no request can make the collector hold more than it may send.
"""

import zlib

from bellrock.collector.limits import UNPACKED_BYTES, TooLarge

_GZIP_CONTAINER = 16 + zlib.MAX_WBITS


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
