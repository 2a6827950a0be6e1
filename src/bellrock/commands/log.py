"""`bellrock log`: what is in the log, whether it is whole, and who has read it how far."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import App, Parameter
from cyclopts.validators import Number

from bellrock.commands.settings import Settings
from bellrock.commands.tables import show, table
from bellrock.config import Config
from bellrock.errors import ConfigurationError, LogDamaged

log_app = App(name="log", help="The log: what is in it, and how far it was read.")

_LOOK_SECONDS = 0.5


@Parameter(name="*")
@dataclass(frozen=True)
class LogPlace:
    """Where the log is."""

    config: Path | None = None
    "TOML file with settings."
    data: str | None = None
    "Directory of log, store and accounts."
    log: str | None = None
    "URL of the log: kafka://HOST:PORT/TOPIC or kinesis://REGION/STREAM; in the data directory if not given."

    def load(self) -> Config:
        """The configuration; raises ConfigurationError."""
        return Settings(**asdict(self)).load()

    def embedded(self) -> Config:
        """The same, for what only a log in the data directory can tell; raises ConfigurationError."""
        config = self.load()
        if config.log:
            raise ConfigurationError(
                f"the log {config.shown()['log']}",
                "is not in the data directory",
                "Its own servers have tools for this; `bellrock log export` reads it, too.",
            )
        if not config.log_directory.is_dir():
            raise ConfigurationError(
                str(config.log_directory),
                "there is no log yet",
                "Start bellrock once, or name --data.",
            )
        return config


PLACE = LogPlace()


@log_app.command(name="stat")
def log_stat(*, verify: bool = False, place: LogPlace = PLACE) -> None:
    """Show the files of the log, its readers and its bound; also while bellrock runs.

    Parameters
    ----------
    verify
        Read every line and hold it against its checksum.

    """
    from bellrock.log.readers import Readers
    from bellrock.log.survey import survey

    config = place.embedded()
    reports = survey(config.log_directory, verify=verify)
    files = table("file", "from", "to", "lines", "bytes", "first line", "last line")
    for one in reports:
        span = (one.first, one.end, one.end - one.first, one.size)
        files.add_row(one.name, *map(str, span), _time(one.first_at), _time(one.last_at))
    show(files)
    end, size = max((one.end for one in reports), default=0), sum(one.size for one in reports)
    print()
    readers = table("reader", "position", "lines to read")
    for name, position in Readers(config.log_directory).positions().items():
        readers.add_row(name, str(position), str(end - position))
    show(readers)
    bound = config.log_keep_bytes
    print(f"\n{size} bytes of {'any number' if bound is None else bound}", end="")
    print(", every line verified" if verify else "", flush=True)
    if broken := [one.damage for one in reports if one.damage]:
        raise LogDamaged("\n".join(broken))


@log_app.command(name="tail")
def log_tail(
    *,
    lines: Annotated[int, Parameter(name=["--lines", "-n"], validator=Number(gte=0))] = 10,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"])] = False,
    place: LogPlace = PLACE,
) -> None:
    """Print the last lines of the log; also while bellrock runs.

    Parameters
    ----------
    lines
        How many.
    follow
        Go on with what is appended, until Ctrl-C.

    """
    from bellrock.log.sqlite import SqliteLogReader

    out = sys.stdout.buffer
    with (
        closing(SqliteLogReader(place.embedded().log_directory)) as reader,
        suppress(KeyboardInterrupt),
    ):
        found, position = reader.read(max(reader.end() - lines, 0), lines)
        out.writelines(line + b"\n" for line in found)
        while follow:
            out.flush()
            found, position = reader.read(position, 1000)
            out.writelines(line + b"\n" for line in found)
            if not found:
                time.sleep(_LOOK_SECONDS)


@log_app.command(name="export")
def log_export(
    *,
    start: Annotated[str, Parameter(name="--from")] = "0",
    end: Annotated[str | None, Parameter(name="--to")] = None,
    output: Path | None = None,
    place: LogPlace = PLACE,
) -> None:
    """Print lines of the log, as `bellrock fold` takes them; also while bellrock runs.

    Parameters
    ----------
    start
        The first line: a position, or a time like 2026-11-26T14:00Z; 0 is the oldest line that is left.
    end
        Where to end, before that position or time; all lines that are there now if not given.
    output
        File to write to; the standard output if not given.

    """
    from bellrock.log.export import lines_between, merged, parse_place
    from bellrock.log.open import place_of
    from bellrock.log.sqlite import SqliteLogReader
    from bellrock.secrets import redacted

    begin, until = parse_place(start), None if end is None else parse_place(end)
    with _writing(output) as out:
        if url := place.load().log:
            if begin or until is not None:
                raise ConfigurationError(
                    f"the log {redacted(url)}",
                    "has many partitions",
                    "Export it whole, without --from and --to.",
                )
            with closing(place_of(url).log()) as log:
                out.writelines(line + b"\n" for line in merged(log))
        else:
            with closing(SqliteLogReader(place.embedded().log_directory)) as reader:
                for lines in lines_between(reader, begin, until):
                    out.writelines(line + b"\n" for line in lines)


@log_app.command(name="forget")
def log_forget(reader: str, *, place: LogPlace = PLACE) -> None:
    """Forget a reader that will not come back, so that the log is not kept for it.

    Parameters
    ----------
    reader
        Its name, as `bellrock log stat` shows it.

    """
    from bellrock.log.readers import Readers

    directory = place.embedded().log_directory
    if not Readers(directory).drop(reader):
        raise ConfigurationError(
            str(directory), f"no reader has the name {reader!r}", "See bellrock log stat."
        )
    print(f"{reader} is forgotten.")


@contextmanager
def _writing(file: Path | None) -> Iterator[BinaryIO]:
    if file is None:
        yield sys.stdout.buffer
        return
    try:
        with file.open("wb") as out:
            yield out
    except OSError as error:
        raise ConfigurationError(
            str(file), f"cannot be written ({error.strerror})", "Name another --output."
        ) from error


def _time(at: int | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S}"


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
        URL of the log: kafka://[USER:PASSWORD@]HOST:PORT/TOPIC or kinesis://REGION/STREAM.
    partitions
        Partitions of the topic, shards of the stream. They cannot be changed while sessions are open.
    replicas
        Replicas of a topic's records: 3 where losing a broker must lose nothing. Kinesis always has three.

    """
    from bellrock.log.open import place_of
    from bellrock.secrets import redacted

    place_of(url).create(partitions, replicas)
    print(f"Made {redacted(url)}, with {partitions} partitions.")
