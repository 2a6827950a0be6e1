"""Serve on a port with a log, both named on the command line; its clock jumps."""

import sys
from itertools import chain, repeat
from pathlib import Path

from bellrock.collector import CollectorConfig, run
from bellrock.collector.clock import GuardedClock

wall = chain([1000.0, 1000.0], repeat(4600.0))
config = CollectorConfig(
    host="127.0.0.1", port=int(sys.argv[1]), log_directory=Path(sys.argv[2]), policies={}
)
run(config, GuardedClock(wall=lambda: next(wall), steady=lambda: 0.0))
