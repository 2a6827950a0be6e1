"""The servers are what they are taken for, and nobody outside of this machine can reach them."""

import socket
import struct
from urllib.parse import urlsplit

import httpx
import psutil
import pytest


@pytest.fixture(
    params=["dynamodb_url", "kafka_servers", "kinesis_url", "opensearch_url", "elasticsearch_url"]
)
def port(request: pytest.FixtureRequest) -> int:
    address = request.getfixturevalue(request.param)
    found = urlsplit(address if "//" in address else f"//{address}").port
    assert found
    return found


def test_it_listens_on_the_loopback_alone(port: int) -> None:
    open_ports = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    (server,) = {connection.pid for connection in open_ports if connection.laddr.port == port}
    addresses = {c.laddr.ip.removeprefix("::ffff:") for c in open_ports if c.pid == server}
    assert addresses == {"127.0.0.1"}


def test_dynamodb_speaks_its_protocol(dynamodb_url: str) -> None:
    answer = httpx.post(dynamodb_url, headers={"X-Amz-Target": "DynamoDB_20120810.ListTables"})
    assert answer.status_code == 400
    assert "MissingAuthenticationToken" in answer.text


def test_kafka_speaks_its_protocol(kafka_servers: str) -> None:
    """It answers what versions it has (ApiVersions, version 0), and produces at least in version 7."""
    host, _, port = kafka_servers.partition(":")
    request = struct.pack(">hhih", 18, 0, 4711, -1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as reader:
            answer = reader.read(struct.unpack(">i", reader.read(4))[0])
    correlation, error, count = struct.unpack_from(">ihi", answer)
    assert (correlation, error) == (4711, 0)
    versions = {api: most for api, _, most in struct.iter_unpack(">hhh", answer[10:])}
    assert len(versions) == count
    assert versions[0] >= 7


def test_opensearch_finds_what_was_put_into_it(opensearch_url: str) -> None:
    with httpx.Client(base_url=opensearch_url, timeout=30) as client:
        put = client.put("/test-servers/_doc/1?refresh=true", json={"cells": [7, 9]})
        assert put.status_code == 201
        found = client.post("/test-servers/_search", json={"query": {"term": {"cells": 9}}})
        assert [hit["_id"] for hit in found.json()["hits"]["hits"]] == ["1"]


def test_elasticsearch_finds_what_was_put_into_it(elasticsearch_url: str) -> None:
    with httpx.Client(base_url=elasticsearch_url, timeout=30) as client:
        put = client.put("/test-servers/_doc/1?refresh=true", json={"cells": [7, 9]})
        assert put.status_code == 201
        found = client.post("/test-servers/_search", json={"query": {"term": {"cells": 9}}})
        assert [hit["_id"] for hit in found.json()["hits"]["hits"]] == ["1"]
