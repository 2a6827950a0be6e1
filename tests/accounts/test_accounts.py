"""Users, sessions and tokens as they are kept in one SQLite file."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bellrock.accounts import Accounts, bootstrap
from bellrock.accounts.accounts import SESSION_SECONDS
from bellrock.errors import ConfigurationError

PASSWORD = "correct horse battery"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    with Accounts(tmp_path / "accounts.sqlite", clock) as opened:
        yield opened


def signed_in(accounts: Accounts, name: str, password: str = PASSWORD) -> str:
    session = accounts.sign_in(name, password)
    assert session is not None
    return session


def test_the_administrator_is_created_once_and_sees_every_site(accounts: Accounts) -> None:
    password = bootstrap(accounts)
    assert password is not None
    assert bootstrap(accounts) is None
    access = accounts.access_for_session(signed_in(accounts, "admin", password))
    assert access is not None
    assert (access.name, access.role) == ("admin", "admin")
    assert access.allows("a-site-that-is-added-later")


def test_a_readable_password_is_new_each_time(tmp_path: Path) -> None:
    made = set()
    for number in range(3):
        with Accounts(tmp_path / f"{number}.sqlite") as accounts:
            made.add(bootstrap(accounts))
    assert len(made) == 3
    for password in made:
        assert password is not None
        assert [len(word) for word in password.split("-")] == [6, 6, 6, 6]


def test_a_viewer_sees_the_given_sites_only(accounts: Accounts) -> None:
    accounts.add_user("vera", PASSWORD, "viewer", ["shop-b", "shop-a", "shop-b"])
    access = accounts.access_for_session(signed_in(accounts, "vera"))
    assert access is not None
    assert access.sites == frozenset({"shop-a", "shop-b"})
    assert not access.allows("shop-c")
    assert accounts.users()[0].sites == ("shop-a", "shop-b")


@pytest.mark.parametrize(
    ("name", "password"), [("vera", "wrong password"), ("nobody", PASSWORD), ("vera", "")]
)
def test_a_wrong_name_or_password_gives_no_session(
    accounts: Accounts, name: str, password: str
) -> None:
    accounts.add_user("vera", PASSWORD)
    assert accounts.sign_in(name, password) is None


def test_a_session_ends_when_it_is_signed_out(accounts: Accounts) -> None:
    accounts.add_user("vera", PASSWORD)
    first, second = signed_in(accounts, "vera"), signed_in(accounts, "vera")
    accounts.sign_out(first)
    assert accounts.access_for_session(first) is None
    assert accounts.access_for_session(second) is not None


def test_a_session_ends_after_its_time(accounts: Accounts, clock: Clock) -> None:
    accounts.add_user("vera", PASSWORD)
    session = signed_in(accounts, "vera")
    clock.now += SESSION_SECONDS - 1
    assert accounts.access_for_session(session) is not None
    clock.now += 1
    assert accounts.access_for_session(session) is None


def test_a_new_password_ends_the_users_sessions_and_no_others(accounts: Accounts) -> None:
    accounts.add_user("vera", PASSWORD)
    accounts.add_user("otto", PASSWORD)
    veras, ottos = signed_in(accounts, "vera"), signed_in(accounts, "otto")
    accounts.set_password("vera", "another long password")
    assert accounts.access_for_session(veras) is None
    assert accounts.access_for_session(ottos) is not None
    assert accounts.sign_in("vera", PASSWORD) is None
    assert signed_in(accounts, "vera", "another long password")


def test_a_token_sees_its_one_site_until_it_is_revoked(accounts: Accounts) -> None:
    token = accounts.add_token("shop-a", "nightly report")
    access = accounts.access_for_token(token)
    assert access is not None
    assert (access.name, access.role) == ("nightly report", "token")
    assert access.sites == frozenset({"shop-a"})
    record = accounts.revoke_token(accounts.tokens()[0].id)
    assert record.note == "nightly report"
    assert accounts.access_for_token(token) is None


def test_a_token_can_be_revoked_by_itself(accounts: Accounts) -> None:
    token, other = accounts.add_token("shop-a"), accounts.add_token("shop-a")
    accounts.revoke_token(token)
    assert accounts.access_for_token(token) is None
    assert accounts.access_for_token(other) is not None


def test_tokens_are_listed_by_site_oldest_first(accounts: Accounts, clock: Clock) -> None:
    for site, note in [("shop-a", "first"), ("shop-b", "other"), ("shop-a", "second")]:
        accounts.add_token(site, note)
        clock.now += 1
    assert [token.note for token in accounts.tokens("shop-a")] == ["first", "second"]
    assert len(accounts.tokens()) == 3


@pytest.mark.parametrize("wrong", ["", "br_", "not-a-token", "br_0123456789_secret"])
def test_what_is_no_token_gives_no_access(accounts: Accounts, wrong: str) -> None:
    accounts.add_token("shop-a")
    assert accounts.access_for_token(wrong) is None
    assert accounts.access_for_session(wrong) is None


def test_a_token_is_no_session_and_a_session_no_token(accounts: Accounts) -> None:
    accounts.add_user("vera", PASSWORD)
    assert accounts.access_for_session(accounts.add_token("shop-a")) is None
    assert accounts.access_for_token(signed_in(accounts, "vera")) is None


def test_no_secret_is_in_the_files(accounts: Accounts, tmp_path: Path) -> None:
    accounts.add_user("vera", PASSWORD)
    token, session = accounts.add_token("shop-a"), signed_in(accounts, "vera")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"vera" in stored
    for secret in (PASSWORD, session, token, token.rpartition("_")[2]):
        assert secret.encode() not in stored


def test_the_file_is_its_owners_alone(accounts: Accounts, tmp_path: Path) -> None:
    accounts.add_token("shop-a")
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_name_is_given_once(accounts: Accounts) -> None:
    accounts.add_user("vera", PASSWORD)
    with pytest.raises(ConfigurationError, match="there is a user 'vera' already"):
        accounts.add_user("vera", PASSWORD)


@pytest.mark.parametrize("name", ["", " vera", "a b", "-x", "x" * 65, "vera\n", "<b>"])
def test_a_name_that_would_confuse_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(ConfigurationError, match="user name"):
        accounts.add_user(name, PASSWORD)


@pytest.mark.parametrize("password", ["", "ninechars", "x" * 1025])
def test_a_password_of_a_bad_length_is_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(ConfigurationError, match="Use 10 to 1024"):
        accounts.add_user("vera", password)


def test_an_unknown_role_user_or_token_is_named(accounts: Accounts) -> None:
    with pytest.raises(ConfigurationError, match="'owner' is none"):
        accounts.add_user("vera", PASSWORD, "owner")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no user 'vera'"):
        accounts.set_password("vera", PASSWORD)
    with pytest.raises(ConfigurationError, match="no token '0123456789'"):
        accounts.revoke_token("br_0123456789_secret")
