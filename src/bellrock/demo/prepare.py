"""The data directory of a demonstration: made once, kept afterwards.

Enters: the configuration and the time. Leaves: a declared site, an administrator, a past of simulated
traffic, and how to sign in. Always holds: what is there already is left as it is, except a password that
no longer fits the one that is printed, and minutes in which nothing happened.
"""

import os
import secrets
from contextlib import closing
from pathlib import Path

import msgspec

from bellrock.accounts import Accounts
from bellrock.accounts.secret import readable_password
from bellrock.config import Config
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.stamp import last_at
from bellrock.simulate import catalogue
from bellrock.simulate.past import write_past
from bellrock.simulate.visitors import Traffic

USER = "demo"
_KEPT_IN = "demo-password"
_NO_GAP_MS = 60_000
_SITES = """\
# The site of the demonstration shop. Written once; change it as you like.
[[site]]
key = "{site}"
currency = "{currency}"
order_key = "{order_key}"
dimensions = ["label", "firstLoad", "served", "country"]
labels = {labels}
timers = {timers}

[[site.test]]
name = "{test}"
control = "{control}"
groups = {{ {groups} }}
"""


class SignIn(msgspec.Struct, frozen=True):
    """How to sign in to the dashboard of a demonstration."""

    user: str
    password: str


def declare_site(path: Path) -> None:
    """Write the sites file, with a random order key, where there is none."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _SITES.format(
        site=catalogue.SITE,
        currency=catalogue.CURRENCY,
        order_key=secrets.token_hex(32),
        labels=msgspec.json.encode(catalogue.LABELS).decode(),
        timers=msgspec.json.encode(catalogue.TIMERS).decode(),
        test=catalogue.TEST,
        control=catalogue.CONTROL,
        groups=", ".join(f"{name} = {share}" for name, share in catalogue.GROUPS.items()),
    )
    path.write_text(text, encoding="utf-8")


def prepare_sign_in(config: Config) -> SignIn:
    """An administrator whose password is kept beside the data, so that it can be printed each time."""
    sign_in = SignIn(USER, _password(config.data_directory / _KEPT_IN))
    with closing(Accounts(config.accounts_file)) as accounts:
        if USER not in {user.name for user in accounts.users()}:
            accounts.add_user(USER, sign_in.password, "admin")
        elif (session := accounts.sign_in(USER, sign_in.password)) is None:
            accounts.set_password(USER, sign_in.password)
        else:
            accounts.sign_out(session)
    return sign_in


def seed_past(config: Config, *, rate: float, minutes: int, now_ms: int) -> int:
    """Fill the last minutes with simulated traffic as far as the log has nothing there.

    Returns how many lines that took. What a log has already is never added to, so a demonstration that
    starts again goes on where it stopped.
    """
    with closing(SqliteLogReader(config.log_directory)) as reader:
        begin_ms = max(last_at(reader) + 1, now_ms - minutes * 60_000)
    if now_ms - begin_ms < _NO_GAP_MS:
        return 0
    traffic = Traffic(rate=rate, seed=secrets.randbits(63))
    with closing(SqliteLogWriter(config.log_directory)) as writer:
        return write_past(writer, traffic, begin_ms=begin_ms, end_ms=now_ms)


def _password(file: Path) -> str:
    if file.exists():
        return file.read_text(encoding="utf-8").strip()
    file.parent.mkdir(parents=True, exist_ok=True)
    password = readable_password()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(password + "\n")
    return password
