"""What looks at an item before it is scored, and what masks personal data in it."""
