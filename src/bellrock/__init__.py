"""bellrock: real-time web-performance analytics for A/B tests on live traffic."""

from importlib.metadata import version

__version__ = version("bellrock")
