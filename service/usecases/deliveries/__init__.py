"""Take verdicts to the workflows that wait for them."""
