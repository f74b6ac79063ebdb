"""The Dify plugin: a thin client of the decision service."""
