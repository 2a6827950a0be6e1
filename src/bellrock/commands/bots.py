"""`bellrock bots`: user agents that behave like bots."""

from typing import TYPE_CHECKING

from cyclopts import App

from bellrock.commands.settings import INSTALLATION, Installation
from bellrock.commands.tables import show, table
from bellrock.errors import ConfigurationError

if TYPE_CHECKING:
    from bellrock.marks.book import State

bots_app = App(name="bots", help="User agents that behave like bots: see why, and decide.")


@bots_app.command(name="list")
def bots_list(*, site: str | None = None, place: Installation = INSTALLATION) -> None:
    """List the user agents that were marked because their sessions behave like a bot's.

    Parameters
    ----------
    site
        Only those of this site.

    """
    from bellrock.query.interval import iso_minute
    from bellrock.runners.embedded.book import open_book

    rows = table("site", "state", "since", "sessions", "suspicious", "user agent")
    with open_book(place.load()) as book:
        for mark in book.marks():
            if site in {None, mark.site}:
                evidence = iso_minute(mark.since), str(mark.sessions), str(mark.suspicious)
                rows.add_row(mark.site, mark.state, *evidence, _visible(mark.agent))
    show(rows)


@bots_app.command(name="lift")
def bots_lift(site: str, agent: str, *, place: Installation = INSTALLATION) -> None:
    """Let a user agent count again; it is never marked again by itself.

    Parameters
    ----------
    site
        Key of the site on which it was marked.
    agent
        The user agent, whole.

    """
    _decide(place, site, agent, "lifted")
    print(f"Lifted on {site}; its page impressions count from now on.")


@bots_app.command(name="everywhere")
def bots_everywhere(site: str, agent: str, *, place: Installation = INSTALLATION) -> None:
    """Make a mark hold on every site.

    Parameters
    ----------
    site
        Key of the site on which it was marked.
    agent
        The user agent, whole.

    """
    _decide(place, site, agent, "everywhere")
    print("The mark holds on every site from now on.")


@bots_app.command(name="restore")
def bots_restore(site: str, agent: str, *, place: Installation = INSTALLATION) -> None:
    """Make a mark hold as when it was made: on its own site.

    Parameters
    ----------
    site
        Key of the site on which it was marked.
    agent
        The user agent, whole.

    """
    _decide(place, site, agent, "active")
    print(f"The mark holds on {site}, and there alone.")


def _decide(place: Installation, site: str, agent: str, state: "State") -> None:
    from bellrock.runners.embedded.book import open_book

    with open_book(place.load()) as book:
        marked = [mark.agent for mark in book.marks() if mark.site == site]
        meant = agent if agent in marked else {_visible(name): name for name in marked}.get(agent)
        if meant is None or not book.set_mark(site, meant, state):
            raise ConfigurationError(
                "user agent",
                f"there is no mark of {agent!r} on the site {site!r}",
                "List them with: bellrock bots list",
            )


def _visible(text: str) -> str:
    """Text of strangers, to be shown and copied: a terminal would obey control characters."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
