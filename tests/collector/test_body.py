"""Bodies: gzip, and the limit while it unpacks."""

import gzip
import zlib

import pytest

from bellrock.collector.body import unpack
from bellrock.collector.limits import BODY_BYTES, UNPACKED_BYTES, TooLarge


def test_gzip_is_unpacked() -> None:
    assert unpack(gzip.compress(b"hello", mtime=0), b"gzip") == b"hello"
    assert unpack(gzip.compress(b"hello", mtime=0), b" GZIP ") == b"hello"
    assert (
        unpack(gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0), b"gzip") == b"hello"
    )


def test_256_kib_unpacked_are_taken_and_one_byte_more_is_refused() -> None:
    assert len(unpack(gzip.compress(b"x" * UNPACKED_BYTES), b"gzip")) == UNPACKED_BYTES
    with pytest.raises(TooLarge):
        unpack(gzip.compress(b"x" * (UNPACKED_BYTES + 1)), b"gzip")
    half = gzip.compress(b"x" * (UNPACKED_BYTES // 2 + 1))
    with pytest.raises(TooLarge):
        unpack(half + half, b"gzip")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"plain", b""),
        (b"plain", b"identity"),
        (b"plain", b"br"),
        (b"plain", b"gzip"),
        (b"", b"gzip"),
        (gzip.compress(b"cut off", mtime=0)[:-3], b"gzip"),
        (gzip.compress(b"damaged", mtime=0)[:-1] + b"x", b"gzip"),
        (gzip.compress(b"tail", mtime=0) + b"tail", b"gzip"),
        (zlib.compress(b"zlib"), b"gzip"),
    ],
)
def test_what_is_not_gzip_comes_back_as_it_is(body: bytes, encoding: bytes) -> None:
    assert unpack(body, encoding) == body


def test_a_bomb_is_refused_without_unpacking_it() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < BODY_BYTES
    with pytest.raises(TooLarge):
        unpack(bomb, b"gzip")
