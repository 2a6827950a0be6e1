"""The judge: what it waits for, what it makes, and what a restore changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.errors import ConfigurationError
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.behaviour import EndedAgent, Evidence
from bellrock.runners.flink.evidence import Report, encode_report
from bellrock.runners.flink.horizon import BEFORE_TIME, Horizon
from bellrock.runners.flink.journal import Journal
from bellrock.runners.flink.judge import JudgeFunction
from runners.flink.memory import Judgements, MemoryValue, MemoryValues, View, copied

LANES = 16


def ended(boundary: int, sessions: int = 20) -> EndedAgent:
    return EndedAgent(boundary, "shop", "robot", sessions, sessions)


def says(lane: int, passed: int, *agents: EndedAgent) -> bytes:
    return encode_report(Report(lane, passed, list(agents)))


class Court:
    def __init__(self) -> None:
        self.marks, self.judged = MemoryMarks(), Judgements()
        self.state = Journal(MemoryValue(), MemoryValues())
        self.judge = JudgeFunction(self.marks, self.judged, LANES)

    def hear(self, *reports: bytes) -> None:
        for report in reports:
            self.judge.hear(self.state, report)


def test_a_boundary_is_judged_when_every_shard_has_passed_it() -> None:
    court = Court()
    court.hear(*(says(lane, 100) for lane in range(LANES - 1)))
    assert court.judged.minute == BEFORE_TIME
    court.hear(says(LANES - 1, 90, ended(90)))
    assert court.judged.minute == 90
    assert [mark.since for mark in court.marks.active()] == [100]


def test_marks_are_written_before_it_is_said_how_far_is_judged() -> None:
    court = Court()
    seen: list[int] = []
    court.judged.write = lambda minute: seen.append(len(court.marks.active()))  # type: ignore[method-assign]
    court.hear(*(says(lane, 100) for lane in range(LANES - 1)), says(LANES - 1, 100, ended(99)))
    assert seen == [1]


@given(
    rounds=st.lists(st.lists(st.integers(0, 25), min_size=4, max_size=4), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
    restored=st.integers(0, 60),
)
def test_shards_that_come_at_their_own_pace_make_the_marks_of_one_process(
    rounds: list[list[int]], order, restored: int
) -> None:
    evidence, expected = Evidence(b"secret"), MemoryMarks()
    queues: dict[int, list[bytes]] = {lane: [] for lane in range(4)}
    for number, sessions in enumerate(rounds):
        boundary = 100 + 400 * number
        for lane, count in enumerate(sessions):
            agents = [ended(boundary, count)] if count else []
            evidence.note(agents)
            queues[lane].append(says(lane, boundary, *agents))
        evidence.judge(expected)
    court = Court()
    court.hear(*(says(lane, 1 << 40) for lane in range(4, LANES)))
    saved, after = copied(court.state), []
    for number in range(sum(map(len, queues.values()))):
        lane = order.choice([lane for lane, queue in queues.items() if queue])
        after.append(queues[lane].pop(0))
        court.hear(after[-1])
        if number == restored:
            # Flink takes state and reports back; what was marked and told stays.
            court.state = copied(saved)
            court.judge = JudgeFunction(court.marks, court.judged, LANES)
            court.hear(*after)
    assert court.marks.active() == expected.active()


def test_a_worker_reads_marks_after_the_boundary_that_they_were_made_for() -> None:
    book, judged = MemoryMarks(), Judgements()
    order: list[str] = []

    class Noted(View):
        def refresh(self, minute: int) -> None:
            order.append("marks")
            super().refresh(minute)

    class Told(Judgements):
        def read(self) -> int:
            order.append("judged")
            return judged.minute

    now = [0.0]
    horizon = Horizon(Told(), Noted(book), lambda: now[0])
    judged.minute = 50
    assert horizon.look(55) == 60
    assert order == ["judged", "marks"]
    assert horizon.look(55) == 60
    assert len(order) == 2, "nothing is asked twice for a minute"
    for now[0], asked in ((0.01, 2), (1.0, 3), (1.01, 3)):
        horizon.look(75)
        assert len(order) == asked, "who waits asks now and then"


def test_evidence_lies_in_base_and_changes_and_is_found_again() -> None:
    court = Court()
    for boundary in range(0, 3000, 60):
        rest = [says(lane, boundary) for lane in range(1, LANES)] if boundary % 600 == 0 else []
        court.hear(says(0, boundary, ended(boundary, 1)), *rest)
    court.judge = JudgeFunction(court.marks, court.judged, LANES)
    court.hear(*(says(lane, 3000) for lane in range(LANES)))
    assert court.marks.active(), "20 in 24 hours, of which a restore has lost none"


@pytest.mark.parametrize("passed", [5, 10])
def test_a_shard_that_says_less_than_before_takes_nothing_back(passed: int) -> None:
    court = Court()
    court.hear(*(says(lane, 10) for lane in range(LANES)), says(3, passed))
    assert court.judged.minute == 10


def test_state_of_another_number_of_lanes_is_refused() -> None:
    court = Court()
    court.hear(says(0, 10))
    court.judge = JudgeFunction(court.marks, court.judged, 2 * LANES)
    with pytest.raises(ConfigurationError, match=r"lanes: it is 32, and the state .* has 16"):
        court.hear(says(0, 11))
