"""Parts as Java makes them; `flink/src/test/java` says when."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bellrock.runners.flink.gather import joined, records_of


def test_a_part_as_java_writes_it() -> None:
    assert records_of(b"\x01\0\0\0\x02ab\0\0\0\0") == ([b"ab", b""], True)
    assert records_of(b"\0\0\0\1\0" + bytes(256)) == ([bytes(256)], False)


@given(st.lists(st.binary()), st.booleans())
def test_every_part_is_read_back(records: list[bytes], more: bool) -> None:
    part = bytes([more]) + b"".join(len(one).to_bytes(4, "big") + one for one in records)
    assert records_of(part) == (records, more)


@given(st.lists(st.binary(min_size=1)), st.integers(1, 50))
def test_joined_blocks_are_all_of_them_in_order_and_no_greater_than_they_must_be(
    blocks: list[bytes], most: int
) -> None:
    blocks = [block.replace(b"\n", b"_") for block in blocks]
    found = list(joined(blocks, most))
    assert b"\n".join(found) == b"\n".join(blocks)
    assert all(len(one) <= most or one in blocks for one in found)
    for one, after in pairwise(found):
        assert len(one) + 1 + len(after.split(b"\n")[0]) > most, (
            "the first of the next would have fitted"
        )
