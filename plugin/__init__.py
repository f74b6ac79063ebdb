"""The Dify plugin: a thin client of the decision service."""

VERSION = "0.1.0"
"""The version in `pyproject.toml`, which the package does not hold."""
