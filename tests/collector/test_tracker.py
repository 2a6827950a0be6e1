"""The tracker's files over HTTP: compressed, validated, never stale for long."""

import gzip
import re
from base64 import b64decode
from hashlib import sha384
from pathlib import Path

import pytest

from bellrock.collector.exchange import Answer
from bellrock.collector.tracker import Asset, load_tracker, snippet

SCRIPT = b"console.log('bellrock');" * 20


@pytest.fixture
def script(tmp_path: Path) -> Asset:
    (tmp_path / "t.js").write_bytes(SCRIPT)
    return load_tracker(tmp_path)["/t.js"]


def header(answer: Answer, name: bytes) -> bytes | None:
    lines = [line.partition(b": ") for line in answer.head.split(b"\r\n")[1:]]
    return {field: value for field, _, value in lines}.get(name)


def test_the_script_is_sent_plain_to_who_wants_it_plain(script: Asset) -> None:
    answer = script.answer({})
    assert (answer.status, answer.body) == (200, SCRIPT)
    assert header(answer, b"content-type") == b"text/javascript; charset=utf-8"
    assert header(answer, b"content-encoding") is None
    assert header(answer, b"vary") == b"accept-encoding"
    assert header(answer, b"cache-control") == b"public, max-age=3600, stale-while-revalidate=86400"


@pytest.mark.parametrize("accepted", [b"gzip", b"br, gzip", b"GZIP;q=0.5", b"deflate , gzip ; q=1"])
def test_the_script_is_sent_in_gzip_to_who_takes_gzip(script: Asset, accepted: bytes) -> None:
    answer = script.answer({b"accept-encoding": accepted})
    assert header(answer, b"content-encoding") == b"gzip"
    assert gzip.decompress(answer.body) == SCRIPT
    assert header(answer, b"content-length") == b"%d" % len(answer.body)


def test_the_script_is_sent_in_brotli_where_the_build_made_it_and_the_browser_takes_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "t.js").write_bytes(SCRIPT)
    (tmp_path / "t.js.br").write_bytes(b"as the build made it")
    assets = load_tracker(tmp_path)
    for script in assets.values():
        answer = script.answer({b"accept-encoding": b"gzip, deflate, br, zstd"})
        assert header(answer, b"content-encoding") == b"br"
        assert answer.body == b"as the build made it"
        without = script.answer({b"accept-encoding": b"gzip, br;q=0"})
        assert header(without, b"content-encoding") == b"gzip"
    assert len(assets) == 2


@pytest.mark.parametrize("accepted", [b"", b"br", b"gzip;q=0", b"gzip; q=0.00", b"x-gzipped"])
def test_nobody_gets_gzip_who_does_not_take_it(script: Asset, accepted: bytes) -> None:
    assert script.answer({b"accept-encoding": accepted}).body == SCRIPT


@pytest.mark.parametrize("accepted", [b"", b"gzip"])
def test_a_browser_that_has_this_version_gets_304(script: Asset, accepted: bytes) -> None:
    wanted = {b"accept-encoding": accepted}
    etag = header(script.answer(wanted), b"etag") or b""
    for known in (etag, b"W/" + etag, b'"other", ' + etag, b"*"):
        answer = script.answer({**wanted, b"if-none-match": known})
        assert (answer.status, answer.body) == (304, b"")
        assert header(answer, b"etag") == etag
    assert script.answer({**wanted, b"if-none-match": b'"other"'}).status == 200


def test_each_encoding_and_each_version_has_a_name_of_its_own(
    script: Asset, tmp_path: Path
) -> None:
    (tmp_path / "t.js").write_bytes(SCRIPT + b" ")
    changed = load_tracker(tmp_path)["/t.js"]
    wanted = [{}, {b"accept-encoding": b"gzip"}]
    tags = {header(asset.answer(each), b"etag") for asset in (script, changed) for each in wanted}
    assert len(tags) == 4


def test_the_source_map_is_served_where_it_was_built(tmp_path: Path) -> None:
    assert load_tracker(tmp_path) == {}
    (tmp_path / "t.js.map").write_bytes(b"{}")
    answer = load_tracker(tmp_path)["/t.js.map"].answer({})
    assert header(answer, b"content-type") == b"application/json"


def test_the_snippet_names_a_script_that_never_changes_and_its_hash(tmp_path: Path) -> None:
    (tmp_path / "t.js").write_bytes(SCRIPT)
    line = snippet("https://c.example", "shop-a", directory=tmp_path)
    found = re.search(
        r'src="https://c\.example(/t\.[0-9a-f]{16}\.js)".*integrity="sha384-(.*?)"', line, re.DOTALL
    )
    assert found is not None
    answer = load_tracker(tmp_path)[found[1]].answer({})
    assert header(answer, b"cache-control") == b"public, max-age=31536000, immutable"
    assert sha384(answer.body).digest() == b64decode(found[2])
    assert header(answer, b"access-control-allow-origin") == b"*", "integrity wants CORS"
