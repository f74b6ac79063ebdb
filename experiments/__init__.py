"""Experiments on real data. The data sets are not part of this repository: see `data`."""
