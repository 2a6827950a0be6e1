"""What the fold asks of a store of marks."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Mark(NamedTuple):
    """A user agent whose sessions on a site behave like a bot's, with its evidence.

    `since`: the minute (since 1970) from which its impressions are `behaviour`. `sessions`: those that
    ended in the 24 hours before the mark was made, of which `suspicious` ones looked like no reader's.
    """

    site: str
    agent: str
    since: int
    sessions: int
    suspicious: int


class Active(NamedTuple):
    """A mark that holds; `site` is None where it holds on every site."""

    site: str | None
    agent: str
    since: int


class Marks(Protocol):
    """Marks outlive sessions, are made once, and stay until a person lifts them."""

    @property
    def version(self) -> int:
        """Grows whenever `active` changes."""

    def active(self) -> Sequence[Active]:
        """The marks that hold; lifted ones do not."""

    def is_known(self, site: str, agent: str) -> bool:
        """Whether the pair was ever marked, lifted marks included: it is never marked again."""

    def mark(self, marks: Sequence[Mark]) -> None:
        """Keep new marks of pairs that are not known."""
