"""The log line of an element: what is added, what is left out, how text is shortened."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.collector.elements import Element
from bellrock.collector.entry import Sender, entry, read_sender, shorten
from bellrock.log.stamp import stamp

NOBODY = Sender(user_agent="", country="", gpc=False, objects=False)


def test_a_beacon_is_embedded_byte_for_byte() -> None:
    sender = Sender("Firefox", "DE", gpc=True, objects=True)
    (line,) = stamp([entry(Element(b'{ "v":1.0}', is_beacon=True), sender)], 17)
    assert line == b'{"at":17,"ua":"Firefox","country":"DE","gpc":true,"beacon":{ "v":1.0}}'


def test_an_unknown_user_agent_and_country_are_left_out() -> None:
    assert entry(Element(b"{}", is_beacon=True), NOBODY) == b',"gpc":false,"beacon":{}}'


def test_what_is_no_beacon_is_kept_as_text() -> None:
    sender = Sender("Firefox", "DE", gpc=False, objects=False)
    (line,) = stamp([entry(Element(b'a "b"\n', is_beacon=False), sender)], 0)
    assert line == b'{"at":0,"ua":"Firefox","raw":"a \\"b\\"\\n"}'


def test_raw_text_is_cut_at_4_kib_between_characters() -> None:
    assert shorten(b"x" * 5000) == "x" * 4096
    assert shorten(b"x" + "ü".encode() * 3000) == "x" + "ü" * 2047
    assert shorten("😀".encode()[:2]) == "\ufffd"


@settings(deadline=None)
@given(text=st.binary(max_size=200) | st.binary(max_size=3).map(lambda part: part * 3000))
def test_raw_text_is_always_valid_and_never_longer_than_4_kib(text: bytes) -> None:
    short = shorten(text)
    assert len(short.encode()) <= 4096
    assert msgspec.json.decode(msgspec.json.encode(short)) == short
    if len(text) <= 1365:  # a byte that is not UTF-8 takes three
        assert short == text.decode("utf-8", "replace")


def test_the_user_agent_is_cut_at_512_characters() -> None:
    sender = read_sender({b"user-agent": "ü".encode() * 600})
    assert entry(Element(b"{}", is_beacon=True), sender).count("ü".encode()) == 512


@pytest.mark.parametrize(
    ("said", "country"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("T1", ""),
        ("DEU", ""),
        ("", ""),
        ("\ufffd\ufffd", ""),
        ("ßß", ""),
    ],
)
def test_a_country_is_two_letters_or_unknown(said: str, country: str) -> None:
    assert read_sender({}, said).country == country


def test_what_is_no_country_is_not_remembered_however_long_it_is() -> None:
    assert read_sender({}, "x" * 60_000) is read_sender({}, "y" * 60_000)


@pytest.mark.parametrize(
    ("headers", "gpc", "objects"),
    [
        ({}, False, False),
        ({b"sec-gpc": b"1"}, True, True),
        ({b"sec-gpc": b"0"}, False, False),
        ({b"dnt": b"1"}, False, True),
        ({b"dnt": b"0"}, False, False),
    ],
)
def test_people_object_by_either_header(
    headers: dict[bytes, bytes], gpc: bool, objects: bool
) -> None:
    sender = read_sender(headers)
    assert (sender.gpc, sender.objects) == (gpc, objects)
