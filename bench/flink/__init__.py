"""What Python does in the job on Flink, without Flink (`python -m bench.flink`)."""
