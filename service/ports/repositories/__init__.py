"""What a transaction reads and writes, kind by kind. Repositories hold no rules: they load and
save domain values. What they do is the same on every backend: tests/store pins it."""
