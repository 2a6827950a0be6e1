"""The files in config/ load, and the reference names everything with its default."""

import tomllib
from pathlib import Path

from bellrock.config import Config, load_config
from bellrock.sites import add_site, load_sites
from docs.page import ROOT

CONFIG = ROOT / "config"
REFERENCE = CONFIG / "reference.toml"


def test_the_reference_names_every_setting_with_its_default() -> None:
    written = tomllib.loads(REFERENCE.read_text(encoding="utf-8"))
    assert tuple(written) == Config.__struct_fields__
    assert load_config(REFERENCE, {}, {}) == Config()


def test_the_minimal_file_is_a_part_of_the_reference() -> None:
    written = tomllib.loads((CONFIG / "minimal.toml").read_text(encoding="utf-8"))
    assert written.keys() < set(Config.__struct_fields__)
    assert load_config(CONFIG / "minimal.toml", {}, {}).data == written["data"]


def test_the_sites_file_loads_and_its_first_site_sets_everything() -> None:
    first, second = load_sites(CONFIG / "sites.toml").values()
    assert first.tests[0].control in first.tests[0].groups
    unset = [name for name in first.__struct_fields__ if getattr(first, name) in ((), "", None)]
    assert unset == []
    assert (second.tests, second.dimensions) == ((), ())


def test_defaults_in_the_sites_file_are_those_of_a_site_that_sets_nothing(tmp_path: Path) -> None:
    plain = add_site(tmp_path / "sites.toml", "plain")
    first = next(iter(load_sites(CONFIG / "sites.toml").values()))
    assert (first.revenue_cap, first.gpc) == (plain.revenue_cap, plain.gpc)


def test_no_order_key_in_the_reference_could_be_taken_for_a_real_one() -> None:
    for site in load_sites(CONFIG / "sites.toml").values():
        assert len(set(site.order_key)) == 1
    assert "never use it" in (CONFIG / "sites.toml").read_text(encoding="utf-8")
