"""Parts as Java makes them; `flink/src/test/java` says when."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.runners.flink.gather import records_of


def test_a_part_as_java_writes_it() -> None:
    assert records_of(b"\x01\0\0\0\x02ab\0\0\0\0") == ([b"ab", b""], True)
    assert records_of(b"\0\0\0\1\0" + bytes(256)) == ([bytes(256)], False)


@given(st.lists(st.binary()), st.booleans())
def test_every_part_is_read_back(records: list[bytes], more: bool) -> None:
    part = bytes([more]) + b"".join(len(one).to_bytes(4, "big") + one for one in records)
    assert records_of(part) == (records, more)
