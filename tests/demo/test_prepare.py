"""The data of a demonstration is made once, and kept."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from bellrock.accounts import Accounts
from bellrock.config import Config
from bellrock.demo.prepare import declare_site, prepare_sign_in, seed_past
from bellrock.log.sqlite import SqliteLogReader
from bellrock.names import Names
from bellrock.normalise.block import Normaliser
from bellrock.sites import load_sites

NOW = 1_795_413_725_123


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=str(tmp_path / "demo"))


def test_the_site_is_declared_as_the_shop_and_the_visitors_use_it(config: Config) -> None:
    declare_site(config.sites_file)
    site = load_sites(config.sites_file)["demo-shop"]
    assert site.dimensions == ("label", "firstLoad", "served", "country")
    assert site.labels == ("home", "listing", "product", "cart", "confirmation")
    assert site.timers == ("hero",)
    assert (site.tests[0].name, site.tests[0].control) == ("speed", "A")


def test_a_sites_file_that_is_there_is_left_as_it_is(config: Config) -> None:
    declare_site(config.sites_file)
    first = load_sites(config.sites_file)["demo-shop"].order_key
    declare_site(config.sites_file)
    assert load_sites(config.sites_file)["demo-shop"].order_key == first


def test_two_demonstrations_have_different_order_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        declare_site(tmp_path / name / "sites.toml")
    one, two = (load_sites(tmp_path / name / "sites.toml") for name in ("one", "two"))
    assert one["demo-shop"].order_key != two["demo-shop"].order_key


def test_the_printed_password_signs_in_and_is_the_same_at_the_next_start(config: Config) -> None:
    first = prepare_sign_in(config)
    assert prepare_sign_in(config) == first
    with closing(Accounts(config.accounts_file)) as accounts:
        assert accounts.sign_in(first.user, first.password) is not None


def test_the_printed_password_signs_in_after_somebody_changed_it(config: Config) -> None:
    first = prepare_sign_in(config)
    with closing(Accounts(config.accounts_file)) as accounts:
        accounts.set_password(first.user, "another password")
        assert prepare_sign_in(config) == first
        assert accounts.sign_in(first.user, first.password) is not None


def test_only_the_owner_can_read_the_password(config: Config) -> None:
    prepare_sign_in(config)
    assert (config.data_directory / "demo-password").stat().st_mode & 0o077 == 0


def test_an_empty_log_gets_a_past_without_issues(config: Config) -> None:
    declare_site(config.sites_file)
    written = seed_past(config, rate=20, minutes=3, now_ms=NOW)
    with closing(SqliteLogReader(config.log_directory)) as reader:
        assert reader.end() == written > 3_000
        lines = reader.read(0, written).lines
    assert not Normaliser(load_sites(config.sites_file), Names())(lines).issues


def test_a_log_that_goes_on_until_now_is_left_as_it_is(config: Config) -> None:
    written = seed_past(config, rate=20, minutes=2, now_ms=NOW)
    assert seed_past(config, rate=20, minutes=2, now_ms=NOW + 50_000) == 0
    with closing(SqliteLogReader(config.log_directory)) as reader:
        assert reader.end() == written


def test_the_time_since_the_last_run_is_filled_and_time_never_goes_back(config: Config) -> None:
    first = seed_past(config, rate=20, minutes=2, now_ms=NOW)
    second = seed_past(config, rate=20, minutes=90, now_ms=NOW + 180_000)
    with closing(SqliteLogReader(config.log_directory)) as reader:
        at = [json.loads(line)["at"] for line in reader.read(0, first + second).lines]
    assert at == sorted(at)
    assert at[first] >= NOW - 1_000
    assert NOW + 170_000 < at[-1] < NOW + 180_000
