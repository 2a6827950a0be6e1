"""Where a request comes from: the request enters, its visitor's address and country leave.

A connection's other end is the visitor, unless it is a trusted proxy: then `X-Forwarded-For` has the
visitor, as its rightmost address that is not of a trusted proxy. Every proxy adds the address it was
asked from at the right, so what stands left of that one is only what a stranger said; nginx
(`real_ip_recursive`), Express and uvicorn read it alike. Where all are trusted, or the last one cannot be read,
the address is unknown: it is better to look nobody up than to take a proxy for its visitors.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bellrock.collector.addresses import UNKNOWN, Network, Networks, networks, pack
from bellrock.collector.config import CollectorConfig
from bellrock.collector.countries import CountryDatabase
from bellrock.collector.exchange import Request


class Countries(Protocol):
    """Whatever knows the country of an address."""

    def find(self, address: bytes) -> str:
        """The country as ISO 3166 has it, empty where it is not known."""
        ...


class Origins:
    """Says where requests come from."""

    def __init__(
        self,
        trusted_proxies: Sequence[Network] = (),
        country_header: str | None = None,
        countries: Countries | None = None,
    ) -> None:
        """Believe these proxies, this header of theirs, and for all others this database."""
        self._trusted = Networks(trusted_proxies)
        self._header = country_header.lower().encode() if country_header else b""
        self._countries = countries

    def find(self, request: Request) -> tuple[bytes, str]:
        """The visitor's address, and the country that a proxy states; either is empty where it is not known."""
        if not (self._trusted and request.peer in self._trusted):
            return request.peer, ""
        stated = request.headers.get(self._header, b"") if self._header else b""
        return self._forwarded(request.headers), stated.decode("ascii", "replace").strip()

    def country(self, address: bytes, stated: str) -> str:
        """The country of what `find` found; one that is stated counts before one that is looked up."""
        return stated or (self._countries.find(address) if self._countries and address else "")

    def _forwarded(self, headers: Mapping[bytes, bytes]) -> bytes:
        hops = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        while hops:
            hops, _, last = hops.rpartition(",")
            if (address := pack(last)) not in self._trusted:
                return address
        return UNKNOWN


def origins_of(config: CollectorConfig) -> Origins:
    """Origins by a configuration; raises ConfigurationError where its database cannot be read."""
    database = config.country_database
    countries = CountryDatabase(database) if database else None
    return Origins(networks(config.trusted_proxies), config.country_header, countries)
