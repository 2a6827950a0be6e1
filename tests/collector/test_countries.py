"""Countries out of a file: of every shape that is known, read anew when it has changed."""

from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from structlog.testing import capture_logs

from bellrock.collector.addresses import pack
from bellrock.collector.countries import LOOK_SECONDS, CountryDatabase
from bellrock.errors import ConfigurationError


def write(path: Path, countries: dict[str, Any], version: int = 6) -> None:
    """Write a database, whole or not at all."""
    writer = MMDBWriter(version, "Test-Country", ipv4_compatible=version == 6)
    for network, record in countries.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path.with_suffix(".new")))
    path.with_suffix(".new").replace(path)


def maxmind(code: str) -> dict[str, Any]:
    return {"country": {"iso_code": code, "names": {"en": "somewhere"}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "countries.mmdb"
    write(path, {"192.0.2.0/25": maxmind("DE"), "2001:db8::/32": maxmind("AT")})
    return path


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("192.0.2.7", "DE"),
        ("192.0.2.200", ""),
        ("2001:db8::1", "AT"),
        ("2a00::1", ""),
        ("::ffff:192.0.2.7", "DE"),
    ],
)
def test_an_address_has_the_country_of_its_network(file: Path, address: str, country: str) -> None:
    assert CountryDatabase(file).find(pack(address)) == country


@pytest.mark.parametrize(
    ("record", "country"),
    [
        (maxmind("DE"), "DE"),
        ({"country_code": "DE", "country": "Germany"}, "DE"),
        ({"registered_country": {"iso_code": "DE"}}, ""),
        ({"autonomous_system_number": 64496}, ""),
        ({"country": {"iso_code": 7}}, ""),
        ("DE", ""),
    ],
)
def test_a_record_is_read_in_the_shapes_of_its_makers(
    tmp_path: Path, record: Any, country: str
) -> None:
    write(tmp_path / "a.mmdb", {"192.0.2.0/24": record})
    assert CountryDatabase(tmp_path / "a.mmdb").find(pack("192.0.2.7")) == country


def test_a_file_of_ipv4_alone_knows_no_country_of_ipv6(tmp_path: Path) -> None:
    write(tmp_path / "a.mmdb", {"192.0.2.0/24": maxmind("DE")}, version=4)
    database = CountryDatabase(tmp_path / "a.mmdb")
    assert (database.find(pack("192.0.2.7")), database.find(pack("2001:db8::1"))) == ("DE", "")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_file_that_has_changed_is_read_anew_within_seconds(file: Path) -> None:
    clock = Clock()
    database = CountryDatabase(file, clock)
    write(file, {"192.0.2.0/24": maxmind("FR")})
    clock.now += LOOK_SECONDS - 1
    assert database.find(pack("192.0.2.7")) == "DE"
    clock.now += 1
    assert database.find(pack("192.0.2.7")) == "FR"


@pytest.mark.parametrize("content", [b"", b"not a database", None])
def test_a_file_that_becomes_broken_is_told_and_the_one_before_stays(
    file: Path, content: bytes | None
) -> None:
    clock = Clock()
    database = CountryDatabase(file, clock)
    if content is None:
        file.unlink()
    else:
        file.with_suffix(".new").write_bytes(content)
        file.with_suffix(".new").replace(file)
    clock.now += LOOK_SECONDS
    with capture_logs() as told:
        assert database.find(pack("192.0.2.7")) == "DE"
        assert database.find(pack("192.0.2.7")) == "DE"
    assert [(line["log_level"], line["event"]) for line in told] == [
        ("error", "country database not read anew")
    ]
    write(file, {"192.0.2.0/24": maxmind("FR")})
    clock.now += LOOK_SECONDS
    assert database.find(pack("192.0.2.7")) == "FR"


def test_a_missing_file_is_refused_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read .*country_database"):
        CountryDatabase(tmp_path / "none.mmdb")


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_broken_file_is_refused_with_a_mend(file: Path, size: int) -> None:
    whole = file.read_bytes()
    file.write_bytes(b"x" * 100 if size < 0 else whole[:size])
    with pytest.raises(ConfigurationError, match=r"is no MMDB database.*renaming"):
        CountryDatabase(file)
