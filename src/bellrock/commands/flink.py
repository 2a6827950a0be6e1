"""`bellrock flink`: the job's archive, jobs on a cluster, a cluster on this machine.

None of these needs Flink in its own environment: submitting runs Flink's client in the one that has it.
"""

import tempfile
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console

flink_app = App(
    name="flink", help="The pipeline on Flink: its archive, its jobs, a cluster on this machine."
)

_OUT = Console(highlight=False, markup=False, soft_wrap=True)
_ENVIRONMENT = Path(".venv-flink")
_JARS = Path(".make/flink")
_URL = "http://127.0.0.1:8081"
_Count = Annotated[int, Parameter(validator=Number(gte=1, lte=128))]


@flink_app.command
def package(
    archive: Path,
    *,
    sites: Path | None = None,
    requirements: Path = Path("requirements/flink.txt"),
    jars: Path = _JARS,
) -> None:
    """Write the archive that AWS's managed service takes: code, requirements, connectors.

    Parameters
    ----------
    archive
        Where to write it; an archive that is there is replaced.
    sites
        A sites file to be put in, as sites.toml.
    requirements
        The packages that the workers need, locked.
    jars
        Folder of the connectors, as `make flink` fetches them.

    """
    from bellrock.runners.flink.package import write_application

    connectors = [*(jars / "kafka").glob("*.jar"), *(jars / "kinesis").glob("*.jar")]
    files = {f"lib/{jar.name}": jar for jar in connectors}
    files["requirements.txt"] = requirements
    if sites is not None:
        files["sites.toml"] = sites
    write_application(archive, files)
    _OUT.print(archive)


@flink_app.command
def run(
    settings: Path,
    *,
    restore: str | None = None,
    url: str = _URL,
    environment: Path = _ENVIRONMENT,
    jars: Path = _JARS,
) -> None:
    """Submit the job to a cluster, and return when it is there.

    Parameters
    ----------
    settings
        TOML file of the job's settings.
    restore
        A savepoint or checkpoint to go on from; `newest` is the newest whole checkpoint in the job's folder.
    url
        Where the cluster's REST interface listens.
    environment
        Virtual environment that has Flink, as `make flink` makes it.
    jars
        Folder of the connectors, as `make flink` fetches them.

    """
    from bellrock.runners.flink.checkpoints import newest_checkpoint
    from bellrock.runners.flink.home import make_home
    from bellrock.runners.flink.package import write_code
    from bellrock.runners.flink.rest import Flink
    from bellrock.runners.flink.settings import load_settings
    from bellrock.runners.flink.submit import submit

    job = load_settings(settings)
    if restore == "newest":
        restore = newest_checkpoint(job.checkpoints)
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "bellrock.zip"
        write_code(code)
        home = make_home(Path(folder) / "home", environment, jars=_jars(jars))
        script = ["-pym", "bellrock.runners.flink.job", str(settings.absolute())]
        submit(home, url, code, script, restore=restore)
    _OUT.print(Flink(url).running(job.job))


@flink_app.command
def savepoint(folder: str, *, job: str = "bellrock", url: str = _URL) -> None:
    """Make a savepoint of a running job, which goes on; prints where it is.

    Parameters
    ----------
    folder
        Where savepoints go: file:///... or s3://...
    job
        The job's name.
    url
        Where the cluster's REST interface listens.

    """
    from bellrock.runners.flink.rest import Flink

    flink = Flink(url)
    _OUT.print(flink.savepoint(flink.running(job), folder))


@flink_app.command
def stop(folder: str, *, job: str = "bellrock", url: str = _URL) -> None:
    """Stop a job with a savepoint, from which `run --restore` goes on; prints where it is.

    Parameters
    ----------
    folder
        Where savepoints go: file:///... or s3://...
    job
        The job's name.
    url
        Where the cluster's REST interface listens.

    """
    from bellrock.runners.flink.rest import Flink

    flink = Flink(url)
    _OUT.print(flink.stop(flink.running(job), folder))


@flink_app.command(name="local-cluster")
def run_local_cluster(
    *,
    workers: _Count = 2,
    port: int = 8081,
    environment: Path = _ENVIRONMENT,
    jars: Path = _JARS,
) -> None:
    """Run a cluster on this machine, one JobManager and workers of one slot each, until Ctrl-C.

    A worker that ends is replaced.

    Parameters
    ----------
    workers
        How many workers.
    port
        Where the REST interface listens, on 127.0.0.1.
    environment
        Virtual environment that has Flink, as `make flink` makes it.
    jars
        Folder of the connectors and plugins, as `make flink` fetches them.

    """
    from bellrock.runners.flink.cluster import local_cluster

    with (
        tempfile.TemporaryDirectory() as folder,
        local_cluster(
            Path(folder) / "flink", environment, workers=workers, jars=_jars(jars), rest_port=port
        ) as cluster,
    ):
        _OUT.print(f"Flink is at {cluster.url}, its journals in {cluster.home.folder}/log.")
        ended = threading.Event()
        try:
            while not ended.wait(1.0):
                cluster.replace_ended()
        except KeyboardInterrupt:
            _OUT.print("Stopping.")


def _jars(folder: Path) -> list[Path]:
    """What is below a folder; a plugin's are in `s3`."""
    return sorted(folder.glob("*/*.jar"))
