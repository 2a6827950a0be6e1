"""What a lane tells the judge: which sessions of which user agents ended, and how far the lane has come.

`passed` is the minute up to which every session of the lane that was due has ended: of the boundaries up
to it, the lane has no more evidence.
"""

from collections.abc import Iterable

import msgspec

from bellrock.marks.contract import Marks
from bellrock.operators.behaviour import EndedAgent, Evidence


class Report(msgspec.Struct, array_like=True, frozen=True):
    """Of one lane."""

    lane: int
    passed: int
    ended: list[EndedAgent]


encode_report = msgspec.msgpack.Encoder().encode
decode_report = msgspec.msgpack.Decoder(Report).decode


class Witness(Evidence):
    """Takes the evidence of a lane's pipeline, to be judged elsewhere; nothing of it stays in the state."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(b"")
        self._seen: list[EndedAgent] = []

    def note(self, ended: Iterable[EndedAgent]) -> None:
        """See `Evidence.note`."""
        self._seen.extend(ended)

    def judge(self, marks: Marks) -> None:
        """Leave it to the judge, who hears all lanes."""

    def take(self) -> list[EndedAgent]:
        """What was noted since the last time."""
        seen, self._seen = self._seen, []
        return seen
