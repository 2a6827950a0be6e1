"""The `bellrock` command: the one place that sees every part.

Errors that bellrock raises on purpose are printed as one line and end with status 2, or 1 where starting
again may help; anything else is a bug and shows its traceback.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number

from bellrock import __version__
from bellrock.commands.accounts import token_app, user_app
from bellrock.commands.bots import bots_app
from bellrock.commands.dynamodb import dynamodb_app
from bellrock.commands.flink import flink_app
from bellrock.commands.log import log_app
from bellrock.commands.search import search_app
from bellrock.commands.settings import PLACE, SETTINGS, Place, Settings, require_site
from bellrock.commands.tables import show, table
from bellrock.errors import (
    FAILED,
    REFUSED,
    BellrockError,
    ConfigurationError,
    LogUnavailable,
    StoreInUse,
)

app = App(
    name="bellrock",
    version=__version__,
    help="Real-time web-performance analytics for A/B tests on live traffic.",
)
site_app = App(name="site", help="Declare sites.")
for _sub in (site_app, token_app, user_app, log_app, bots_app, flink_app, search_app, dynamodb_app):
    app.command(_sub)

Positive = Annotated[float, Parameter(validator=Number(gt=0))]


@app.command
def serve(settings: Settings = SETTINGS) -> None:
    """Collect, fold and show, until SIGTERM or Ctrl-C."""
    from bellrock.serve import first_password, serve, welcome

    config = settings.load()
    # The password is made when everything runs: one that is never shown would lock everybody out.
    asyncio.run(serve(config, lambda: print(welcome(config, first_password(config)), flush=True)))


@app.command(show=False)
def collect(
    settings: Settings = SETTINGS,
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
    settings: Settings = SETTINGS,
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
def check(settings: Settings = SETTINGS) -> None:
    """Check configuration and sites, and say what they mean."""
    from bellrock.sites import load_sites

    config = settings.load()
    rows = table("setting", "value")
    for name, value in config.shown().items():
        rows.add_row(name, value)
    show(rows)
    sites = load_sites(config.sites_file)
    print(f"{config.sites_file}: {len(sites)} site{'' if len(sites) == 1 else 's'}, no mistakes")


@app.command
def snippet(site: str, *, attribution: bool = False, place: Place = PLACE) -> None:
    """Print the line of HTML that loads this very tracker, with its hash.

    Parameters
    ----------
    site
        The site's key.
    attribution
        The larger build, which says which element each vital is about.

    """
    from bellrock.collector.tracker import snippet as line

    config = place.load()
    require_site(config, site)
    name = "t.attribution.js" if attribution else "t.js"
    try:
        print(line(config.collect_address.url, site, name))
    except FileNotFoundError as error:
        raise ConfigurationError("tracker", f"{name} is not built", "Run: make wheel") from error


@site_app.command(name="add")
def site_add(key: str, *, currency: str = "EUR", place: Place = PLACE) -> None:
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
def site_list(place: Place = PLACE) -> None:
    """List the sites."""
    from bellrock.sites import load_sites

    rows = table("site", "currency", "dimensions", "tests")
    for site in load_sites(place.load().sites_file).values():
        tests = ", ".join(f"{test.name} ({'/'.join(test.groups)})" for test in site.tests)
        rows.add_row(site.key, site.currency, ", ".join(site.dimensions), tests)
    show(rows)


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
