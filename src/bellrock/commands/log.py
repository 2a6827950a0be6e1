"""`bellrock log`: a log outside of this machine."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

log_app = App(name="log", help="A log in Kafka or Kinesis.")


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
