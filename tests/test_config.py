"""The configuration: file, environment, arguments, in this order; and what a mistake is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bellrock.config import Address, Config, load_config, parse_address
from bellrock.errors import ConfigurationError


def load(
    text: str | None = None,
    environment: Mapping[str, str] = {},
    arguments: Mapping[str, Any] = {},
    *,
    directory: Path,
) -> Config:
    file = directory / "bellrock.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    return load_config(file if text is not None else None, environment, arguments)


def test_without_anything_said_the_defaults_hold(tmp_path: Path) -> None:
    config = load(directory=tmp_path)
    assert config == Config()
    assert config.collect_address == Address("127.0.0.1", 8080)
    assert config.dashboard_address == Address("127.0.0.1", 8090)
    assert config.sites_file == Path("bellrock-data/sites.toml")


def test_the_environment_is_over_the_file_and_arguments_are_over_both(tmp_path: Path) -> None:
    config = load(
        'data = "file"\nsites = "file"\ncollect = "127.0.0.1:1"',
        {"BELLROCK_SITES": "environment", "BELLROCK_COLLECT": "127.0.0.1:2", "PATH": "/bin"},
        {"collect": "127.0.0.1:3", "data": None, "dashboard": None},
        directory=tmp_path,
    )
    assert (config.data, config.sites, config.collect) == ("file", "environment", "127.0.0.1:3")
    assert config.dashboard == Config().dashboard


def test_numbers_are_read_from_the_texts_of_the_environment(tmp_path: Path) -> None:
    config = load(
        None, {"BELLROCK_STEP_SECONDS": "0.5"}, {"commit_window_ms": 7}, directory=tmp_path
    )
    assert (config.step_seconds, config.commit_window_ms) == (0.5, 7.0)


@pytest.mark.parametrize(
    ("gib", "keep"), [("64", 64 * 2**30), ("0.001", 1_073_742), ("0", None), ("0.0", None)]
)
def test_the_bound_of_the_log_is_given_in_gib_and_0_is_none(
    tmp_path: Path, gib: str, keep: int | None
) -> None:
    config = load(None, {"BELLROCK_LOG_KEEP_GIB": gib}, directory=tmp_path)
    assert config.log_keep_bytes == keep


@pytest.mark.parametrize("gib", ["0.0009", "-1", "nan", "inf", "1e30"])
def test_a_bound_of_the_log_that_is_none_is_refused(tmp_path: Path, gib: str) -> None:
    with pytest.raises(ConfigurationError, match="log_keep_gib"):
        load(None, {"BELLROCK_LOG_KEEP_GIB": gib}, directory=tmp_path)


def test_everything_that_is_stored_lies_in_the_data_directory(tmp_path: Path) -> None:
    config = load(None, {"BELLROCK_DATA": str(tmp_path)}, directory=tmp_path)
    places = [config.sites_file, config.log_directory, config.store_file, config.accounts_file]
    assert {place.parent for place in places} == {tmp_path}
    assert len(set(places)) == 4


def test_an_unknown_setting_in_the_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'dashboard'") as told:
        load('dashbord = "x"', directory=tmp_path)
    assert told.value.place == str(tmp_path / "bellrock.toml")
    assert told.value.problem == "unknown setting 'dashbord'"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("BELLROCK_STEP_SECOND", "BELLROCK_STEP_SECONDS"),
        ("BELLROCK_COUNTRY_HEADERS", "BELLROCK_COUNTRY_HEADER"),
        ("BELLROCK_", "BELLROCK_"),
    ],
)
def test_an_unknown_variable_of_ours_is_refused_with_the_nearest(
    tmp_path: Path, name: str, nearest: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"Did you mean '{nearest}") as told:
        load(None, {name: "x"}, directory=tmp_path)
    assert told.value.place == "the environment"
    assert told.value.problem == f"unknown setting '{name}'"


def test_variables_of_others_are_none_of_ours(tmp_path: Path) -> None:
    assert load(None, {"BELLROCKS": "x", "bellrock_data": "y"}, directory=tmp_path) == Config()


@pytest.mark.parametrize("setting", ["collect", "dashboard"])
@pytest.mark.parametrize(
    "address", ["", "localhost", "host:", "host:65536", "host:-1", "host:\u0663", "host:8o"]
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, setting: str, address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Write it like 127\.0\.0\.1:8080") as told:
        load(None, {}, {setting: address}, directory=tmp_path)
    assert told.value.place == f"the setting {setting}"
    assert repr(address) in told.value.problem


@pytest.mark.parametrize(
    ("text", "address", "url"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        ("8080", ("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        (":8080", ("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        ("0.0.0.0:80", ("0.0.0.0", 80), "http://127.0.0.1:80"),
        ("[::1]:80", ("::1", 80), "http://[::1]:80"),
        ("[::]:80", ("::", 80), "http://127.0.0.1:80"),
        ("shop.example:65535", ("shop.example", 65535), "http://shop.example:65535"),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int], url: str) -> None:
    assert parse_address(text, "collect") == address
    assert parse_address(text, "collect").url == url


def test_a_log_is_named_by_its_url_and_anything_else_is_refused(tmp_path: Path) -> None:
    url = "kafka://10.0.0.5:9092,10.0.0.6:9092/beacons"
    assert load_config(None, {"BELLROCK_LOG": url}, {}).log == url
    with pytest.raises(ConfigurationError, match="is not the URL of a log"):
        load_config(None, {}, {"log": str(tmp_path)})


@pytest.mark.parametrize(
    "text", ["'127.0.0.1, 10.0.0.0/8'", "'127.0.0.1,10.0.0.0/8,'", "['127.0.0.1', '10.0.0.0/8']"]
)
def test_trusted_proxies_are_networks_as_text_or_as_a_list(tmp_path: Path, text: str) -> None:
    config = load(f"trusted_proxies = {text}", directory=tmp_path)
    assert config.proxies == ("127.0.0.1", "10.0.0.0/8")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33", "10.0.0.0 ::1"])
def test_a_trusted_proxy_that_is_no_network_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Write networks like 10\.0\.0\.0/8"):
        load(None, {"BELLROCK_TRUSTED_PROXIES": f"127.0.0.1, {text}"}, directory=tmp_path)


def test_a_country_header_that_nobody_may_send_is_refused(tmp_path: Path) -> None:
    header = {"BELLROCK_COUNTRY_HEADER": "cf-ipcountry"}
    with pytest.raises(ConfigurationError, match="trusted_proxies is empty"):
        load(None, header, directory=tmp_path)
    proxies = {"BELLROCK_TRUSTED_PROXIES": "127.0.0.1"}
    assert load(None, header | proxies, directory=tmp_path).country_header == "cf-ipcountry"


@pytest.mark.parametrize("name", ["address_budget", "site_budget"])
def test_a_budget_is_0_or_above(tmp_path: Path, name: str) -> None:
    for value in ("0", "0.5", "20000"):
        assert getattr(load(None, {}, {name: value}, directory=tmp_path), name) == float(value)
    for value in ("-1", "nan", "inf"):
        with pytest.raises(ConfigurationError, match="out of range"):
            load(None, {}, {name: value}, directory=tmp_path)


@pytest.mark.parametrize("name", ["commit_window_ms", "step_seconds"])
@pytest.mark.parametrize("value", ["0", "-1", "60000", "nan", "inf"])
def test_a_time_out_of_range_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match="out of range") as told:
        load(None, {f"BELLROCK_{name.upper()}": value}, directory=tmp_path)
    assert told.value.place == f"the setting {name}"


@pytest.mark.parametrize(
    ("text", "setting"), [("data = 5", "data"), ('step_seconds = "soon"', "step_seconds")]
)
def test_a_value_of_the_wrong_type_is_refused_by_its_name(
    tmp_path: Path, text: str, setting: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"\$\.{setting}"):
        load(text, directory=tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read .No such file.*--config"):
        load_config(tmp_path / "missing.toml", {}, {})
    with pytest.raises(ConfigurationError, match="is not TOML"):
        load("data = ", directory=tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'data = "caf\xe9"')
    with pytest.raises(ConfigurationError, match="is not TOML"):
        load_config(tmp_path / "latin.toml", {}, {})
