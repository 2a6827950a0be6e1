"""`bellrock token` and `bellrock user`: who may read what."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from bellrock.commands.settings import PLACE, Place, require_site
from bellrock.commands.tables import show, table
from bellrock.config import Config

if TYPE_CHECKING:
    from bellrock.accounts import Accounts

token_app = App(name="token", help="Tokens with which programs read one site.")
user_app = App(name="user", help="People who may sign in to the dashboard.")


@token_app.command(name="add")
def token_add(*, site: str, note: str = "", place: Place = PLACE) -> None:
    """Make a token that reads one site; it is printed once, alone on the last line.

    Parameters
    ----------
    site
        Key of the site.
    note
        What the token is for.

    """
    config = place.load()
    require_site(config, site)
    with _accounts(config) as accounts:
        token = accounts.add_token(site, note)
    print(f"A token for {site}. It cannot be shown again:", file=sys.stderr)
    print(token)


@token_app.command(name="list")
def token_list(*, site: str | None = None, place: Place = PLACE) -> None:
    """List tokens by their ids.

    Parameters
    ----------
    site
        Only those of this site.

    """
    rows = table("id", "site", "created", "note")
    with _accounts(place.load()) as accounts:
        for token in accounts.tokens(site):
            rows.add_row(token.id, token.site, _day(token.created), token.note)
    show(rows)


@token_app.command(name="revoke")
def token_revoke(token: str, *, place: Place = PLACE) -> None:
    """Revoke a token at once.

    Parameters
    ----------
    token
        Its id, or the token itself.

    """
    with _accounts(place.load()) as accounts:
        revoked = accounts.revoke_token(token)
    print(f"Revoked {revoked.id} of {revoked.site}.")


@user_app.command(name="add")
def user_add(
    name: str,
    *,
    role: Literal["admin", "viewer"] = "viewer",
    site: list[str] | None = None,
    place: Place = PLACE,
) -> None:
    """Add somebody who may sign in; the password is printed once, alone on the last line.

    Parameters
    ----------
    name
        Name to sign in with.
    role
        An admin sees every site, a viewer those given.
    site
        Key of a site that the viewer sees; may be given several times.

    """
    from bellrock.accounts.secret import readable_password

    config = place.load()
    for key in site or ():
        require_site(config, key)
    password = readable_password()
    with _accounts(config) as accounts:
        accounts.add_user(name, password, role, site or ())
    print(f"The password of {name}. It cannot be shown again:", file=sys.stderr)
    print(password)


@user_app.command(name="password")
def user_password(name: str, *, place: Place = PLACE) -> None:
    """Give a user a new password, printed once, alone on the last line; ends the user's sessions.

    Parameters
    ----------
    name
        Name of the user.

    """
    from bellrock.accounts.secret import readable_password

    password = readable_password()
    with _accounts(place.load()) as accounts:
        accounts.set_password(name, password)
    print(f"The new password of {name}. It cannot be shown again:", file=sys.stderr)
    print(password)


@user_app.command(name="list")
def user_list(place: Place = PLACE) -> None:
    """List the users."""
    rows = table("user", "role", "sites", "created")
    with _accounts(place.load()) as accounts:
        for user in accounts.users():
            sites = "all" if user.role == "admin" else ", ".join(user.sites)
            rows.add_row(user.name, user.role, sites, _day(user.created))
    show(rows)


def _accounts(config: Config) -> "Accounts":
    from bellrock.accounts import Accounts

    return Accounts(config.accounts_file)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
