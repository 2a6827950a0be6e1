"""Marks in memory: for folding a recorded log, and for tests."""

from collections.abc import Sequence

from bellrock.marks.contract import Active, Mark


class MemoryMarks:
    """See `Marks`."""

    def __init__(self) -> None:
        """Begin with no marks."""
        self._marks: dict[tuple[str, str], Mark] = {}

    @property
    def version(self) -> int:
        """See `Marks.version`."""
        return len(self._marks)

    def active(self) -> Sequence[Active]:
        """See `Marks.active`."""
        return [Active(mark.site, mark.agent, mark.since) for mark in self._marks.values()]

    def is_known(self, site: str, agent: str) -> bool:
        """See `Marks.is_known`."""
        return (site, agent) in self._marks

    def mark(self, marks: Sequence[Mark]) -> None:
        """See `Marks.mark`."""
        for mark in marks:
            self._marks.setdefault((mark.site, mark.agent), mark)
