"""Benchmarks: every side in one run on one machine, the median of interleaved rounds."""
