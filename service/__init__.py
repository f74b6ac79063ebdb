"""The decision service: scores items, gates them, has people decide the rest, resumes workflows."""

VERSION = "0.1.0"
"""The version in `pyproject.toml`, which a container does not hold."""
