"""Policies in force, their versions, and how people change them."""
