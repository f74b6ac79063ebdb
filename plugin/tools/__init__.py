"""The tools, one module each. Dify loads them by the files that the YAML beside them names."""
