"""Pure values and transitions: what the product means, with no framework and no I/O."""
