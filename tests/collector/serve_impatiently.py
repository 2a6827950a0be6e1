"""Runs a collector that waits 1.5 seconds for a request, and 4 for the next: arguments are its port and its log."""

import sys
from pathlib import Path

from bellrock.collector import CollectorConfig, connection, run

connection.RECEIVE_SECONDS, connection.IDLE_SECONDS = 1.5, 4.0
_, port, directory = sys.argv
run(CollectorConfig(host="127.0.0.1", port=int(port), log_directory=Path(directory), policies={}))
