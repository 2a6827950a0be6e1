"""How much the collector takes from one request, in bytes, elements, levels and characters."""

BODY_BYTES = 64 * 1024
UNPACKED_BYTES = 256 * 1024
ELEMENTS = 100
DEPTH = 62  # levels of one beacon, itself included
RAW_BYTES = 4 * 1024
USER_AGENT_CHARACTERS = 512


class TooLarge(Exception):
    """A request is over a limit; none of it is kept."""
