"""Flink's REST interface: jobs, savepoints, stopping.

https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/rest_api/
"""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from bellrock.errors import BellrockError

_TIMEOUT = 30.0
_SAVED_WITHIN = 600.0


class Flink:
    """A cluster, by the address of its REST interface."""

    def __init__(self, url: str) -> None:
        """Ask at an address, as http://127.0.0.1:8081; nothing is asked yet."""
        self._url = url.rstrip("/")

    def ask(self, path: str, body: Any = None) -> Any:
        """GET a path, or POST what is given; raises BellrockError where the answer is none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  # the address is the operator's
            f"{self._url}{path}", data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  # likewise
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise BellrockError(f"Flink at {self._url} refused {path}: {said}") from error
        except OSError as error:
            raise BellrockError(f"Flink at {self._url} does not answer ({error}).") from error

    def running(self, name: str) -> str:
        """The id of the one job of a name that has not ended; raises BellrockError."""
        jobs = self.ask("/jobs/overview")["jobs"]
        ended = {"FINISHED", "CANCELED", "FAILED"}
        found = [job["jid"] for job in jobs if job["name"] == name and job["state"] not in ended]
        if len(found) != 1:
            raise BellrockError(f"Flink at {self._url} has {len(found)} jobs {name!r}, not one.")
        return str(found[0])

    def savepoint(self, job: str, folder: str) -> str:
        """Make a savepoint in a folder; where it is."""
        return self._saved(job, "savepoints", {"target-directory": folder, "cancel-job": False})

    def stop(self, job: str, folder: str) -> str:
        """Stop a job with a savepoint in a folder; where it is."""
        return self._saved(job, "stop", {"targetDirectory": folder, "drain": False})

    def _saved(self, job: str, action: str, body: Any) -> str:
        end = time.monotonic() + _SAVED_WITHIN
        # Of a job that has just begun Flink makes none.
        while not self._is_up(job) and time.monotonic() < end:
            time.sleep(0.2)
        number = self.ask(f"/jobs/{job}/{action}", body)["request-id"]
        while time.monotonic() < end:
            found = self.ask(f"/jobs/{job}/savepoints/{number}")
            if found["status"]["id"] == "COMPLETED":
                operation = found["operation"]
                if "location" in operation:
                    return str(operation["location"])
                raise BellrockError(f"Flink made no savepoint: {operation.get('failure-cause')}")
            time.sleep(0.2)
        raise BellrockError(f"Flink at {self._url} made no savepoint in {_SAVED_WITHIN:.0f} s.")

    def _is_up(self, job: str) -> bool:
        """Whether all parts of a job run."""
        vertices = self.ask(f"/jobs/{job}")["vertices"]
        return all(vertex["status"] == "RUNNING" for vertex in vertices)
