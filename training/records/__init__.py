"""A bundle for records: a logistic regression on their fields, which anybody can read."""
