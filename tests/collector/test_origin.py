"""Whom a request is from: what a trusted proxy says counts, and what anybody else says does not."""

import pytest

from bellrock.collector.addresses import UNKNOWN, networks, pack
from bellrock.collector.exchange import Request
from bellrock.collector.origin import Origins

PROXIES = networks(["10.0.0.0/8", "2001:db8::/32", "198.51.100.7"])
VISITOR = "192.0.2.7"


def request(peer: str, *forwarded: str, **headers: str) -> Request:
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    if forwarded:
        sent[b"x-forwarded-for"] = ",".join(forwarded).encode()
    return Request("POST", "/b", sent, b"", peer=pack(peer))


def address(peer: str, *forwarded: str) -> bytes:
    return Origins(PROXIES).find(request(peer, *forwarded))[0]


def test_without_a_trusted_proxy_the_other_end_is_the_visitor_whatever_it_says() -> None:
    for origins in (Origins(), Origins(PROXIES)):
        found = origins.find(request(VISITOR, "203.0.113.1", "10.0.0.1"))
        assert found == (pack(VISITOR), "")


def test_this_machine_is_trusted_only_where_it_is_listed() -> None:
    assert address("127.0.0.1", VISITOR) == pack("127.0.0.1")
    here = Origins(networks(["127.0.0.1"]))
    assert here.find(request("127.0.0.1", VISITOR))[0] == pack(VISITOR)


@pytest.mark.parametrize(
    "forwarded",
    [
        [VISITOR],
        [VISITOR, "10.9.9.9"],
        [VISITOR, "198.51.100.7", "10.9.9.9"],
        [VISITOR, "2001:db8::1"],
        ["203.0.113.1", VISITOR],  # said by the visitor
        ["10.0.0.3", VISITOR, "10.0.0.2"],  # likewise
        ["unknown", f"{VISITOR}:4711", "[2001:db8::1]:80"],
        [" ", f" {VISITOR} "],
    ],
)
def test_the_visitor_is_the_rightmost_address_that_is_no_trusted_proxy(
    forwarded: list[str],
) -> None:
    assert address("10.0.0.1", *forwarded) == pack(VISITOR)
    assert address("::ffff:10.0.0.1", *forwarded) == pack(VISITOR)


@pytest.mark.parametrize(
    "forwarded",
    [
        [],
        ["10.0.0.2"],
        ["10.0.0.3", "10.0.0.2"],
        ["unknown"],
        [
            VISITOR,
            "unknown",
        ],  # who asked the last proxy cannot be read: what stands left of it is hearsay
        [VISITOR, "", "10.0.0.2"],
    ],
)
def test_where_no_proxy_says_who_asked_it_the_visitor_is_unknown(forwarded: list[str]) -> None:
    assert address("10.0.0.1", *forwarded) == UNKNOWN


def test_a_country_is_believed_from_the_header_and_the_proxy_that_are_trusted() -> None:
    origins = Origins(PROXIES, "CF-IPCountry")
    assert origins.find(request("10.0.0.1", cf_ipcountry=" DE "))[1] == "DE"
    assert origins.find(request("10.0.0.1", x_country="DE"))[1] == ""
    assert origins.find(request(VISITOR, cf_ipcountry="DE"))[1] == ""
    assert Origins(PROXIES).find(request("10.0.0.1", cf_ipcountry="DE"))[1] == ""
    assert Origins((), "CF-IPCountry").find(request("10.0.0.1", cf_ipcountry="DE"))[1] == ""


class Atlas:
    """Knows one address."""

    def find(self, address: bytes) -> str:
        return {pack(VISITOR): "AT"}[address]


def test_a_country_that_a_proxy_states_wins_and_others_are_looked_up() -> None:
    origins = Origins(PROXIES, "CF-IPCountry", Atlas())
    assert origins.country(pack(VISITOR), "DE") == "DE"
    assert origins.country(pack(VISITOR), "") == "AT"
    assert origins.country(UNKNOWN, "") == ""
    assert Origins().country(pack(VISITOR), "") == ""
