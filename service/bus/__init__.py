"""News between threads and between processes."""
