"""The commands of `bellrock search`: what is done with a search store beside writing and reading it."""

import os
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from bellrock.config import load_config
from bellrock.errors import ConfigurationError
from bellrock.sites import load_sites

search_app = App(name="search", help="The indices of a search store.")


@search_app.command
def objects(*, timer: str = "lcp", prefix: str = "bellrock") -> None:
    """Print saved objects for OpenSearch Dashboards and Kibana: an index pattern and a histogram by test group.

    Parameters
    ----------
    timer
        The timer whose histogram is drawn.
    prefix
        The prefix of the indices, as in the path of the store's URL.

    """
    from bellrock.schema.timers import VITALS, custom_timer
    from bellrock.store.search.objects import saved_objects

    vitals = {vital.name: vital for vital in VITALS}
    sys.stdout.buffer.write(saved_objects(prefix, vitals.get(timer) or custom_timer(timer)))


@search_app.command
def tidy(
    *,
    config: Path | None = None,
    data: str | None = None,
    sites: str | None = None,
    store: str | None = None,
    keep_days: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
) -> None:
    """Let each site's size decide on its indices to come, and delete old ones; to be run once a day.

    Parameters
    ----------
    config
        TOML file with settings.
    data
        Directory of the sites file.
    sites
        File that declares the sites; sites.toml in the data directory if not given.
    store
        URL of the search store.
    keep_days
        Delete indices that have nothing younger than so many days; without it nothing is deleted.

    """
    from bellrock.runners.dashboard import open_store
    from bellrock.schema.issue import NO_SITE

    settings = load_config(config, os.environ, {"data": data, "sites": sites, "store": store})
    if not settings.store:
        raise ConfigurationError(
            "search tidy", "no store is named", "Give --store, or set `store`."
        )
    now = int(time.time() // 60)
    with closing(open_store(settings)) as opened:
        for site in (*load_sites(settings.sites_file), NO_SITE):
            schedule = opened.indices.plan(site, now)
            gone = opened.indices.expire(site, now - keep_days * 1440) if keep_days else []
            told = f"{site}: an index a {schedule[-1].period}, {len(gone)} deleted"
            sys.stdout.write(f"{told}\n")
