"""`bellrock demo`: everything at once, so that there is something to look at within seconds.

Enters: `DemoOptions`. Leaves, to `announce`: what a person has to know. Always holds: the servers are the
same that `bellrock serve` runs; the data directory is kept, so a second start shows the first one's data;
SIGTERM and Ctrl-C stop all of it cleanly.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bellrock.config import Config, parse_address
from bellrock.demo import shop
from bellrock.demo.prepare import SignIn, declare_site, prepare_sign_in, seed_past
from bellrock.demo.shop import ShopOptions
from bellrock.listening import refuse_taken_address
from bellrock.serve import Supervisor
from bellrock.simulate import load
from bellrock.simulate.load import LoadOptions

COUNTRY_HEADER = "X-Country"

Announce = Callable[[str], object]


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the demonstration keeps its data and listens, and how busy its shop is.

    `rate` is in beacons/s, of the live visitors and of those of the `past_minutes` before the start;
    without `visitors` there are only real ones.
    """

    data: Path = Path("demo-data")
    collect: str = "127.0.0.1:8080"
    dashboard: str = "127.0.0.1:8090"
    shop: str = "127.0.0.1:8070"
    rate: float = 20.0
    visitors: bool = True
    past_minutes: int = 90

    @property
    def config(self) -> Config:
        """The configuration of the servers."""
        return Config(
            data=str(self.data),
            collect=self.collect,
            dashboard=self.dashboard,
            trusted_proxies="127.0.0.1",  # the simulated visitors name their countries themselves
            country_header=COUNTRY_HEADER,
        )


async def run(options: DemoOptions, announce: Announce = say) -> None:
    """Run the demonstration until SIGTERM or SIGINT; raises BellrockError where it cannot start."""
    config = options.config
    refuse_taken_address(*parse_address(options.shop, "shop"))
    declare_site(config.sites_file)
    supervisor = Supervisor(config)
    sign_in = prepare_sign_in(config)
    _seed(options, announce)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    started = asyncio.Event()
    servers = asyncio.create_task(supervisor.run(started.set))
    beside = asyncio.create_task(_beside(options, sign_in, started, announce))
    await asyncio.wait({servers, beside}, return_when=asyncio.FIRST_COMPLETED)
    supervisor.stop()
    beside.cancel()
    await asyncio.wait({servers, beside})
    for task in (servers, beside):
        if not task.cancelled():
            task.result()


async def _beside(
    options: DemoOptions, sign_in: SignIn, started: asyncio.Event, announce: Announce
) -> None:
    """The shop and its simulated visitors, once the servers answer."""
    await started.wait()
    announce(welcome(options, sign_in))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shop.run(shop_of(options)))
        if options.visitors:
            tasks.create_task(load.run(visitors_of(options)))


def welcome(options: DemoOptions, sign_in: SignIn) -> str:
    """What a person has to know once everything runs."""
    config = options.config
    shop_url = parse_address(options.shop, "shop").url
    return (
        f"dashboard  {config.dashboard_address.url}\n"
        f"sign in    {sign_in.user}, password {sign_in.password}\n"
        f"shop       {shop_url}   (group A: {shop_url}/?group=A, accelerated: {shop_url}/?group=B)\n"
        f"collector  {config.collect_address.url}\n"
        f"data       {options.data}\n"
        "Visit the shop and see yourself on the dashboard. Ctrl-C stops everything."
    )


def _seed(options: DemoOptions, announce: Announce) -> None:
    if not options.visitors:
        return
    now_ms = int(time.time() * 1000)
    lines = seed_past(
        options.config, rate=options.rate, minutes=options.past_minutes, now_ms=now_ms
    )
    if lines:
        announce(f"past       {lines:,} beacons of simulated visitors, up to now")


def shop_of(options: DemoOptions) -> ShopOptions:
    """The shop of a demonstration."""
    host, port = parse_address(options.shop, "shop")
    config = options.config
    return ShopOptions(
        host=host,
        port=port,
        collector=config.collect_address.url,
        dashboard=config.dashboard_address.url,
    )


def visitors_of(options: DemoOptions) -> LoadOptions:
    """Its simulated visitors, who never end."""
    return LoadOptions(
        collector=options.config.collect_address.url,
        rate=options.rate,
        duration=None,
        country_header=COUNTRY_HEADER,
    )
