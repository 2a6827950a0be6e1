"""How much the collector takes from one request, in bytes, elements, levels, characters and seconds."""

READ_BYTES = 16 * 1024  # taken from a connection at once: what it sends ahead stays with the kernel
# Of a head, after the read that it begins in; as much of trailers, and of the extension of a chunk.
HEAD_BYTES = 64 * 1024
HEADERS = 100
BODY_BYTES = 64 * 1024
DISCARDED_BYTES = 2**20  # read on of a body that is too large
UNPACKED_BYTES = 256 * 1024
ELEMENTS = 100
DEPTH = 62  # levels of one beacon, itself included
RAW_BYTES = 4 * 1024
USER_AGENT_CHARACTERS = 512
RECEIVE_SECONDS = 30.0  # from the first byte of a request to its last
IDLE_SECONDS = 75.0  # longer than proxies keep their connections, which must not be closed on them


class TooLarge(Exception):
    """A request is over a limit; none of it is kept."""
