"""Whatever happens in whatever order: the documents are those of the fold."""

from collections.abc import Mapping
from random import Random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.canonical import canonical_text
from bellrock.log.blocks import SHARDS
from bellrock.operators.summaries import Deltas
from bellrock.runners.flink.lanes import topic_partitions
from bellrock.runners.fold import fold_lines
from bellrock.schema.document import RELATIONS
from bellrock.schema.site import Site
from bellrock.sites import parse_sites
from bellrock.store.tables import LEVELS, ROLLED_UP
from reference.stream import stream
from runners.engines import folded
from runners.flink.traffic import orderly
from runners.flink.world import SLOTS, Log, World

SITES = parse_sites(stream(0, 1)[0], "stream")


def floored(documents: Deltas, sites: Mapping[str, Site], level: str) -> bytes:
    """Minute documents as the text of another level's."""
    width = LEVELS[level]
    frames = {
        name: getattr(documents, name)
        .with_columns(pl.col("minute") - pl.col("minute") % width)
        .clear(None if name in ROLLED_UP else 0)
        if name not in ROLLED_UP
        else getattr(documents, name).with_columns(pl.col("minute") - pl.col("minute") % width)
        for name in RELATIONS
    }
    return canonical_text(Deltas(**frames), sites)


def logs(partitions: int) -> st.SearchStrategy[Log]:
    """Topics, streams whose shards are alike, and every number of lanes that fits them."""
    lanes = st.sampled_from(range(partitions, SHARDS + 1, partitions)) | st.just(SHARDS)
    ranges = [(2 * shard + 1) * partitions // (2 * SHARDS) for shard in range(SHARDS)]
    topic = st.builds(Log, st.just("kafka://"), lanes, st.just(topic_partitions(partitions)))
    return topic | st.builds(Log, st.just("kinesis://"), lanes, st.just(ranges))


@settings(max_examples=12)
@given(
    seed=st.integers(0, 1 << 30),
    log=st.integers(1, 4).flatmap(logs),
    count=st.integers(50, 400),
)
def test_any_order_of_blocks_steps_flushes_and_restores_gives_the_documents_of_the_fold(
    seed: int, log: Log, count: int
) -> None:
    lines, random = orderly(seed, count), Random(seed)
    world = World(lines, SITES, random, log)
    for _ in range(random.randint(0, 60)):
        happen(world, random)
    world.drain()
    minutes = world.store.documents("minute")
    assert canonical_text(minutes, SITES) == fold_lines(lines, SITES)
    assert delivery(minutes) == delivery(folded(lines, SITES).sums)
    for level in ("hour", "day"):
        found = canonical_text(world.store.documents(level), SITES)
        assert found == floored(minutes, SITES, level)


def delivery(documents: Deltas) -> list[tuple[object, ...]]:
    """How beacons came; the text has nothing of it."""
    key, additive = RELATIONS["delivery"]
    return sorted(documents.delivery.group_by(key).agg(pl.col(additive).sum()).rows())


@settings(max_examples=12)
@given(seed=st.integers(0, 1 << 30))
def test_what_a_run_wrote_and_the_next_passes_over_in_one_step_is_taken_back(seed: int) -> None:
    lines, random = orderly(seed, 150), Random(seed)
    world = World(lines, SITES, random, Log("kafka://", 2, topic_partitions(1)))
    for _ in range(14):
        world.checkpoint()
        for _ in range(random.choice((1, 2, 5, 20))):
            go_on(world, 1)
        flush(world)
        world.restore(2)
        go_on(world, 20)
        flush(world)
    world.drain()
    assert canonical_text(world.store.documents("minute"), SITES) == fold_lines(lines, SITES)


def go_on(world: World, blocks: int) -> None:
    """One step of each lane, of so many blocks."""
    world.read(0, blocks)
    world.time += 1
    world.tell()
    for lane in range(world.lanes):
        world.step(lane)
        world.hear(lane)


def flush(world: World) -> None:
    for slot in range(SLOTS):
        world.flush(slot)


def happen(world: World, random: Random) -> None:
    """One thing."""
    chance = random.random()
    if chance < 0.35:
        world.read(random.randrange(len(world.partitions)), random.choice((1, 5, 50)))
    elif chance < 0.45:
        world.tell()
    elif chance < 0.75:
        for _ in range(random.choice((1, 20))):
            world.step(random.randrange(world.lanes))
        world.time += random.choice((0.0, 1.0))
    elif chance < 0.85:
        world.hear(random.randrange(world.lanes))
    elif chance < 0.92:
        world.flush(random.randrange(SLOTS), hours=random.random() < 0.3)
    elif chance < 0.96:
        world.checkpoint()
    else:
        world.restore(random.choice((1, 2, 3)))
