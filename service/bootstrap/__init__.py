"""Puts the parts together. The only package that names concrete adapters."""
