"""The wire models that the plugin and the service exchange: pydantic and the standard library.

Requests refuse unknown fields and say what to fix; answers ignore them, so that a newer service
may add some. Nothing here computes a decision: the models carry, the service decides.
"""
