"""Thin shells that feed the pipeline and keep what it yields."""
