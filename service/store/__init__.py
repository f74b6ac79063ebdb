"""The one truth on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""
