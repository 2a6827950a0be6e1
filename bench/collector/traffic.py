"""What is sent: beacons of simulated visitors, with the heads that Chrome gives them."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from bellrock.simulate.visitors import TimedBeacon, Traffic, sessions

_COUNT = 5000
_HEAD = """POST /b HTTP/1.1
Host: collect.example
Connection: keep-alive
Content-Length: %d
sec-ch-ua-platform: "Windows"
User-Agent: %s
sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"
Content-Type: text/plain;charset=UTF-8
sec-ch-ua-mobile: ?0
Accept: */*
Origin: https://shop.example
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: no-cors
Sec-Fetch-Dest: empty
Referer: https://shop.example/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9

""".replace("\n", "\r\n")


def requests() -> Sequence[bytes]:
    """Different requests, in the order of the visits."""
    return [_request(each) for each in islice(sessions(Traffic(rate=1080, seed=6)), _COUNT)]


def _request(timed: TimedBeacon) -> bytes:
    body = msgspec.json.encode(timed.beacon)
    return (_HEAD % (len(body), timed.user_agent)).encode() + body
