"""What every test can use: real servers, and Hypothesis without a stop-watch."""

from hypothesis import settings

pytest_plugins = ["tests.servers", "tests.skips"]

# Machines differ: a slow example is no wrong example.
settings.register_profile("gate", deadline=None)
settings.load_profile("gate")
