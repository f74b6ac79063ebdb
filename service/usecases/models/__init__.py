"""Which version of a model scores, and how another one takes over."""
