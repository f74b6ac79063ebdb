"""A stand-in for Dify: its Service API and exported workflows on Dify's own engine."""
