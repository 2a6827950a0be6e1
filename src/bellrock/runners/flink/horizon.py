"""How far a worker may fold: no line before every mark that can concern it is known.

A mark that is made at boundary M holds from minute M + 10 on. So a line of minute m may be folded once all
evidence of the boundaries up to m - 10 is judged, whoever had it, and the marks were read after that. How
far it is judged is written by the judge, after the marks; no worker runs ahead of it, so what is folded is
what one process would fold, however fast each worker is.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from bellrock.dynamodb.table import Item, Key, Table, create_table
from bellrock.marks.contract import Marks
from bellrock.operators.behaviour import DELAY_MINUTES

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BEFORE_TIME = -(1 << 40)
"""A minute before all others."""

_KEY: Key = {"job": "S", "part": "S"}
_MINUTE = "minute"


class Judged(Protocol):
    """The boundary up to which all evidence is judged; `BEFORE_TIME` where none is."""

    def read(self) -> int:
        """What was written last."""

    def write(self, minute: int) -> None:
        """Write, unless that or a later one was written; durable when this returns.

        A judge that was given up may wake late. Its successor does not write the same boundary again, and
        whoever read an earlier one would wait for ever.
        """


class SharedMarks(Marks, Protocol):
    """Marks that other workers make, too."""

    def refresh(self, minute: int) -> None:
        """Take over what others have made; `minute` grows from call to call."""


class Horizon:
    """What a worker knows of the judge and the marks, read again when it is time."""

    def __init__(
        self, judged: Judged, marks: SharedMarks, clock: Callable[[], float], every: float = 0.1
    ) -> None:
        """Know nothing yet; who waits for the judge asks at most once in `every` seconds of `clock`."""
        self._judged, self._marks, self._clock, self._every = judged, marks, clock, every
        self._minute = BEFORE_TIME
        self._read_for = BEFORE_TIME
        self._again = float("-inf")

    @property
    def judged(self) -> int:
        """The boundary up to which all evidence was judged when it was last read."""
        return self._minute

    def look(self, minute: int) -> int:
        """The last minute whose lines may be folded; asks anew for a later `minute` than before."""
        waits = minute > self._minute + DELAY_MINUTES
        if (minute > self._read_for or waits) and self._clock() >= self._again:
            self._again = self._clock() + self._every
            self._read_for = max(minute, self._read_for)
            judged = self._judged.read()
            if judged > self._minute:
                # After the boundary, never before: marks that were made up to it are among them.
                self._marks.refresh(judged)
                self._minute = judged
        return self._minute + DELAY_MINUTES


class DynamoJudged:
    """See `Judged`: an item of a DynamoDB table for each job."""

    def __init__(self, client: "DynamoDBClient", table: str, job: str) -> None:
        """Open the table; raises ConfigurationError where it is missing or has another key."""
        self._table = Table(client, table, _KEY)
        self._key: Item = {"job": job, "part": "judged"}

    def read(self) -> int:
        """See `Judged.read`."""
        for item in self._table.items():
            if item["job"] == self._key["job"]:
                return int(item[_MINUTE])
        return BEFORE_TIME

    def write(self, minute: int) -> None:
        """See `Judged.write`."""
        while (written := self.read()) < minute:
            if written == BEFORE_TIME:
                self._table.put_new([{**self._key, _MINUTE: str(minute)}])
            else:
                self._table.change(self._key, _MINUTE, str(minute), old=str(written))


def create_progress_table(client: "DynamoDBClient", name: str) -> None:
    """Make the table, unless it is there; raises ConfigurationError where one of another key is."""
    create_table(client, name, _KEY)
