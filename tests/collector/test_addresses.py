"""Addresses as text become bytes, and networks contain them: held against the standard library."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.collector.addresses import (
    UNKNOWN,
    Networks,
    networks,
    not_of_the_internet,
    pack,
    prefix,
    unpack,
)

_addresses = st.ip_addresses()
_networks = st.builds(
    lambda address, length: ip_network(
        (address, length % (address.max_prefixlen + 1)), strict=False
    ),
    _addresses,
    st.integers(0, 128),
)


@given(_addresses)
def test_an_address_is_packed_as_the_standard_library_packs_it(
    address: IPv4Address | IPv6Address,
) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert pack(str(address)) == (mapped or address).packed
    assert ip_address(unpack(pack(str(address)))) == (mapped or address)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (" 192.0.2.7\t", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
    ],
)
def test_an_address_is_read_as_proxies_write_it(written: str, meant: str) -> None:
    assert pack(written) == ip_address(meant).packed


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "1.2.3.4:5:6", "[", "a\0", "ü", "1 .2.3.4", "::g"]
)  # fmt: skip
def test_what_is_no_address_is_unknown(text: str) -> None:
    assert pack(text) == UNKNOWN


@given(st.text())
def test_no_text_is_more_than_unknown(text: str) -> None:
    assert len(pack(text)) in {0, 4, 16}


@given(st.lists(_networks, max_size=6), _addresses)
def test_networks_contain_what_the_standard_library_says(
    known: list, address: IPv4Address | IPv6Address
) -> None:
    near = [network.network_address for network in known]
    for each in [address, *near]:
        packed = each.packed
        expected = any(each.version == n.version and each in n for n in known)
        assert (packed in Networks(known)) == expected


def test_no_network_contains_the_unknown_address() -> None:
    assert UNKNOWN not in Networks(networks(["0.0.0.0/0", "::/0"]))
    assert not Networks([])


def test_networks_with_host_bits_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        networks(["10.0.0.1/8"])


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "169.254.0.1", "::1", "fd00::1", "fe80::1"],
)  # fmt: skip
def test_private_addresses_are_not_of_the_internet(address: str) -> None:
    assert pack(address) in not_of_the_internet()


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00::1"])
def test_public_addresses_are(address: str) -> None:
    assert pack(address) not in not_of_the_internet()


def test_a_prefix_is_a_24_of_ipv4_and_a_56_of_ipv6() -> None:
    assert prefix(pack("192.0.2.7")) == prefix(pack("192.0.2.255")) != prefix(pack("192.0.3.7"))
    house = prefix(pack("2001:db8:1:2ff::1"))
    assert house == prefix(pack("2001:db8:1:200:ffff::"))
    assert house != prefix(pack("2001:db8:1:300::1"))
