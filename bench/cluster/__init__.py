"""What the job on Flink does on a cluster of this machine, between real servers (`python -m bench.cluster`)."""
