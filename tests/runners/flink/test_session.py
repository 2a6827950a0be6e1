"""One lane: what it folds, when it waits, and which copy of its state it trusts."""

from collections.abc import Sequence
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.claims.contract import Claim
from bellrock.claims.memory import MemoryClaims
from bellrock.errors import TableUnavailable
from bellrock.log.blocks import shard_of
from bellrock.marks.contract import Mark
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.documents import MINUTE
from bellrock.runners.flink.evidence import decode_report
from bellrock.runners.flink.horizon import BEFORE_TIME, Horizon
from bellrock.runners.flink.journal import Copies, Header, Journal, read_header
from bellrock.runners.flink.lines import first_minute, ready
from bellrock.runners.flink.session import LaneState, SessionFunction
from bellrock.sites import parse_sites
from reference import shops
from runners.flink.memory import Judgements, MemoryValue, MemoryValues, View, copied, rows_of
from runners.flink.world import BEGINNING

SITES = parse_sites(shops.SITES, "shops")
START = 29_923_542
LANE = 5


def line(minute: int, session: str = "session-00000001", seq: int = 0, extra: str = "") -> bytes:
    beacon = (
        f'"v":1,"site":"plain","session":"{session}","impression":"impression_000001",'
        f'"seq":{seq},"type":"navigation"{extra}'
    )
    return b'{"at":%d,"ua":"robot","beacon":{%b}}' % (minute * MINUTE, beacon.encode())


class Place:
    """A lane's state, and the stores outside."""

    def __init__(self) -> None:
        self.state = LaneState(MemoryValues(), Journal(MemoryValue(), MemoryValues()))
        self.claims, self.book, self.judged = MemoryClaims(), MemoryMarks(), Judgements()
        self.time = 0.0
        self.block = b""

    def function(self) -> SessionFunction:
        view = View(self.book)
        horizon = Horizon(self.judged, view, lambda: self.time)
        return SessionFunction(SITES, self.claims, view, horizon, slots=3)

    def gather(self, *lines: bytes) -> None:
        self.block += b"".join(one + b"\n" for one in lines)

    def step(self, function: SessionFunction, minute: int | None = None):
        self.time += 1
        watermark = BEGINNING if minute is None else minute * MINUTE - 1
        block, self.block = self.block, b""
        return function.step(LANE, self.state, watermark, block)


def documents(parcels: dict[int, bytes]) -> list[tuple]:
    return [row for parcel in parcels.values() for row in rows_of(parcel, "minutes")]


def test_a_line_waits_until_all_evidence_of_ten_minutes_before_is_judged() -> None:
    place = Place()
    function = place.function()
    place.gather(line(START))
    for judged in (BEFORE_TIME, START - 11):
        place.judged.minute = judged
        stepped = place.step(function, START)
        assert stepped.waits
        assert not stepped.parcels
    place.judged.minute = START - 10
    stepped = place.step(function, START)
    assert not stepped.waits
    assert documents(stepped.parcels)


def test_a_mark_is_known_to_the_first_line_that_it_concerns() -> None:
    place = Place()
    function = place.function()
    place.judged.minute = START - 20
    place.gather(line(START - 11))
    place.step(function, START - 11)
    # The judge, somewhere else: first the mark, then how far it has come.
    place.gather(line(START, "session-00000002"))
    assert place.step(function, START).waits
    place.book.mark([Mark("plain", "robot", START, 20, 20)])
    place.judged.minute = START - 10
    rows = documents(place.step(function, START).parcels)
    assert any("behaviour" in row for row in rows)


def test_what_a_shard_has_passed_is_told_once_and_never_beyond_a_line_that_waits() -> None:
    place = Place()
    function = place.function()
    stepped = place.step(function, START)
    assert stepped.report is not None
    assert decode_report(stepped.report).passed == START
    assert place.step(function, START).report is None
    place.gather(line(START + 3))
    stepped = place.step(function, START + 90)
    assert stepped.report is not None
    assert decode_report(stepped.report).passed == START + 3
    assert stepped.waits


def test_an_idle_shard_ends_its_sessions_when_the_watermark_passes_them() -> None:
    place = Place()
    place.judged.minute = START
    function = place.function()
    place.gather(line(START))
    place.step(function, START)
    assert not place.step(function, START + 29).parcels
    [parcel] = place.step(function, START + 30).parcels.values()
    assert rows_of(parcel, "clusters")
    assert not place.step(place.function(), START + 31).parcels, "the end was saved"


def test_lines_that_wait_for_the_judge_are_not_read_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place()
    place.judged.minute = START - 10
    function = place.function()
    place.gather(line(START))
    place.step(function, START)
    for seq, minute, watermark in ((1, START + 3, START), (3, START + 5, START + 90)):
        place.gather(line(minute, seq=seq))
        assert place.step(function, watermark).waits
        with monkeypatch.context() as patched:
            patched.setattr(MemoryValues, "get", None)
            place.gather(line(minute, seq=seq + 1))
            assert place.step(function, watermark).waits
        place.judged.minute = minute - 10
        stepped = place.step(function, watermark)
        assert documents(stepped.parcels)
        assert not stepped.waits


def test_what_waited_for_the_judge_holds_up_no_state_that_flink_took_back() -> None:
    place = Place()
    place.judged.minute = START - 10
    function = place.function()
    before = copied(place.state)
    place.gather(line(START))
    place.step(function, START)
    place.gather(line(START + 20))
    assert place.step(function, START + 20).waits
    place.state = before
    place.gather(line(START))
    assert documents(place.step(function, START + 20).parcels)


def test_lines_that_are_folded_at_once_are_never_in_the_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place()
    place.judged.minute = START
    function = place.function()
    place.gather(line(START))
    with monkeypatch.context() as patched:
        for method in ("add", "update"):
            patched.setattr(place.state.waiting, method, None, raising=False)
        assert documents(place.step(function, START).parcels)
    place.gather(line(START + 30, seq=1))
    assert place.step(function, START).waits
    assert list(place.state.waiting.get())


def test_a_copy_is_not_used_for_a_state_that_flink_took_back() -> None:
    place = Place()
    place.judged.minute = START
    function = place.function()
    before = copied(place.state)
    place.gather(line(START))
    first = documents(place.step(function, START).parcels)
    place.state = before
    place.gather(line(START))
    assert documents(place.step(function, START).parcels) == first
    place.gather(line(START))
    parcels = place.step(function, START).parcels
    assert not documents(parcels), "the same beacon again"
    issues = [row[2] for parcel in parcels.values() for row in rows_of(parcel, "issues")]
    assert issues == ["duplicate.beacon"]


def test_a_step_that_fails_is_made_again_from_the_same_state() -> None:
    class Failing(MemoryClaims):
        fails = True

        def claim(self, claims: Sequence[Claim]) -> list[bool]:
            accepted = super().claim(claims)
            if self.fails:
                raise TableUnavailable("after it was applied")
            return accepted

    place = Place()
    place.judged.minute = START
    place.claims = claims = Failing()
    function = place.function()
    order = ',"order":{"id":"7","value":1,"currency":"EUR"}'
    place.gather(line(START, extra=order))
    with pytest.raises(TableUnavailable):
        place.step(function, START)
    claims.fails = False
    place.gather(line(START, extra=order))
    [row] = documents(place.step(function, START).parcels)
    assert row[-2:] == (1, 100), "the order is this impression's own"


def test_state_of_another_version_is_refused() -> None:
    place = Place()
    place.state.journal.header.update(b"\x95\x63\xc4\x00\x00\x00\xc4\x00")
    with pytest.raises(ValueError, match="version 99, not 1"):
        place.step(place.function(), START)


def test_changes_stay_below_the_base() -> None:
    journal = Journal(MemoryValue(), MemoryValues())
    copies = Copies(b"".join)
    value, random = b"", Random(1)
    for _ in range(400):
        header: Header = read_header(journal)
        assert copies.take(1, journal, header) == value
        change = random.randbytes(random.randrange(1, 5_000))
        value += change
        whole = partial(bytes, value)
        copies.keep(1, value, journal, header, note=b"", changes=[change], whole=whole)
        base, *changes = journal.parts.get()
        assert b"".join(journal.parts.get()) == value
        assert sum(map(len, changes)) <= max(64 << 10, len(base))


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        (b'{"at":1795412520000,"beacon":{}}', START),
        (b'{ "at" : 1795412520000 }', START),
        (b'{"beacon":{},"at":1795412520000}', START),
        (b'{"at":1795412520000,', None),
        (b"no json", None),
    ],
)
def test_the_minute_of_a_line_is_that_of_the_fold_however_it_is_written(
    text: bytes, minute: int | None
) -> None:
    assert first_minute([b"", text]) == minute
    assert ready([text], START - 1, 10) == (0 if minute else 1)
    assert ready([text], START, 10) == 1


@given(
    minutes=st.lists(st.integers(START - 2, START + 2), max_size=6),
    odd=st.sampled_from(
        [b"no json", b'{"beacon":{},"at":1795412520000}', b'{"at":1795412x20000,', b""]
    ),
    place=st.none() | st.integers(0, 6),
    most=st.integers(1, 7),
)
def test_lines_are_ready_up_to_the_first_that_is_too_late(
    minutes: list[int], odd: bytes, place: int | None, most: int
) -> None:
    lines = [line(minute) for minute in minutes]
    if place is not None:
        lines.insert(place, odd)
    late = [number for number, one in enumerate(lines) if (first_minute([one]) or 0) > START]
    assert ready(lines, START, most) == min([*late, len(lines), most])


def test_a_shard_is_that_of_the_fold() -> None:
    assert shard_of(line(START)) == shard_of(line(START + 9, seq=4))
