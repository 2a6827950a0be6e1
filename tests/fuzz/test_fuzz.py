"""A slice of `make fuzz`, and that its oracle would see a mistake."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bellrock.collector import app
from bellrock.collector.elements import Element
from bellrock.collector.entry import entry
from bellrock.collector.exchange import Request
from fuzz.__main__ import run
from fuzz.check import Check
from fuzz.corpus import request, wires

_SLICE = 10_000


def broken(folder: Path, count: int = 3000) -> int:
    return len(asyncio.run(run(1, count, folder, seconds=60)).broken)


def test_mutated_bodies_and_requests_break_no_rule(tmp_path: Path) -> None:
    found = asyncio.run(run(2, _SLICE, tmp_path, seconds=float("inf")))
    assert [path.with_suffix(".txt").read_text() for path in found.broken] == []
    assert found.inputs == _SLICE
    assert found.check.judged > _SLICE / 3
    assert found.check.kept > _SLICE / 3


def test_the_requests_that_it_begins_with_break_none() -> None:
    async def story() -> Check:
        check = Check()
        for sent in wires():
            await check(sent, 97)
        return check

    assert asyncio.run(story()).judged > 80


def _losing(element: Element, sender: object) -> bytes:
    return entry(replace(element, text=element.text.replace(b"null", b"0")), sender)


def _cutting(element: Element, sender: object) -> bytes:
    return entry(replace(element, text=element.text[:4000]), sender)


def _without_objection(element: Element, sender: object) -> bytes:
    return entry(element, replace(sender, gpc=False))


@pytest.mark.parametrize("mistaken", [_losing, _cutting, _without_objection])
def test_a_line_that_is_not_what_was_sent_is_seen(
    mistaken: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "entry", mistaken)
    assert broken(tmp_path)


def test_an_element_that_is_left_out_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elements = app.elements

    def fewer(body: bytes) -> Sequence[Element]:
        found = elements(body)
        return found[:-1] if len(found) > 3 else found

    monkeypatch.setattr(app, "elements", fewer)
    assert broken(tmp_path)


def test_an_exception_and_a_second_answer_are_seen_and_the_input_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(_: object, _request: Request, respond: app.Respond) -> None:
        respond(app.KEPT)
        respond(app.KEPT)

    monkeypatch.setattr(app.Collector, "__call__", twice)
    sent = request(b"{}", [])
    with pytest.raises(AssertionError, match="answered once"):
        asyncio.run(Check()(sent, 97))
    found = asyncio.run(run(1, 1, tmp_path, seconds=60)).broken
    assert [path.suffix for path in found] == [".bin"]
    assert b"POST /b" in found[0].read_bytes()
    assert "AssertionError" in found[0].with_suffix(".txt").read_text()
