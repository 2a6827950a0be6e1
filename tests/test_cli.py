"""The commands, as people and scripts meet them: what they print, where, and how they end."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from bellrock import cli
from bellrock.accounts import Accounts
from bellrock.sites import load_sites

GOLDEN = Path(__file__).parent / "golden"
LOG = str(GOLDEN / "plain_visit.ndjson")
SITES = str(GOLDEN / "shared.sites.toml")


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    status: object
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """Run a command in an empty directory and with no settings in the environment."""
    for name in list(os.environ):
        if name.startswith("BELLROCK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["bellrock", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ran(ended.value.code, *capsys.readouterr())

    yield run
    structlog.reset_defaults()


def refused(ran: Ran) -> str:
    """What a refused command says: one line, and nothing to its standard output."""
    assert (ran.status, ran.out) == (cli.REFUSED, "")
    assert ran.err.startswith("bellrock: ")
    assert ran.err.count("\n") == 1
    return ran.err


# --- fold ---


def test_folding_a_missing_file_is_told_by_its_name(run: Run) -> None:
    told = refused(run("fold", "missing.ndjson", "--sites", SITES))
    assert "missing.ndjson: cannot be read (No such file or directory)" in told


def test_folding_a_directory_is_told_by_its_name(run: Run, tmp_path: Path) -> None:
    assert f"{tmp_path}: cannot be read (Is a directory)" in refused(
        run("fold", LOG, str(tmp_path), "--sites", SITES)
    )


def test_folding_without_a_file_says_what_to_do(run: Run) -> None:
    assert "no file is given. Name one or more" in refused(run("fold", "--sites", SITES))


def test_folding_with_a_wrong_sites_file_says_where_it_is_wrong(run: Run, tmp_path: Path) -> None:
    assert "nowhere.toml: cannot be read" in refused(run("fold", LOG, "--sites", "nowhere.toml"))
    Path("sites.toml").write_text("[[sight]]", encoding="utf-8")
    told = refused(run("fold", LOG, "--sites", "sites.toml"))
    assert "unknown setting 'sight'. Did you mean 'site'?" in told


@pytest.mark.parametrize("option", ["--batch", "--shards"])
@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_folding_by_less_than_one_is_refused(run: Run, option: str, value: str) -> None:
    ran = run("fold", LOG, "--sites", SITES, option, value)
    assert ran.status == cli.REFUSED
    assert option in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_process_that_is_refused_ends_with_2_and_shows_no_traceback(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bellrock", "fold", "missing.ndjson", "--sites", SITES],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("bellrock: missing.ndjson: cannot be read")
    assert "Traceback" not in ended.stderr


def test_a_reader_that_has_seen_enough_ends_the_command_quietly() -> None:
    """The text is short, so that it is still buffered when the command is done."""
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "bellrock", "fold", LOG, "--sites", SITES],
        stdout=write,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    os.close(write)
    assert ended.stderr == b""
    assert ended.returncode == 128 + 13


# --- check ---


def test_check_says_every_setting_whole_and_that_all_is_well(run: Run, tmp_path: Path) -> None:
    """Also where nobody looks: a script that reads it must not find a path cut in two."""
    data = "data-" + "x" * 150
    run("site", "add", "shop-a", "--data", data)
    ran = run("check", "--data", data, "--collect", "127.0.0.1:7000")
    assert (ran.status, ran.err) == (0, "")
    assert f"{data}/sites.toml: 1 site, no mistakes" in ran.out
    settings = [line.split() for line in ran.out.splitlines()]
    assert ["data", data] in settings
    assert ["collect", "127.0.0.1:7000"] in settings


def test_check_shows_text_as_it_is(run: Run, tmp_path: Path) -> None:
    """Brackets and colons are no marks of style."""
    run("site", "add", "shop-a", "--sites", "[red]:smile:.toml")
    ran = run("check", "--sites", "[red]:smile:.toml")
    assert ran.out.count("[red]:smile:.toml") == 2


def test_check_refuses_what_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("check")
    assert ran.status == cli.REFUSED
    assert ran.err.startswith("bellrock: bellrock-data/sites.toml: cannot be read")
    assert "Write it like 127.0.0.1:8080" in refused(run("check", "--collect", "here"))
    assert "nowhere.toml: cannot be read" in refused(run("check", "--config", "nowhere.toml"))
    monkeypatch.setenv("BELLROCK_DASHBORD", "x")
    assert "Did you mean 'BELLROCK_DASHBOARD'?" in refused(run("check"))


# --- site ---


def test_an_added_site_is_declared_and_its_snippet_is_printed(run: Run) -> None:
    ran = run("site", "add", "shop-a", "--currency", "JPY")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == (
        '<script defer src="http://127.0.0.1:8080/t.js" data-site="shop-a"></script>'
    )
    [site] = load_sites(Path("bellrock-data/sites.toml")).values()
    assert (site.key, site.currency) == ("shop-a", "JPY")


def test_the_snippet_names_the_collector_of_the_configuration(run: Run) -> None:
    Path("bellrock.toml").write_text('collect = "0.0.0.0:7000"\ndata = "d"', encoding="utf-8")
    ran = run("site", "add", "shop-a", "--config", "bellrock.toml")
    assert 'src="http://127.0.0.1:7000/t.js"' in ran.out
    assert list(load_sites(Path("d/sites.toml"))) == ["shop-a"]


def test_sites_are_listed_with_what_they_declare(run: Run) -> None:
    ran = run("site", "list", "--sites", SITES)
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["site", "currency", "dimensions", "tests"]
    assert ["shop-j", "JPY", "speed", "(A/B)"] in lines
    assert [
        "shop-l",
        "EUR",
        "label,",
        "firstLoad,",
        "served,",
        "country",
        "speed",
        "(A/B)",
    ] in lines
    assert len(lines) == 6


def test_no_sites_are_listed_as_none(run: Run) -> None:
    Path("empty.toml").touch()
    assert run("site", "list", "--sites", "empty.toml").out == "(none)\n"


def test_a_site_that_cannot_be_added_is_refused(run: Run) -> None:
    run("site", "add", "shop-a")
    assert "has a site 'shop-a' already" in refused(run("site", "add", "shop-a"))
    assert "the key has the wrong form" in refused(run("site", "add", "Shop"))
    assert list(load_sites(Path("bellrock-data/sites.toml"))) == ["shop-a"]


# --- token and user ---


@pytest.fixture
def accounts(run: Run) -> Iterator[Accounts]:
    run("site", "add", "shop-a")
    with Accounts(Path("bellrock-data/accounts.sqlite")) as opened:
        yield opened


def test_a_new_token_stands_alone_and_reads_its_site(run: Run, accounts: Accounts) -> None:
    ran = run("token", "add", "--site", "shop-a", "--note", "nightly")
    assert ran.status == 0
    [token] = ran.out.splitlines()
    assert "cannot be shown again" in ran.err
    assert token not in ran.err
    access = accounts.access_for_token(token)
    assert access is not None
    assert (access.name, access.sites) == ("nightly", frozenset({"shop-a"}))


def test_tokens_are_listed_as_they_are_and_revoked_by_their_id(
    run: Run, accounts: Accounts
) -> None:
    token = run("token", "add", "--site", "shop-a", "--note", "[bold]1[/bold] :key:").out.strip()
    head, row = run("token", "list", "--site", "shop-a").out.splitlines()
    assert head.split() == ["id", "site", "created", "note"]
    identity, site, _, note = row.split(maxsplit=3)
    assert (site, note.strip()) == ("shop-a", "[bold]1[/bold] :key:")
    assert token not in row
    assert run("token", "list", "--site", "other").out == "(none)\n"
    assert run("token", "revoke", identity).out == f"Revoked {identity} of shop-a.\n"
    assert accounts.access_for_token(token) is None


def test_a_token_for_an_unknown_site_is_refused(run: Run, accounts: Accounts) -> None:
    assert "there is no site 'shop-b'. List them with" in refused(
        run("token", "add", "--site", "shop-b")
    )
    assert accounts.tokens() == []


def test_a_token_that_is_not_there_cannot_be_revoked(run: Run, accounts: Accounts) -> None:
    assert "nothing" in refused(run("token", "revoke", "nothing"))


def test_a_new_user_signs_in_with_the_password_that_stands_alone(
    run: Run, accounts: Accounts
) -> None:
    ran = run("user", "add", "vera", "--site", "shop-a")
    [password] = ran.out.splitlines()
    assert "The password of vera" in ran.err
    session = accounts.sign_in("vera", password)
    assert session is not None
    access = accounts.access_for_session(session)
    assert access is not None
    assert (access.role, access.sites) == ("viewer", frozenset({"shop-a"}))


def test_a_new_password_takes_the_place_of_the_old(run: Run, accounts: Accounts) -> None:
    old = run("user", "add", "root", "--role", "admin").out.strip()
    new = run("user", "password", "root").out.strip()
    assert accounts.sign_in("root", old) is None
    assert accounts.sign_in("root", new) is not None


def test_users_are_listed_with_what_they_see(run: Run, accounts: Accounts) -> None:
    run("user", "add", "root", "--role", "admin")
    run("user", "add", "vera", "--site", "shop-a")
    rows = [line.split()[:3] for line in run("user", "list").out.splitlines()]
    assert rows == [
        ["user", "role", "sites"],
        ["root", "admin", "all"],
        ["vera", "viewer", "shop-a"],
    ]


def test_a_user_that_cannot_be_added_is_refused(run: Run, accounts: Accounts) -> None:
    assert "there is no site 'shop-b'" in refused(run("user", "add", "otto", "--site", "shop-b"))
    run("user", "add", "vera")
    assert "there is a user 'vera' already" in refused(run("user", "add", "vera"))
    assert [user.name for user in accounts.users()] == ["vera"]
    assert run("user", "add", "otto", "--role", "emperor").status == cli.REFUSED


# --- the command itself ---


def test_every_command_is_listed_and_explained(run: Run) -> None:
    ran = run("--help")
    assert ran.status == 0
    for command in ("serve", "demo", "simulate", "fold", "check", "site", "token", "user"):
        assert f" {command} " in ran.out
    assert " engine " not in ran.out


def test_an_unknown_command_is_refused(run: Run) -> None:
    ran = run("flod")
    assert ran.status == cli.REFUSED
    assert "flod" in ran.out + ran.err
    assert "Traceback" not in ran.err
