"""The streams for a lake: whatever happens, each shard's records once and in order, by their numbers."""

from contextlib import closing
from pathlib import Path
from random import Random
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.canonical import canonical_text
from bellrock.claims.memory import MemoryClaims
from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.blocks import Block, lines_of
from bellrock.log.kinesis import Stream
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.flink.journal import annotate, read_header
from bellrock.runners.flink.lanes import topic_partitions
from bellrock.runners.flink.settings import StreamSettings, load_settings
from bellrock.runners.flink.streams import Numbers, Streams, open_streams
from bellrock.runners.fold import fold_lines
from recorded import tell
from runners.flink.memory import copied
from runners.flink.reading import expected_ended, expected_lines, read_stream, taken
from runners.flink.test_any_order import SITES, happen
from runners.flink.traffic import last_word, orderly
from runners.flink.world import Log, World


class MemoryStream:
    """See `BlockWriter`; it may keep a part of what it refuses, in any order of the shards."""

    def __init__(self, random: Random) -> None:
        self.blocks: list[Block] = []
        self.random = random
        self.failing = 0.0

    def put(self, blocks: list[Block]) -> None:
        if self.random.random() < self.failing:
            self.blocks += [block for block in blocks if self.random.random() < 0.5]
            raise LogUnavailable("the stream is away")
        self.blocks += blocks

    def append(self, lines: list[bytes]) -> None:
        raise AssertionError("blocks are put")

    def probe(self) -> None: ...

    def close(self) -> None: ...

    def lines(self) -> list[bytes]:
        return [line for block in self.blocks for line in lines_of(block.data)]


@settings(max_examples=12)
@given(
    seed=st.integers(0, 1 << 30),
    partitions=st.integers(1, 3),
    factor=st.integers(1, 8),
    count=st.integers(50, 300),
)
def test_any_order_of_steps_restores_and_failures_writes_what_the_fold_tells(
    seed: int, partitions: int, factor: int, count: int
) -> None:
    lines, random = orderly(seed, count), Random(seed)
    lines += last_word(lines)
    ended, every = MemoryStream(random), MemoryStream(random)
    log = Log("kafka://", partitions * factor, topic_partitions(partitions))
    world = World(lines, SITES, random, log, Streams(ended, every))
    ended.failing = every.failing = 0.1
    for _ in range(random.randint(0, 60)):
        try:
            happen(world, random)
        except LogUnavailable:
            world.restore(random.choice((1, 2, 3)))
    ended.failing = every.failing = 0.0
    world.drain()
    told = tell([lines], SITES)
    assert taken(ended.lines()) == expected_ended(told)
    assert taken(every.lines()) == expected_lines(told, lines)


def test_a_step_whose_stream_is_away_changes_nothing() -> None:
    lines, random = orderly(3, 60), Random(3)
    stream = MemoryStream(random)
    stream.failing = 1.0
    world = World(
        lines, SITES, random, Log("kafka://", 1, topic_partitions(1)), Streams(lines=stream)
    )
    world.read(0, 50)
    for _ in range(9):
        before = copied(world.state)
        try:
            go_on(world)
        except LogUnavailable:
            break
    else:
        pytest.fail("nothing was written")
    (lane,), (then,) = world.state["lanes"], before["lanes"]
    assert lane.waiting.data == then.waiting.data != []
    assert lane.journal.header.data == then.journal.header.data
    assert lane.journal.parts.data == then.journal.parts.data


def test_a_state_from_before_there_were_streams_is_gone_on_from() -> None:
    lines, random = orderly(4, 200), Random(4)
    world = World(lines, SITES, random, Log("kafka://", 2, topic_partitions(2)))
    for partition in range(2):
        world.read(partition, 20)
    for _ in range(3):
        go_on(world)
    for state in world.state["lanes"]:
        header = read_header(state.journal)
        passed, _ = msgspec.msgpack.decode(header.note)
        annotate(state.journal, header, msgspec.msgpack.encode(passed))
    world.drain()
    assert canonical_text(world.store.documents("minute"), SITES) == fold_lines(lines, SITES)


def go_on(world: World) -> None:
    world.tell()
    world.time += 1
    for lane in range(world.lanes):
        world.step(lane)
        world.hear(lane)


def test_streams_in_kinesis_are_read_as_those_in_kafka(kinesis_url: str) -> None:
    lines = orderly(5, 300)
    urls = []
    for kind in ("ended", "lines"):
        name = f"{kind}-{uuid4()}"
        Stream("eu-central-1", name, kinesis_url).create(3)
        urls.append(f"kinesis://eu-central-1/{name}?endpoint={kinesis_url}")
    ended, every = urls
    pipeline = Pipeline(SITES, MemoryClaims(), MemoryMarks(), State())
    numbers = Numbers()
    with closing(open_streams(StreamSettings(ended=ended, lines=every))) as streams:
        for batch in (lines[:100], lines[100:]):
            streams.write(pipeline.step(batch), pipeline.state.names, numbers)
        streams.write(pipeline.pass_boundaries(), pipeline.state.names, numbers)
    told = tell([lines], SITES)
    assert taken(read_stream(ended)) == expected_ended(told)
    assert taken(read_stream(every)) == expected_lines(told, lines)
    assert sum(numbers.lines.values()) == len(lines)


def test_a_stream_that_is_no_log_is_refused_with_the_settings(tmp_path: Path) -> None:
    needed = "".join(
        f'{name} = "{name}"\n' for name in ("log", "sites", "store", "claims", "marks", "progress")
    )
    file = tmp_path / "job.toml"
    file.write_text(f'{needed}[streams]\nended = "kafka://127.0.0.1:9092"\n')
    with pytest.raises(ConfigurationError, match="is not the URL of a log"):
        load_settings(file)
    file.write_text(f"{needed}[streams]\nlines = 'kinesis://eu-central-1/lines'\n")
    assert load_settings(file).streams == StreamSettings(lines="kinesis://eu-central-1/lines")


def test_a_streams_password_is_not_shown() -> None:
    streams = StreamSettings(ended="kafka://user:hunter2@127.0.0.1:9092/ended")
    assert "hunter2" not in repr(streams)
