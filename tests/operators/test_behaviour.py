"""Evidence: the sums of a sliding day, against all that ended, counted again each time."""

from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.marks.contract import Mark
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.behaviour import DELAY_MINUTES, WINDOW_MINUTES, EndedAgent, Evidence

DAY = WINDOW_MINUTES
AGENTS = ("robot", "reader")


def marked(marks: MemoryMarks) -> dict[tuple[str, str], int]:
    return {(mark.site or "", mark.agent): mark.since for mark in marks.active()}


def ended(boundary: int, sessions: int, suspicious: int, agent: str = "robot") -> EndedAgent:
    return EndedAgent(boundary, "shop", agent, sessions, suspicious)


def judge(*rounds: list[EndedAgent]) -> MemoryMarks:
    evidence, marks = Evidence(b"secret"), MemoryMarks()
    for noted in rounds:
        evidence.note(noted)
        evidence.judge(marks)
    return marks


def test_twenty_suspicious_sessions_mark_a_user_agent_ten_minutes_later() -> None:
    assert marked(judge([ended(100, 19, 19)])) == {}
    assert marked(judge([ended(100, 19, 19)], [ended(101, 1, 1)])) == {("shop", "robot"): 111}


def test_four_in_five_are_enough_and_less_is_not() -> None:
    assert marked(judge([ended(100, 25, 20)])) == {("shop", "robot"): 110}
    assert marked(judge([ended(100, 26, 20)])) == {}


def test_evidence_counts_for_24_hours() -> None:
    assert marked(judge([ended(0, 10, 10)], [ended(DAY - 1, 10, 10)])) != {}
    assert marked(judge([ended(0, 10, 10)], [ended(DAY, 10, 10)])) == {}


def test_of_evidence_for_a_reader_only_that_of_24_hours_speaks_for_it() -> None:
    assert marked(judge([ended(0, 100, 0)], [ended(DAY, 20, 20)])) == {("shop", "robot"): DAY + 10}


def test_a_mark_carries_its_evidence_and_is_made_once() -> None:
    class Noted(MemoryMarks):
        made: ClassVar[list[Mark]] = []

        def mark(self, marks: list[Mark]) -> None:
            self.made.extend(marks)
            super().mark(marks)

    evidence, marks = Evidence(b"secret"), Noted()
    for boundary in (100, 101, 102):
        evidence.note([ended(boundary, 25, 24)])
        evidence.judge(marks)
    assert marks.made == [Mark("shop", "robot", 110, 25, 24)]


def test_what_several_partitions_note_of_a_boundary_is_judged_together() -> None:
    assert marked(judge([ended(100, 10, 10), ended(100, 15, 10)])) == {("shop", "robot"): 110}
    assert marked(judge([ended(100, 20, 20), ended(100, 15, 0)])) == {}


@settings(deadline=None)
@given(
    rounds=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([0, 0, 1, 700, DAY - 1, DAY, DAY + 1]),
                st.sampled_from(AGENTS),
                st.integers(1, 30),
                st.integers(0, 4),
            ),
            max_size=4,
        ),
        max_size=8,
    ),
    saved_at=st.integers(0, 8),
)
def test_marks_are_those_of_counting_everything_again(
    rounds: list[list[tuple[int, str, int, int]]], saved_at: int
) -> None:
    """Also when the evidence was saved and restored on the way."""
    evidence, marks = Evidence(b"secret"), MemoryMarks()
    history: list[EndedAgent] = []
    wanted: dict[tuple[str, str], int] = {}
    boundary = 0
    for number, part in enumerate(rounds):
        noted = []
        for sleep, agent, sessions, innocent in part:
            boundary += sleep
            noted.append(ended(boundary, sessions, max(sessions - innocent, 0), agent))
        history += noted
        for now in sorted({one.boundary for one in noted}):
            for agent in {one.agent for one in noted if one.boundary == now}:
                recent = [o for o in history if o.agent == agent and now - DAY < o.boundary <= now]
                guilty = sum(one.suspicious for one in recent)
                if guilty >= 20 and guilty * 100 >= 80 * sum(one.sessions for one in recent):
                    wanted.setdefault(("shop", agent), now + DELAY_MINUTES)
        if number == saved_at:
            restored = Evidence(b"secret")
            restored.restore(evidence.saved())
            evidence = restored
        evidence.note(noted)
        evidence.judge(marks)
    assert marked(marks) == wanted
