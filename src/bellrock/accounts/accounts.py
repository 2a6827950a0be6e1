"""Accounts: users with their sites, cookie sessions and tokens. Time is the injected clock's.

Every method is one transaction and may be called from any thread, and by another process while the
server runs. Secrets enter and leave as plain text and are stored only as digests.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, get_args

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bellrock.accounts import secret
from bellrock.accounts.database import for_writing, open_database
from bellrock.accounts.models import SignIn, Token, User, UserSite
from bellrock.accounts.records import TokenRecord, UserRecord, UserRole
from bellrock.errors import ConfigurationError
from bellrock.schema.access import Access

SESSION_SECONDS = 14 * 86_400
PASSWORD_LENGTH = range(10, 1025)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


class Accounts:
    """The accounts of one installation, in one SQLite file, which is made where it is missing."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file and migrate it. `clock` gives seconds since 1970 UTC."""
        self._engine = open_database(path)
        self._writing = for_writing(self._engine)
        self._clock = clock

    def close(self) -> None:
        """Close every connection; the object is of no use afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Itself, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    # Users

    def add_user(
        self, name: str, password: str, role: UserRole = "viewer", sites: Iterable[str] = ()
    ) -> None:
        """Add a user; ConfigurationError for a name that is taken or a value that is none."""
        user = self._new_user(name, password, role, sites)
        with self._write() as session:
            if session.scalar(select(User.id).where(User.name == name)) is not None:
                raise ConfigurationError(
                    "user name", f"there is a user {name!r} already", "Choose another name"
                )
            session.add(user)

    def add_first_user(self, name: str, password: str) -> bool:
        """Add an administrator if there is no user at all; whether it was added."""
        user = self._new_user(name, password, "admin", ())
        with self._write() as session:
            if session.scalar(select(func.count()).select_from(User)):
                return False
            session.add(user)
        return True

    def users(self) -> list[UserRecord]:
        """Every user, by name."""
        with self._read() as session:
            return [
                _user_record(user) for user in session.scalars(select(User).order_by(User.name))
            ]

    def set_password(self, name: str, password: str) -> None:
        """Change a password and end the user's sessions; ConfigurationError for an unknown name."""
        hashed = secret.hash_password(_checked_password(password))
        with self._write() as session:
            user = session.scalar(select(User).where(User.name == name))
            if user is None:
                raise ConfigurationError(
                    "user name", f"there is no user {name!r}", "List them with `bellrock user list`"
                )
            user.password = hashed
            session.execute(delete(SignIn).where(SignIn.user_id == user.id))

    # Sessions

    def sign_in(self, name: str, password: str) -> str | None:
        """The id of a new session, or None where name and password do not belong together."""
        with self._read() as session:
            user = session.scalar(select(User).where(User.name == name))
        # Outside of the transaction, because it takes tens of milliseconds by design.
        if not secret.password_matches(user.password if user else None, password) or user is None:
            return None
        better = secret.hash_password(password) if secret.outdated(user.password) else user.password
        return self._new_session(user, better)

    def lend_session(self, seconds: int) -> str | None:
        """A session of an administrator for a command on this machine; None where there is none yet."""
        with self._write() as session:
            user = session.scalar(select(User).where(User.role == "admin").order_by(User.id))
            return self._begin(session, user, seconds) if user else None

    def sign_out(self, session_id: str) -> None:
        """End a session; nothing happens where there is none."""
        with self._write() as session:
            session.execute(delete(SignIn).where(SignIn.digest == secret.digest(session_id)))

    def access_for_session(self, session_id: str) -> Access | None:
        """What the user of a session may see; None where the session is unknown or over."""
        digest = secret.digest(session_id)
        with self._read() as session:
            found = session.get(SignIn, digest)
            if found is None or found.expires <= self._now():
                return None
            user = _user_record(found.user)
        sites = None if user.role == "admin" else frozenset(user.sites)
        return Access(f"session:{digest[:6].hex()}", user.name, user.role, sites)

    # Tokens

    def add_token(self, site: str, note: str = "") -> str:
        """A new token of the site. It cannot be shown again."""
        public, token = secret.new_token()
        with self._write() as session:
            session.add(
                Token(
                    id=public,
                    digest=secret.digest(token),
                    site=site,
                    note=note,
                    created=self._now(),
                )
            )
        return token

    def tokens(self, site: str | None = None) -> list[TokenRecord]:
        """The tokens of a site, or of every site, oldest first."""
        query = select(Token).order_by(Token.created, Token.id)
        with self._read() as session:
            found = session.scalars(query if site is None else query.where(Token.site == site))
            return [TokenRecord(t.id, t.site, t.note, t.created) for t in found]

    def revoke_token(self, token: str) -> TokenRecord:
        """Revoke the token with this id, or this token itself; ConfigurationError if unknown."""
        key = token.split("_")[1] if token.startswith(f"{secret.TOKEN_PREFIX}_") else token
        with self._write() as session:
            found = session.get(Token, key)
            if found is None:
                raise ConfigurationError(
                    "token", f"there is no token {key!r}", "List them with `bellrock token list`"
                )
            record = TokenRecord(found.id, found.site, found.note, found.created)
            session.delete(found)
        return record

    def access_for_token(self, token: str) -> Access | None:
        """What a token may see: its one site; None for an unknown or revoked token."""
        with self._read() as session:
            found = session.scalar(select(Token).where(Token.digest == secret.digest(token)))
            if found is None:
                return None
            name = found.note or f"token {found.id}"
            return Access(f"token:{found.id}", name, "token", frozenset((found.site,)))

    # Inside

    def _new_user(self, name: str, password: str, role: UserRole, sites: Iterable[str]) -> User:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                "user name",
                f"{name!r} is not acceptable",
                "Use 1 to 64 letters, digits and . _ @ + -, the first a letter or digit",
            )
        if role not in get_args(UserRole):
            raise ConfigurationError("role", f"{role!r} is none", "Use admin or viewer")
        return User(
            name=name,
            password=secret.hash_password(_checked_password(password)),
            role=role,
            created=self._now(),
            sites=[UserSite(site=site) for site in sorted(set(sites))],
        )

    def _new_session(self, user: User, password: str) -> str | None:
        """A session for a user whose password was verified; None if that changed meanwhile."""
        verified = (User.id == user.id) & (User.password == user.password)
        with self._write() as session:
            found = session.scalar(select(User).where(verified))
            if found is None:
                return None
            found.password = password
            session.execute(delete(SignIn).where(SignIn.expires <= self._now()))
            return self._begin(session, found, SESSION_SECONDS)

    def _begin(self, session: Session, user: User, seconds: int) -> str:
        """The id of a new session of a user."""
        session_id, now = secret.new_session_id(), self._now()
        digest = secret.digest(session_id)
        session.add(SignIn(digest=digest, user_id=user.id, created=now, expires=now + seconds))
        return session_id

    def _now(self) -> int:
        return int(self._clock())

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with Session(self._writing) as session, session.begin():
            yield session


def _user_record(user: User) -> UserRecord:
    return UserRecord(user.name, user.role, tuple(given.site for given in user.sites), user.created)


def _checked_password(password: str) -> str:
    if len(password) not in PASSWORD_LENGTH:
        raise ConfigurationError(
            "password",
            f"it has {len(password)} characters",
            f"Use {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1}",
        )
    return password
