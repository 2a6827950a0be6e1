"""Bytes as no browser sends them: a text, others like it and a source of chance enter, a spoilt text leaves."""

from collections.abc import Callable, Sequence
from random import Random

_TOKENS = (
    *[
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b" ",
        b"\t",
    ],
    *[
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b",",
        b":",
        b"{}",
        b'"\\u',
        b"\\ud800",
        b"NaN",
        b"1e999",
    ],
    *[
        b"-0",
        b"null",
        b"true",
        b"\xef\xbb\xbf",
        b"\x1f\x8b\x08\0",
        b"\r\n\r\n",
        b"0\r\n\r\n",
        b"ffffffff",
    ],
    *[
        b"\r\n ",
        b"\r\nTransfer-Encoding: chunked",
        b"\r\nContent-Length: 5",
        b"\r\nSec-GPC: 1",
        b"HTTP/1.0",
    ],
    *[
        b"\r\nContent-Encoding: gzip",
        b"\r\nConnection: close",
        b"\r\nExpect: 100-continue",
        b";",
        b"=",
        b"%00",
    ],
)
_LONGEST = 200_000


def mutate(rng: Random, text: bytes, others: Sequence[bytes]) -> bytes:
    """Change a text in one to four places."""
    for _ in range(rng.randrange(1, 5)):
        text = rng.choice(_MUTATIONS)(rng, text, others)
    return text[:_LONGEST]


def _flip(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    if not text:
        return text
    at = rng.randrange(len(text))
    return text[:at] + bytes([text[at] ^ 1 << rng.randrange(8)]) + text[at + 1 :]


def _insert(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(_TOKENS) + text[at:]


def _overwrite(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    token, at = rng.choice(_TOKENS), rng.randrange(len(text) + 1)
    return text[:at] + token + text[at + len(token) :]


def _remove(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _slice(rng, text)
    return text[:start] + text[end:]


def _repeat(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _slice(rng, text)
    times = rng.choice((2, 2, 2, 3, 70, 200))
    return text[:start] + text[start:end] * times + text[end:]


def _splice(rng: Random, text: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other) + 1) :]


def _truncate(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    return text[: rng.randrange(len(text) + 1)]


def _slice(rng: Random, text: bytes) -> tuple[int, int]:
    start = rng.randrange(len(text) + 1)
    return start, min(start + rng.choice((1, 1, 2, 4, 8, 32, 128)), len(text))


_MUTATIONS: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip, _flip, _insert, _insert, _overwrite, _remove, _repeat, _splice, _truncate,
)  # fmt: skip
