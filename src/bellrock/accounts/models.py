"""The tables of accounts.sqlite. Secrets are digests only; times are seconds since 1970 UTC."""

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bellrock.accounts.records import UserRole

# Named constraints, so that later migrations can address them.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of every table."""

    metadata = MetaData(naming_convention=NAMING)


class User(Base):
    """One who signs in with a name and a password; `password` is an argon2id hash."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('admin', 'viewer')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    role: Mapped[UserRole]
    created: Mapped[int]
    sites: Mapped[list["UserSite"]] = relationship(
        cascade="all, delete-orphan", order_by="UserSite.site", lazy="selectin"
    )


class UserSite(Base):
    """A site that a viewer was given."""

    __tablename__ = "user_sites"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    site: Mapped[str] = mapped_column(primary_key=True)


class SignIn(Base):
    """A cookie session; `digest` is the SHA-256 of its id."""

    __tablename__ = "sessions"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created: Mapped[int]
    expires: Mapped[int] = mapped_column(index=True)
    user: Mapped[User] = relationship()


class Token(Base):
    """A bearer token of one site; `digest` is the SHA-256 of the whole token."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    site: Mapped[str] = mapped_column(index=True)
    note: Mapped[str]
    created: Mapped[int]
