"""SITES.toml: what it means, and what each mistake is told."""

from pathlib import Path

import pytest

from bellrock.errors import ConfigurationError
from bellrock.schema import dimensions, measures
from bellrock.schema.site import Site
from bellrock.schema.site import Test as ABTest
from bellrock.sites import add_site, load_sites, parse_sites

KEY = "ab" * 32
LEAST = f"""
[[site]]
key = "shop-a"
currency = "EUR"
order_key = "{KEY}"
"""
FULL = (
    LEAST
    + """
revenue_cap = 5000                   # cents
dimensions = ["country", "label"]
labels = ["home", "product"]
releases = ["r1"]
timers = ["hero"]
parameters = ["utm_source"]
budget = 50
gpc = "drop"

[[site.test]]
name = "speed"
control = "A"
groups = { A = 0.5, B = 0.5 }

[[site.test]]
name = "search"
control = "off"
groups = { off = 0.9, on = 0.1 }
"""
)


def test_a_site_is_what_the_file_says() -> None:
    assert parse_sites(FULL, "sites.toml") == {
        "shop-a": Site(
            key="shop-a",
            currency="EUR",
            order_key=b"\xab" * 32,
            revenue_cap=5000,
            dimensions=("country", "label"),
            labels=("home", "product"),
            releases=("r1",),
            timers=("hero",),
            parameters=("utm_source",),
            budget=50.0,
            gpc="drop",
            tests=(
                ABTest("speed", "A", {"A": 0.5, "B": 0.5}),
                ABTest("search", "off", {"off": 0.9, "on": 0.1}),
            ),
        )
    }


def test_what_a_site_does_not_say_has_a_default() -> None:
    assert parse_sites(LEAST, "sites.toml")["shop-a"] == Site(
        key="shop-a", currency="EUR", order_key=b"\xab" * 32, revenue_cap=1_000_000, gpc="anonymous"
    )


def test_sites_stay_in_the_order_of_the_file_and_cannot_be_changed() -> None:
    sites = parse_sites(LEAST.replace("shop-a", "z") + LEAST, "sites.toml")
    assert list(sites) == ["z", "shop-a"]
    with pytest.raises(TypeError):
        sites["new"] = sites["z"]  # type: ignore[index]


def test_no_sites_are_no_mistake() -> None:
    assert parse_sites("# nothing yet\n", "sites.toml") == {}


@pytest.mark.parametrize(
    "split", ["{ A = 1 }", "{ A = 0.34, B = 0.33, C = 0.33 }", "{ A = 0.1, B = 0.2, C = 0.7 }"]
)
def test_shares_may_be_any_that_sum_to_one(split: str) -> None:
    text = FULL.replace("{ A = 0.5, B = 0.5 }", split)
    assert abs(sum(parse_sites(text, "x")["shop-a"].tests[0].groups.values()) - 1) < 1e-9


SITE = "sites.toml, site 'shop-a'"
MISTAKES = [
    # what replaces what in FULL; where the mistake is, what it is, what to do about it
    ('key = "shop-a"', 'key = "Shop"', "sites.toml, site 'Shop'", "key has the wrong form", "a-z"),
    ('key = "shop-a"', 'key = ""', "sites.toml, site ''", "key has the wrong form", "a-z"),
    ('key = "shop-a"', f'key = "{"k" * 65}"', "sites.toml", "key has the wrong form", "up to 64"),
    ('key = "shop-a"', 'key = "a\\n"', "sites.toml", "key has the wrong form", "a-z"),
    ('"EUR"', '"euro"', SITE, "currency is not ISO 4217", "EUR"),
    (KEY, "ab", SITE, "order_key is not 32 bytes in hex", "token_hex(32)"),
    (KEY, "x" * 64, SITE, "order_key is not 32 bytes in hex", "token_hex(32)"),
    ("= 5000", "= 0", SITE, "revenue_cap is out of range", "1 to 10000000"),
    ("= 5000", "= 10000001", SITE, "revenue_cap is out of range", "1 to 10000000"),
    ("= 5000", '= "5000"', "sites.toml", "Expected `int`, got `str` - at `$.site[0].revenue_cap`", "sites.toml"),
    ("= 50\n", "= 0\n", SITE, "budget is out of range", "site_budget"),
    ("= 50\n", "= -1.5\n", SITE, "budget is out of range", "site_budget"),
    ("= 50\n", "= nan\n", SITE, "budget is out of range", "site_budget"),
    ("= 50\n", "= inf\n", SITE, "budget is out of range", "site_budget"),
    ('"drop"', '"dorp"', SITE, "gpc is 'dorp'", "drop, anonymous or ignore"),
    ('["country", "label"]', '["country", "lable"]', SITE, "unknown dimension 'lable'", "Did you mean 'label'?"),
    ('["country", "label"]', '["browser"]', SITE, "unknown dimension 'browser'", "Did you mean '"),
    ('["country", "label"]', '["label", "label"]', SITE, "a dimension is named twice", "once"),
    ('["country", "label"]', '["country", "os", "label", "release", "served"]', SITE, "too many dimensions", "up to 4"),
    ('["hero"]', '["Hero"]', SITE, "timer 'Hero' has the wrong form", "a-z"),
    ('["hero"]', '["1st"]', SITE, "timer '1st' has the wrong form", "a-z"),
    ('["hero"]', f'["{"t" * 33}"]', SITE, "has the wrong form", "up to 32"),
    ('["hero"]', '["hero", "hero"]', SITE, "a timer is declared twice", "once"),
    ('["hero"]', str([f"t{n}" for n in range(9)]), SITE, "too many timers", "up to 8"),
    ('["home", "product"]', '["home", "home:repeat"]', SITE, "labels hold both L and L:repeat", "Rename"),
    ('control = "A"', 'control = "C"', f"{SITE}, test 'speed'", "control 'C' is none of its groups", "['A', 'B']"),
    ("{ A = 0.5, B = 0.5 }", "{ A = 0.5, B = 0.6 }", f"{SITE}, test 'speed'", "do not sum to 1", "{ A = 0.5, B = 0.5 }"),
    ("{ A = 0.5, B = 0.5 }", "{ A = 1.5, B = -0.5 }", f"{SITE}, test 'speed'", "do not sum to 1", "planned split"),
    ("{ A = 0.5, B = 0.5 }", "{ A = nan, B = 0.5 }", f"{SITE}, test 'speed'", "do not sum to 1", "planned split"),
    ("labels =", "lables =", SITE, "unknown setting 'lables'", "Did you mean 'labels'?"),
    ("[[site.test]]", "[[site.tests]]", SITE, "unknown setting 'tests'", "Did you mean 'test'?"),
    ('control = "A"', 'controll = "A"', f"{SITE}, test 'speed'", "unknown setting 'controll'", "Did you mean 'control'?"),
    ("[[site]]", "[[sites]]\n[[site]]", "sites.toml", "unknown setting 'sites'", "Did you mean 'site'?"),
    ('currency = "EUR"', "", "sites.toml", "missing required field `currency` - at `$.site[0]`", "sites.toml"),
    ('gpc = "drop"', 'gpc = "drop"\ngpc = "drop"', "sites.toml", "is not TOML: Cannot overwrite a value", "Mend"),
    ('gpc = "drop"', "gpc = drop", "sites.toml", "is not TOML", "Mend that line"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "place", "problem", "mend"), MISTAKES)
def test_a_mistake_is_told_with_its_place_and_its_mend(
    right: str, wrong: str, place: str, problem: str, mend: str
) -> None:
    assert right in FULL
    with pytest.raises(ConfigurationError) as told:
        parse_sites(FULL.replace(right, wrong), "sites.toml")
    assert told.value.place.startswith(place)
    assert problem in told.value.problem
    assert mend in told.value.mend
    assert str(told.value) == f"{told.value.place}: {told.value.problem}. {told.value.mend}"


@pytest.mark.parametrize(
    "name",
    [
        "lcp",
        "load",
        "beacons",
        "revenue",
        "country",
        "site",
        "minute",
        "kind",
        "population",
        "lines",
    ],
)
def test_a_timer_must_not_be_called_as_any_other_key_of_a_document(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"timer '{name}' is the name of something else"):
        parse_sites(FULL.replace('"hero"', f'"{name}"'), "sites.toml")


def test_every_measure_and_dimension_is_refused_as_a_timer() -> None:
    tables = measures.ADDITIVE + measures.CLUSTER + measures.CLUSTER_ALL_ONLY + measures.ISSUE
    names = {measure.name for measure in tables} | set(dimensions.NAMES)
    for name in names - {"firstLoad", "cacheHit"}:  # those have not the form of a timer either
        with pytest.raises(ConfigurationError, match="something else"):
            parse_sites(FULL.replace('"hero"', f'"{name}"'), "sites.toml")


def test_two_sites_of_one_key_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two sites have the key 'shop-a'"):
        parse_sites(LEAST + FULL, "sites.toml")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "sites.toml"
    with pytest.raises(ConfigurationError, match=r"No such file.*--sites") as told:
        load_sites(missing)
    assert told.value.place == str(missing)
    missing.write_bytes(b'# caf\xe9\n[[site]]\nkey = "a"')
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_sites(missing)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_sites(tmp_path)


def test_two_tests_of_one_name_are_refused() -> None:
    test = FULL[FULL.index("[[site.test]]") :]
    with pytest.raises(ConfigurationError, match=r"two tests have the same name\. Rename one"):
        parse_sites(f"{FULL}\n{test}", "sites.toml")


def test_an_order_key_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    text = LEAST.replace(KEY, "env:ORDER_KEY_OF_A_SHOP")
    with pytest.raises(ConfigurationError, match=r"site 'shop-a', order_key .*no such variable"):
        parse_sites(text, "sites.toml")
    monkeypatch.setenv("ORDER_KEY_OF_A_SHOP", KEY)
    assert parse_sites(text, "sites.toml")["shop-a"].order_key == b"\xab" * 32


def test_what_holds_order_keys_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "sites.toml"
    add_site(file, "shop-a")
    assert file.stat().st_mode & 0o777 == 0o600


def test_adding_a_site_keeps_comments_and_other_sites(tmp_path: Path) -> None:
    file = tmp_path / "sites.toml"
    file.write_text(f"# Our shops.\n{FULL}\n# The end.\n", encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    added = add_site(file, "shop-b", "JPY")
    after = file.read_text(encoding="utf-8")
    assert after.startswith(before.rstrip())
    sites = load_sites(file)
    assert sites == {**parse_sites(FULL, "x"), "shop-b": added}
    assert (added.currency, len(added.order_key)) == ("JPY", 32)


def test_the_first_site_makes_the_file_and_its_directory(tmp_path: Path) -> None:
    file = tmp_path / "data" / "sites.toml"
    added = add_site(file, "shop-a")
    assert load_sites(file) == {"shop-a": added}
    assert added.currency == "EUR"


def test_every_added_site_has_an_order_key_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "sites.toml"
    keys = {add_site(file, name).order_key for name in ("a", "b", "c")}
    assert len(keys) == 3
    assert list(load_sites(file)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("key", "currency", "problem"),
    [
        ("shop-a", "EUR", "has a site 'shop-a' already"),
        ("Shop", "EUR", "key has the wrong form"),
        ("shop-b", "euro", "currency is not ISO 4217"),
    ],
)
def test_a_site_that_cannot_be_added_leaves_the_file_as_it_was(
    tmp_path: Path, key: str, currency: str, problem: str
) -> None:
    file = tmp_path / "sites.toml"
    file.write_text(FULL, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=problem):
        add_site(file, key, currency)
    assert file.read_text(encoding="utf-8") == FULL
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("currency", "minor"), [("EUR", 100), ("JPY", 1), ("KWD", 1000), ("CLF", 10_000), ("XXX", 100)]
)
def test_a_currency_has_the_minor_units_of_iso_4217(currency: str, minor: int) -> None:
    sites = parse_sites(LEAST.replace("EUR", currency), "sites.toml")
    assert sites["shop-a"].minor_per_major == minor
