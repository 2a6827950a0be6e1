"""One Elasticsearch node, without users and rights, and without scripts: its zip for tests has no Painless."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.process import JARS, ServerFailed, free_ports, running

_SETTINGS = """\
cluster.name: test
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http}
transport.port: {transport}
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: false
action.destructive_requires_name: false
"""
_NOBODY = 65534
# Its launcher would choose half of the machine's memory.
_OPTIONS = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"


@contextmanager
def elasticsearch(folder: Path) -> Iterator[str]:
    """Start it; yields its URL."""
    http, transport = free_ports(2)
    # Not in the folder: those of pytest are closed to the user that root has to become.
    with tempfile.TemporaryDirectory(prefix="elasticsearch-") as place:
        home = _unpacked(Path(place))
        settings = _SETTINGS.format(http=http, transport=transport)
        (home / "config" / "elasticsearch.yml").write_text(settings)
        java = Path(shutil.which("java") or "/bin/java").resolve().parents[1]
        (home / "tmp").mkdir()  # its own choice it leaves behind
        places = [f"ES_JAVA_HOME={java}", f"ES_TMPDIR={home / 'tmp'}"]
        variables = [*places, f"ES_JAVA_OPTS={_OPTIONS}"]
        command = ["env", *variables, str(home / "bin" / "elasticsearch")]
        if os.geteuid() == 0:  # Elasticsearch refuses to run as root
            for path in (Path(place), *Path(place).rglob("*")):
                os.chown(path, _NOBODY, _NOBODY)
            become = [
                "--pdeathsig=KILL",
                f"--reuid={_NOBODY}",
                f"--regid={_NOBODY}",
                "--clear-groups",
            ]
            command = ["setpriv", *become, *command]
        with running(command, folder, ready="] started {"):
            yield f"http://127.0.0.1:{http}"


def _unpacked(place: Path) -> Path:
    """Its home."""
    found = list((JARS / "elasticsearch").glob("elasticsearch-*.zip"))
    if not found:
        raise ServerFailed(
            f"there is no {JARS / 'elasticsearch'}: run `make test`, which says more"
        )
    with zipfile.ZipFile(found[0]) as packed:
        packed.extractall(place)
    (home,) = place.iterdir()
    for program in (home / "bin").iterdir():
        program.chmod(0o755)  # which unpacking forgets
    return home
