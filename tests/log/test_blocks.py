"""Lines are cut into blocks of shards, by the session that the fold reads in them."""

from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.log.blocks import BLOCK_BYTES, SHARDS, cut, lines_of, shard_of
from bellrock.normalise.decode import route_of
from reference.stream import stream

SESSION = b"0123456789abcdef"


def by_fold(line: bytes) -> int:
    """The shard by the reading of `bellrock fold --shards 128`."""
    session = route_of(line)[1]
    return crc32(session.encode()) % SHARDS if session else 0


def test_a_shard_is_a_checksum_of_the_session() -> None:
    line = b'{"at":1,"ua":"x","beacon":{"v":1,"site":"s","session":"%b"}}' % SESSION
    assert shard_of(line) == crc32(SESSION) % 128 == 51


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_log_can_hold_has_the_shard_that_the_fold_gives_it(seed: int) -> None:
    _, lines = stream(seed, 1500)
    assert [shard_of(line) for line in lines] == [by_fold(line) for line in lines]
    assert len({shard_of(line) for line in lines}) > 5


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no json",
        b"null",
        b"[]",
        b"{}",
        b'{"at":1,"raw":"x"}',
        b'{"beacon":null}',
        b'{"beacon":[]}',
        b'{"beacon":{"session":17}}',
        b'{"beacon":{"session":"short"}}',
        b'{"beacon":{"session":"0123456789abcde\xc3\xa9"}}',
        b'{"beacon":{"session":"%b","label":"\xff"}}' % SESSION,
        b'{"beacon":{"session":"%b","session":"fedcba9876543210"}}' % SESSION,
        b'{"beacon":{"s\\u0065ssion":"%b"}}' % SESSION,
        b'{"at":"x","beacon":{"session":"%b","seq":{}}}' % SESSION,
        b'{"beacon":{"session":"%b"}} ' % SESSION,
        b'{"beacon":{"session":"%b"}' % SESSION,
        b'{"beacon":{"session":"%b","deep":%b}}' % (SESSION, b"[" * 100 + b"]" * 100),
        b'{"beacon":{"session":"%b","deep":%b}}' % (SESSION, b"[" * 5000 + b"]" * 5000),
    ],
)
def test_an_odd_line_has_the_shard_that_the_fold_gives_it(line: bytes) -> None:
    assert shard_of(line) == by_fold(line)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from([0, 10, 1000, BLOCK_BYTES - 60, 300_000])),
        max_size=30,
    )
)
def test_blocks_are_bounded_and_hold_the_lines_of_each_shard_in_their_order(
    plan: list[tuple[int, int]],
) -> None:
    lines = [
        b'{"beacon":{"session":"session-%010d"},"n":%d,"x":"%b"}' % (session, number, b"x" * size)
        for number, (session, size) in enumerate(plan)
    ]
    blocks = cut(lines)
    for block in blocks:
        assert 0 <= block.shard < SHARDS
        assert block.data.endswith(b"\n")
        assert len(block.data) <= BLOCK_BYTES or len(lines_of(block.data)) == 1
    for shard in range(SHARDS):
        found = [line for b in blocks if b.shard == shard for line in lines_of(b.data)]
        assert found == [line for line in lines if shard_of(line) == shard]


def test_a_block_is_as_full_as_it_may_be() -> None:
    lines = [b"x" * 1023] * 600
    assert [len(block.data) for block in cut(lines)] == [BLOCK_BYTES, BLOCK_BYTES, 88 * 1024]


@pytest.mark.parametrize("line", [b"", b"a\n", b"a\nb"])
def test_what_would_not_come_back_as_a_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="newline"):
        cut([b"good", line])
