"""The limit of `bellrock simulate`: this machine only, because it would be an attack on any other."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from bellrock.errors import ConfigurationError


def require_loopback(url: str) -> None:
    """Raise `ConfigurationError` unless every address of the URL's host is a loopback one."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigurationError(
            url, "not an http:// address", "Give the collector's, such as http://127.0.0.1:8100"
        )
    try:
        found = socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(
            url, f"{parts.hostname} cannot be resolved", "Use 127.0.0.1"
        ) from error
    outside = sorted({str(one[4][0]) for one in found if not _is_loopback(str(one[4][0]))})
    if outside:
        raise ConfigurationError(
            url,
            f"{parts.hostname} ({', '.join(outside)}) is not this machine",
            "Simulated visitors are sent to loopback addresses only: use 127.0.0.1",
        )


def _is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback
