"""Where fuzzing begins: requests as browsers send them, and as the tests of the collector know them to be odd."""

import gzip
from itertools import islice
from random import Random

import msgspec

from bellrock.simulate.visitors import Traffic, sessions

_VISITS = 60
HEADERS = (
    b"Host: collect.example",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
    b"User-Agent: Gr\xc3\xbc\xc3\x9fe \xff\xfe",
    b"User-Agent:",
    b"Content-Type: text/plain;charset=UTF-8",
    b"Content-Type: application/json",
    b"Sec-GPC: 1",
    b"DNT: 1",
    b"Origin: https://shop.example",
    b"X-Forwarded-For: 203.0.113.9, 10.0.0.1",
    b"X-Forwarded-For: [2001:db8::1]:4711, nonsense",
    b"CF-IPCountry: DE",
    b"Connection: keep-alive",
    b"Expect: 100-continue",
    b"Cookie: " + b"x" * 300,
)
_ODD_BODIES = (
    b"",
    b"[]",
    b"null",
    b'[1,null,{},[],"text"]',
    b'{"lone":"\\ud800","number":1e400,"long":' + b"9" * 500 + b"}",
    b'{"a":NaN}',
    b"\xef\xbb\xbf{}",
    b'\t[{"a":\r\n1},{"b":[2]}]\n',
    b'{"a":' * 61 + b"{}" + b"}" * 61,
    b'{"a":' * 70 + b"{}" + b"}" * 70,
    b'[{"a":1},' + b"[" * 200 + b"]" * 200 + b"]",
    b"[" + b"{}," * 99 + b"{}]",
    b"[" + b"{}," * 100 + b"{}]",
    b'{"a":"' + b"[{" * 100 + b'\\"]"}',
    b"{}".join([b"\xff"] * 40),
    b"Gr\xc3\xbc\xc3\x9fe " * 700,
)
_ODD_WIRES = (
    b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS /b HTTP/1.1\r\nOrigin: null\r\nAccess-Control-Request-Method: POST\r\n\r\n",
    b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\n{} \r\n0\r\nDNT: 1\r\n\r\n",
    b"POST http://collector/b?x=/y HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /b HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /b HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"POST /b HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
)


def bodies() -> list[bytes]:
    """Bodies of requests."""
    traffic = Traffic(rate=100, seed=3, bad_share=0.3)
    beacons = [timed.beacon for timed in islice(sessions(traffic), _VISITS)]
    single = [msgspec.json.encode(beacon) for beacon in beacons]
    batches = [msgspec.json.encode(beacons[at : at + 4]) for at in range(0, _VISITS, 6)]
    return [*single, *batches, *_ODD_BODIES]


def wires() -> list[bytes]:
    """All that a connection sends: one request or several."""
    rng = Random(7)
    texts = bodies()
    packed = [request(gzip.compress(text, mtime=0), [b"Content-Encoding: gzip"]) for text in texts]
    plain = [request(text, rng.sample(HEADERS, 6)) for text in texts]
    return [*plain, *packed, *_ODD_WIRES, b"".join(_ODD_WIRES[:4]), b"".join(plain[:3])]


def request(body: bytes, headers: list[bytes]) -> bytes:
    """A whole request that posts a body."""
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"POST /b HTTP/1.1", *headers, length, b"", body])
