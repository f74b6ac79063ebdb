"""The decision service: scores an item, gates it, has people decide the rest, and resumes the workflow."""
