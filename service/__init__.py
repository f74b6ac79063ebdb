"""The decision service: scores items, gates them, has people decide the rest, resumes workflows."""
