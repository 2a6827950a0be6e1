"""The commands, as people and scripts meet them: what they print, where, and how they end."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha384
from pathlib import Path

import pytest

from bellrock import cli
from bellrock.accounts import Accounts
from bellrock.errors import FAILED
from bellrock.marks.book import State
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore
from command import Ran, Run, forget_settings, status_of
from runners.marked import held, put_marks

GOLDEN = Path(__file__).parent / "golden"
LOG = str(GOLDEN / "plain_visit.ndjson")
SITES = str(GOLDEN / "shared.sites.toml")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in an empty directory and with no settings in the environment."""
    forget_settings(monkeypatch)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        return Ran(status_of(monkeypatch, *arguments), *capsys.readouterr())

    return run


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


# --- snippet ---


def test_the_snippet_names_the_collector_the_site_and_the_hash_of_the_build(
    run: Run, built_tracker: Path
) -> None:
    run("site", "add", "shop-a")
    ran = run("snippet", "shop-a")
    assert (ran.status, ran.err) == (0, "")
    digest = b64encode(sha384(built_tracker.read_bytes()).digest()).decode()
    assert ran.out.startswith('<script defer src="http://127.0.0.1:8080/t.')
    assert f'data-site="shop-a"\n  integrity="sha384-{digest}"' in ran.out
    assert "/t.attribution." in run("snippet", "shop-a", "--attribution").out


def test_the_snippet_of_an_unknown_site_is_refused(run: Run) -> None:
    run("site", "add", "shop-a")
    assert "there is no site 'shop-b'" in refused(run("snippet", "shop-b"))


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


# --- bots ---

STORE = Path("bellrock-data/store.duckdb")
WHOLE = 'Fetcher/1.0 (it\'s [bold]"no"[/bold] :robot: ü 日本)' + "x" * 400


@pytest.fixture
def marks(run: Run) -> None:
    pairs = [("shop-a", WHOLE), ("shop-a", "Other/2"), ("shop-b", "Other/2"), ("shop-b", "--help")]
    put_marks(STORE, pairs)


def states() -> dict[tuple[str, str], State]:
    with closing(DuckDBStore(STORE)) as store:
        return {(mark.site, mark.agent): mark.state for mark in store.marks()}


def test_bots_are_listed_with_their_evidence_and_the_whole_user_agent(
    run: Run, marks: None
) -> None:
    ran = run("bots", "list")
    assert (ran.status, ran.err) == (0, "")
    head, *rows = (line.rstrip() for line in ran.out.splitlines())
    assert head.split(maxsplit=5) == [
        "site",
        "state",
        "since",
        "sessions",
        "suspicious",
        "user agent",
    ]
    evidence = ["active", "2026-11-23T05:42Z", "25", "24"]
    assert [row.split(maxsplit=5) for row in rows] == [
        ["shop-a", *evidence, WHOLE],
        ["shop-a", *evidence, "Other/2"],
        ["shop-b", *evidence, "--help"],
        ["shop-b", *evidence, "Other/2"],
    ]


def test_bots_of_one_site_are_listed_alone(run: Run, marks: None) -> None:
    _, *rows = run("bots", "list", "--site", "shop-b").out.splitlines()
    assert [row.split()[0] for row in rows] == ["shop-b", "shop-b"]
    assert run("bots", "list", "--site", "shop").out == "(none)\n"


@pytest.mark.parametrize(
    ("command", "state", "told"),
    [
        ("lift", "lifted", "Lifted on shop-a; its page impressions count from now on.\n"),
        ("everywhere", "everywhere", "The mark holds on every site from now on.\n"),
        ("restore", "active", "The mark holds on shop-a, and there alone.\n"),
    ],
)
def test_what_is_decided_about_a_bot_is_told_and_listed(
    run: Run, marks: None, command: str, state: State, told: str
) -> None:
    other = "everywhere" if state == "lifted" else "lift"
    run("bots", other, "shop-a", WHOLE)
    assert run("bots", command, "shop-a", WHOLE) == Ran(0, told, "")
    assert states() == {
        ("shop-a", WHOLE): state,
        ("shop-a", "Other/2"): "active",
        ("shop-b", "Other/2"): "active",
        ("shop-b", "--help"): "active",
    }
    _, row, *_ = run("bots", "list", "--site", "shop-a").out.splitlines()
    assert row.split()[1] == state


@pytest.mark.parametrize("command", ["lift", "everywhere", "restore"])
@pytest.mark.parametrize("named", [("shop-a", "Other"), ("shop", "Other/2"), ("shop-a", "\udcff")])
def test_about_what_is_not_marked_there_is_nothing_to_decide(
    run: Run, marks: None, command: str, named: tuple[str, str]
) -> None:
    """The last one is what an argument that is no UTF-8 becomes."""
    before, (site, agent) = states(), named
    assert refused(run("bots", command, site, agent)) == (
        f"bellrock: user agent: there is no mark of {agent!r} on the site {site!r}. "
        "List them with: bellrock bots list\n"
    )
    assert states() == before


def test_a_user_agent_that_looks_like_an_option_is_named_after_two_dashes(
    run: Run, marks: None
) -> None:
    assert run("bots", "lift", "--", "shop-b", "--help").status == 0
    assert states()["shop-b", "--help"] == "lifted"


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("a\x9b31mb", r"a\x9b31mb"),
        ("a\tb", r"a\tb"),
        ("a\r\nshop-a  lifted", r"a\r\nshop-a  lifted"),
        ("a\u202egnihsif", r"a\u202egnihsif"),
    ],
)
def test_a_user_agent_does_nothing_to_the_terminal_and_is_named_as_it_is_listed(
    run: Run, agent: str, shown: str
) -> None:
    """Anybody can send one, and a terminal obeys what stands in it."""
    put_marks(STORE, [("shop-a", agent), ("shop-a", "b" + shown)])
    _, row, _ = run("bots", "list").out.splitlines()
    assert row.rstrip().split(maxsplit=5)[5] == shown
    assert run("bots", "lift", "shop-a", shown).status == 0
    assert states() == {("shop-a", agent): "lifted", ("shop-a", "b" + shown): "active"}
    assert run("bots", "restore", "shop-a", agent).status == 0
    assert states()["shop-a", agent] == "active"


def test_a_user_agent_that_is_written_like_that_comes_before_one_that_is_shown_like_that(
    run: Run,
) -> None:
    put_marks(STORE, [("shop-a", "a\tb"), ("shop-a", r"a\tb")])
    assert run("bots", "lift", "shop-a", r"a\tb").status == 0
    assert states() == {("shop-a", "a\tb"): "active", ("shop-a", r"a\tb"): "lifted"}


def test_without_a_store_there_is_no_book_of_bots(run: Run) -> None:
    for arguments in (["list"], ["lift", "shop-a", WHOLE]):
        assert "store.duckdb: there is no store yet. Start bellrock once" in refused(
            run("bots", *arguments)
        )
    assert not STORE.exists()


# --- engine ---


def test_an_engine_that_finds_the_store_open_fails_but_may_be_started_again(run: Run) -> None:
    """`bellrock bots` opens a store at rest for a moment: a supervisor must not give up then."""
    run("site", "add", "shop-a")
    put_marks(STORE, [])
    with held(STORE):
        ran = run("engine")
    assert (ran.status, ran.out) == (FAILED, "")
    assert ran.err == (
        f"bellrock: {STORE} is open in another process. "
        "Stop that engine, or use another --data directory.\n"
    )


# --- the command itself ---


def test_every_command_is_listed_and_explained(run: Run) -> None:
    ran = run("--help")
    assert ran.status == 0
    for command in ("serve", "demo", "simulate", "fold", "check", "site", "token", "user", "bots"):
        assert f" {command} " in ran.out
    assert " engine " not in ran.out


def test_an_unknown_command_is_refused(run: Run) -> None:
    ran = run("flod")
    assert ran.status == cli.REFUSED
    assert "flod" in ran.out + ran.err
    assert "Traceback" not in ran.err
