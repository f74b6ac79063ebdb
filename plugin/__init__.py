"""The Dify plugin: a thin client of the decision service."""

VERSION = "0.1.0"
"""The package's version; `manifest.yaml` holds the same."""
