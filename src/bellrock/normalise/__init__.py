"""From log lines to normalised beacons: problems are attached, nothing is dropped."""
