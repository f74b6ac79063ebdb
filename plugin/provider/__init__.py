"""The provider. Dify loads it by the file that the YAML beside it names."""
