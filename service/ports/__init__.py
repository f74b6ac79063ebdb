"""What the use cases need and the adapters give. Protocols only."""
