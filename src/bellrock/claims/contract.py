"""What the fold asks of a claim store."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Owner(NamedTuple):
    """`minute` is that of the session's first beacon: another life of the session is another owner."""

    session: str
    minute: int
    impression: str


class Claim(NamedTuple):
    """`hash` is the keyed hash of the order id (32 bytes); the plain id goes no further."""

    site: str
    hash: bytes
    owner: Owner


class Claims(Protocol):
    """The first claim of (site, hash) stays; the owner's own claim, as in a replay, is accepted again."""

    def claim(self, claims: Sequence[Claim]) -> list[bool]:
        """Whether each claim is accepted, decided in the order given."""
