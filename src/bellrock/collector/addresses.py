"""Addresses of the other side: text enters, packed bytes leave; and networks, which contain them or do not.

An address is 4 bytes of IPv4 or 16 of IPv6, and empty where it is unknown. It is used and forgotten:
nothing here keeps one, and no error and no line of the journal may name one.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, AddressFamily, inet_ntop, inet_pton

UNKNOWN = b""
Network = IPv4Network | IPv6Network

_MAPPED = bytes(10) + b"\xff\xff"  # IPv4 in the form of IPv6, as a socket for both tells it
_IPV4_PREFIX, _IPV6_PREFIX = 24 // 8, 56 // 8


def pack(text: str) -> bytes:
    """Pack an address, which may have a port or a zone, as some proxies write it; empty if it is none."""
    host = text.strip()
    if address := _read(AF_INET, host):  # as most are
        return address
    if host[:1] == "[":
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        return _read(AF_INET, host.partition(":")[0])
    address = _read(AF_INET6, host.partition("%")[0])
    return address[12:] if address.startswith(_MAPPED) else address


def _read(family: AddressFamily, host: str) -> bytes:
    try:
        return inet_pton(family, host)
    except (OSError, ValueError):  # no address; and what C cannot take, such as NUL
        return UNKNOWN


def unpack(address: bytes) -> str:
    """The text of an address that is known."""
    return inet_ntop(AF_INET if len(address) == 4 else AF_INET6, address)


def prefix(address: bytes) -> bytes:
    """The part of an address that one customer of a network has: /24 of IPv4, /56 of IPv6.

    Of IPv6, a provider gives a household a /56 or a /64, rarely more (RFC 6177, RIPE-690): by a longer
    prefix one customer would have many budgets, by a /48 many customers one. Of IPv4, a /24 is the
    least that is routed, so whoever has many addresses has whole ones.
    """
    return address[:_IPV4_PREFIX] if len(address) == 4 else address[:_IPV6_PREFIX]


class Networks:
    """A set of networks; to look an address up takes as long as they have lengths, not as they are many."""

    def __init__(self, networks: Iterable[Network]) -> None:
        """Take networks without host bits."""
        by_length: dict[int, dict[int, set[int]]] = {}
        for network in networks:
            size, shift = network.max_prefixlen, network.max_prefixlen - network.prefixlen
            found = by_length.setdefault(size // 8, {}).setdefault(shift, set())
            found.add(int(network.network_address) >> shift)
        self._by_length = {size: list(found.items()) for size, found in by_length.items()}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._by_length)

    def __contains__(self, address: bytes) -> bool:
        """Whether an address is in one of them; an unknown one is not."""
        number, size = int.from_bytes(address), len(address)
        for shift, found in self._by_length.get(size, ()):  # noqa: SIM110  # a generator takes twice as long
            if number >> shift in found:
                return True
        return False


def networks(texts: Iterable[str]) -> list[Network]:
    """Read networks, or addresses, which are networks of one; raises ValueError, which names the text."""
    return [ip_network(text) for text in texts]


@lru_cache(1)
def not_of_the_internet() -> Networks:
    """Networks from which no visitor comes over the internet, but a proxy that is not listed may.

    Of this machine, private, of a link, and of a provider's own translation (RFC 6890, RFC 4193).
    """
    ours = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 100.64.0.0/10"
    return Networks(networks([*ours.split(), "::1/128", "fc00::/7", "fe80::/10"]))
