"""The functions of the job without Flink: keyed state in memory, everything judged, documents dropped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import process_time

from bellrock.claims.contract import Claims
from bellrock.claims.memory import MemoryClaims
from bellrock.log.blocks import Block, cut
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.summaries import Deltas
from bellrock.runners.flink.horizon import Horizon
from bellrock.runners.flink.journal import Journal
from bellrock.runners.flink.lanes import lane_by_shard
from bellrock.runners.flink.session import LaneState, SessionFunction
from bellrock.runners.flink.settings import JobSettings
from bellrock.runners.flink.summary import DocumentWriter, SlotState, SummaryFunction
from bellrock.schema.site import Site

LATE_MS = 60_000
SETTINGS = JobSettings(log="", sites="", store="", claims="", marks="", progress="")
SLOTS = SETTINGS.slots

_APPEND = 100  # lines of which a collector makes blocks


class _Value:
    def __init__(self) -> None:
        self._data: bytes | None = None

    def value(self) -> bytes | None:
        return self._data

    def update(self, value: bytes) -> None:
        self._data = value


class _Values:
    def __init__(self) -> None:
        self._data: list[bytes] = []

    def get(self) -> list[bytes]:
        return list(self._data)

    def add(self, value: bytes) -> None:
        self._data.append(value)

    def update(self, values: list[bytes]) -> None:
        self._data = list(values)


class _Table(dict[str, bytes]):
    put = dict.__setitem__
    remove = dict.__delitem__


class _Everything:
    """See `Judged`: all evidence is judged already."""

    def read(self) -> int:
        return 1 << 40

    def write(self, minute: int) -> None:
        raise AssertionError(minute)


class Marks(MemoryMarks):
    """See `SharedMarks`."""

    def refresh(self, minute: int) -> None:
        """Do nothing: nobody else marks."""


class Drop:
    """See `DocumentWriter`."""

    def write(self, documents: Mapping[str, Deltas], version: int) -> None:
        """Do nothing."""

    def written(self, after: int, before: int) -> Deltas:
        """See `DocumentWriter.written`; nobody was there before."""
        raise AssertionError(after, before)


class Lanes:
    """All lanes of a job in one worker."""

    def __init__(
        self, number: int, declared: Mapping[str, Site], claims: Claims | None = None
    ) -> None:
        """Begin with nothing; everybody has come as far as is asked. Without `claims`, they are in memory."""
        self._lanes = lane_by_shard("kafka://", number)
        marks = Marks()
        horizon = Horizon(_Everything(), marks, process_time)
        self._function = SessionFunction(declared, claims or MemoryClaims(), marks, horizon, SLOTS)
        self._blocks: dict[int, list[bytes]] = {}
        self.states = [LaneState(_Values(), Journal(_Value(), _Values())) for _ in range(number)]

    def gather(self, blocks: Iterable[Block]) -> None:
        """Let blocks wait for their lanes' steps, as the job's Java does."""
        for block in blocks:
            self._blocks.setdefault(self._lanes[block.shard], []).append(block.data)

    def step(self, at: int) -> Iterator[tuple[int, bytes]]:
        """Step every lane; parcels, each with its slot."""
        for lane, state in enumerate(self.states):
            block = b"\n".join(self._blocks.pop(lane, []))
            stepped = self._function.step(lane, state, at - LATE_MS, block)
            assert not stepped.waits
            yield from stepped.parcels.items()


class Slots:
    """All slots of a job in one worker."""

    def __init__(self, writer: DocumentWriter) -> None:
        """Begin with nothing."""
        self._function = SummaryFunction(writer, 1)
        self._states = [SlotState(_Value(), _Values(), _Values(), _Table()) for _ in range(SLOTS)]

    def take(self, parcels: Iterable[tuple[int, bytes]]) -> None:
        """Let parcels wait in their slots."""
        for slot, parcel in parcels:
            self._function.gather(self._states[slot], parcel)

    def flush(self, at: int, *, hours: bool) -> None:
        """Write what has changed, of hours too if they are due."""
        for state in self._states:
            self._function.flush(state, at - LATE_MS, hours=hours)


def blocks_of(lines: Sequence[bytes]) -> list[Block]:
    """What collectors append, one append after the other."""
    return [
        block for at in range(0, len(lines), _APPEND) for block in cut(lines[at : at + _APPEND])
    ]
