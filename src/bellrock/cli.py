"""The `bellrock` command: the one place that sees every part.

Errors that bellrock raises on purpose are printed as one line and end with status 2, or 1 where starting
again may help; anything else is a bug and shows its traceback.
"""

import asyncio
import os
import signal
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from bellrock import __version__
from bellrock.config import Config, load_config
from bellrock.errors import (
    FAILED,
    REFUSED,
    BellrockError,
    ConfigurationError,
    LogUnavailable,
    StoreInUse,
)
from bellrock.runners.flink.commands import app as flink_app
from bellrock.search_commands import search_app

if TYPE_CHECKING:
    from bellrock.accounts import Accounts
    from bellrock.marks.book import State

app = App(
    name="bellrock",
    version=__version__,
    help="Real-time web-performance analytics for A/B tests on live traffic.",
)
site_app = App(name="site", help="Declare sites.")
token_app = App(name="token", help="Tokens with which programs read one site.")
user_app = App(name="user", help="People who may sign in to the dashboard.")
log_app = App(name="log", help="A log in Kafka or Kinesis.")
bots_app = App(name="bots", help="User agents that behave like bots: see why, and decide.")
for _sub in (site_app, token_app, user_app, log_app, bots_app, flink_app, search_app):
    app.command(_sub)

_UNFOLDED = 1 << 16  # columns
Positive = Annotated[float, Parameter(validator=Number(gt=0))]


@Parameter(name="*")
@dataclass(frozen=True)
class Settings:
    """Settings of this call; what is not given comes from the environment, the file, the defaults."""

    config: Path | None = None
    "TOML file with settings; see config/reference.toml."
    data: str | None = None
    "Directory of log, store and accounts."
    sites: str | None = None
    "File that declares the sites; sites.toml in the data directory if not given."
    log: str | None = None
    "URL of the log: kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM; in the data directory if not given."
    store: str | None = None
    "URL of a search store that others write, opensearch://HOST:PORT: no beacons are collected or folded here."
    marks: str | None = None
    "Table of DynamoDB with the marks of bots, beside a search store."
    collect: str | None = None
    "HOST:PORT of the collector."
    dashboard: str | None = None
    "HOST:PORT of the dashboard and the API."
    country_header: str | None = None
    "Header in which a trusted proxy states the visitor's country."
    commit_window_ms: float | None = None
    "How long beacons gather before they are made durable together."
    step_seconds: float | None = None
    "How long lines gather before they are folded together."

    def load(self) -> Config:
        """The configuration; raises ConfigurationError."""
        arguments = asdict(self)
        return load_config(arguments.pop("config"), os.environ, arguments)


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Where accounts and sites are."""

    config: Path | None = None
    "TOML file with settings."
    data: str | None = None
    "Directory of log, store and accounts."
    sites: str | None = None
    "File that declares the sites; sites.toml in the data directory if not given."

    def load(self) -> Config:
        """The configuration; raises ConfigurationError."""
        return Settings(**asdict(self)).load()


@Parameter(name="*")
@dataclass(frozen=True)
class Installation(Place):
    """Where an engine, or its store, is."""

    dashboard: str | None = None
    "HOST:PORT of the dashboard, where a running engine is asked."


_SETTINGS, _PLACE, _INSTALLATION = Settings(), Place(), Installation()


@app.command
def serve(settings: Settings = _SETTINGS) -> None:
    """Collect, fold and show, until SIGTERM or Ctrl-C."""
    from bellrock.serve import first_password, serve, welcome

    config = settings.load()
    # The password is made when everything runs: one that is never shown would lock everybody out.
    asyncio.run(serve(config, lambda: print(welcome(config, first_password(config)), flush=True)))


@app.command(show=False)
def collect(
    settings: Settings = _SETTINGS,
    *,
    supervised: Annotated[bool, Parameter(help="End when the standard input ends.")] = False,
) -> None:
    """Collect beacons into the log: one half of `serve`."""
    from bellrock.process import collect, end_with_parent

    if supervised:
        end_with_parent()
    collect(settings.load())


@app.command(show=False)
def engine(
    settings: Settings = _SETTINGS,
    *,
    supervised: Annotated[bool, Parameter(help="End when the standard input ends.")] = False,
) -> None:
    """Fold the log, serve API and dashboard: the other half of `serve`."""
    from bellrock.process import end_with_parent

    if supervised:
        end_with_parent()
    config = settings.load()
    if config.store:
        from bellrock.runners.dashboard import run
    else:
        from bellrock.runners.embedded.server import run
    run(config)


@app.command
def demo(
    *,
    data: Path = Path("demo-data"),
    shop: str = "127.0.0.1:8070",
    collect: str = "127.0.0.1:8080",
    dashboard: str = "127.0.0.1:8090",
    rate: Positive = 20.0,
    visitors: bool = True,
) -> None:
    """A demonstration shop with visitors in an A/B test, and their numbers live.

    Parameters
    ----------
    data
        Directory of the demonstration; kept, so that the next start goes on.
    shop
        HOST:PORT of the shop.
    collect
        HOST:PORT of the collector.
    dashboard
        HOST:PORT of the dashboard.
    rate
        Beacons a second of the simulated visitors.
    visitors
        Whether there are simulated visitors, past and present.

    """
    from bellrock.demo.demo import DemoOptions, run

    asyncio.run(
        run(
            DemoOptions(
                data=data,
                shop=shop,
                collect=collect,
                dashboard=dashboard,
                rate=rate,
                visitors=visitors,
            )
        )
    )


@app.command
def simulate(
    *,
    collector: str = "http://127.0.0.1:8080",
    rate: Positive = 40.0,
    duration: Positive = 60.0,
    seed: int | None = None,
    site: list[str] | None = None,
    bad_share: float = 0.0,
    country_header: str = "X-Country",
    acknowledged: Path | None = None,
) -> None:
    """Send the beacons of simulated visitors to a collector on this machine.

    Arrivals do not wait for answers, and answers are timed from when a beacon was meant to be sent.

    Parameters
    ----------
    collector
        URL of the collector; only this machine's addresses are accepted.
    rate
        Beacons a second.
    duration
        Seconds after which it stops.
    seed
        The same seed sends the same visitors, so a second run of it is all duplicates.
    site
        Key of a site to visit; may be given several times.
    bad_share
        Share of beacons that have something wrong, from 0 to 1.
    country_header
        Header that carries the visitor's country.
    acknowledged
        File for the names of all beacons that were answered 204.

    """
    from bellrock.simulate.load import LoadOptions, run

    options = LoadOptions(
        collector=collector,
        rate=rate,
        duration=duration,
        seed=seed,
        bad_share=bad_share,
        country_header=country_header,
        acknowledged=acknowledged,
    )
    if site:
        options = msgspec.structs.replace(options, sites=tuple(site))
    print(asyncio.run(run(options)))


@app.command
def fold(
    *files: Path,
    sites: Path,
    batch: Annotated[int, Parameter(validator=Number(gte=1))] = 10_000,
    shards: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
    close: bool = False,
) -> None:
    """Print the documents of recorded log lines as canonical text.

    Parameters
    ----------
    files
        Files of log lines; one after the other they are one partition.
    sites
        File that declares the sites.
    batch
        Lines folded together; changes nothing in the output.
    shards
        Partitions to fold as, with claims in line order.
    close
        Pass boundaries until every session has ended.

    """
    from bellrock.runners.fold import fold_lines, read_lines
    from bellrock.runners.garbage import sparing_what_stays
    from bellrock.sites import load_sites

    if not files:
        raise ConfigurationError("fold", "no file is given", "Name one or more files of log lines.")
    declared, lines = load_sites(sites), read_lines(files)
    with sparing_what_stays():
        text = fold_lines(lines, declared, batch=batch, shards=shards, close=close)
    sys.stdout.buffer.write(text)


@app.command
def check(settings: Settings = _SETTINGS) -> None:
    """Check configuration and sites, and say what they mean."""
    from bellrock.sites import load_sites

    config = settings.load()
    table = _table("setting", "value")
    for name, value in config.shown().items():
        table.add_row(name, value)
    _show(table)
    sites = load_sites(config.sites_file)
    print(f"{config.sites_file}: {len(sites)} site{'' if len(sites) == 1 else 's'}, no mistakes")


@site_app.command(name="add")
def site_add(key: str, *, currency: str = "EUR", place: Place = _PLACE) -> None:
    """Declare a site with a new order key.

    Parameters
    ----------
    key
        The site's public key, as it stands in its pages.
    currency
        ISO 4217 currency of its orders.

    """
    from bellrock.sites import add_site

    config = place.load()
    add_site(config.sites_file, key, currency)
    print(f"Added to {config.sites_file}. In the site's pages:")
    print(f'<script defer src="{config.collect_address.url}/t.js" data-site="{key}"></script>')


@site_app.command(name="list")
def site_list(place: Place = _PLACE) -> None:
    """List the sites."""
    from bellrock.sites import load_sites

    table = _table("site", "currency", "dimensions", "tests")
    for site in load_sites(place.load().sites_file).values():
        tests = ", ".join(f"{test.name} ({'/'.join(test.groups)})" for test in site.tests)
        table.add_row(site.key, site.currency, ", ".join(site.dimensions), tests)
    _show(table)


@token_app.command(name="add")
def token_add(*, site: str, note: str = "", place: Place = _PLACE) -> None:
    """Make a token that reads one site; it is printed once, alone on the last line.

    Parameters
    ----------
    site
        Key of the site.
    note
        What the token is for.

    """
    config = place.load()
    _require_site(config, site)
    with _accounts(config) as accounts:
        token = accounts.add_token(site, note)
    print(f"A token for {site}. It cannot be shown again:", file=sys.stderr)
    print(token)


@token_app.command(name="list")
def token_list(*, site: str | None = None, place: Place = _PLACE) -> None:
    """List tokens by their ids.

    Parameters
    ----------
    site
        Only those of this site.

    """
    table = _table("id", "site", "created", "note")
    with _accounts(place.load()) as accounts:
        for token in accounts.tokens(site):
            table.add_row(token.id, token.site, _day(token.created), token.note)
    _show(table)


@token_app.command(name="revoke")
def token_revoke(token: str, *, place: Place = _PLACE) -> None:
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
    place: Place = _PLACE,
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
        _require_site(config, key)
    password = readable_password()
    with _accounts(config) as accounts:
        accounts.add_user(name, password, role, site or ())
    print(f"The password of {name}. It cannot be shown again:", file=sys.stderr)
    print(password)


@user_app.command(name="password")
def user_password(name: str, *, place: Place = _PLACE) -> None:
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
def user_list(place: Place = _PLACE) -> None:
    """List the users."""
    table = _table("user", "role", "sites", "created")
    with _accounts(place.load()) as accounts:
        for user in accounts.users():
            sites = "all" if user.role == "admin" else ", ".join(user.sites)
            table.add_row(user.name, user.role, sites, _day(user.created))
    _show(table)


@log_app.command(name="create")
def log_create(
    url: str,
    *,
    partitions: Annotated[int, Parameter(validator=Number(gte=1, lte=128))] = 4,
    replicas: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
) -> None:
    """Make the topic of Kafka, or the stream of Kinesis, that a log is to be in.

    Parameters
    ----------
    url
        URL of the log: kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM.
    partitions
        Partitions of the topic, shards of the stream. They cannot be changed while sessions are open.
    replicas
        Replicas of a topic's records: 3 where losing a broker must lose nothing. Kinesis always has three.

    """
    from bellrock.log.open import place_of

    place_of(url).create(partitions, replicas)
    print(f"Made {url}, with {partitions} partitions.")


@bots_app.command(name="list")
def bots_list(*, site: str | None = None, place: Installation = _INSTALLATION) -> None:
    """List the user agents that were marked because their sessions behave like a bot's.

    Parameters
    ----------
    site
        Only those of this site.

    """
    from bellrock.query.interval import iso_minute
    from bellrock.runners.embedded.book import open_book

    table = _table("site", "state", "since", "sessions", "suspicious", "user agent")
    with open_book(place.load()) as book:
        for mark in book.marks():
            if site in {None, mark.site}:
                evidence = iso_minute(mark.since), str(mark.sessions), str(mark.suspicious)
                table.add_row(mark.site, mark.state, *evidence, _visible(mark.agent))
    _show(table)


@bots_app.command(name="lift")
def bots_lift(site: str, agent: str, *, place: Installation = _INSTALLATION) -> None:
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
def bots_everywhere(site: str, agent: str, *, place: Installation = _INSTALLATION) -> None:
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
def bots_restore(site: str, agent: str, *, place: Installation = _INSTALLATION) -> None:
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


def main() -> None:
    """Run the command; the entry point of the package."""
    from bellrock.journal import configure_journal

    configure_journal()
    try:
        try:
            app(sys.argv[1:])
        finally:
            sys.stdout.flush()  # not at the interpreter's end, where a reader that is gone is an error
    except BellrockError as error:
        print(f"bellrock: {error}", file=sys.stderr)
        # `bellrock bots` has a store at rest open for a moment: an engine that meets it may start again.
        sys.exit(FAILED if isinstance(error, LogUnavailable | StoreInUse) else REFUSED)
    except BrokenPipeError:
        # The reader of our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


def _accounts(config: Config) -> "Accounts":
    from bellrock.accounts import Accounts

    return Accounts(config.accounts_file)


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


def _require_site(config: Config, key: str) -> None:
    """Refuse a site that the sites file does not declare, where there is one to look into."""
    from bellrock.sites import load_sites

    if config.sites_file.exists() and key not in load_sites(config.sites_file):
        raise ConfigurationError(
            str(config.sites_file),
            f"there is no site {key!r}",
            "List them with: bellrock site list",
        )


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def _show(table: Table) -> None:
    # Text as it is; whole where a program reads it, folded to the width where a person does.
    width = None if sys.stdout.isatty() else _UNFOLDED
    console = Console(markup=False, emoji=False, highlight=False, width=width)
    console.print(table if table.row_count else "(none)")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
