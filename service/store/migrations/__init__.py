"""The history of the schema, run inside the caller's transaction."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_LOCK = 0x67617465  # "gate": which advisory lock the migrating processes share


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest version: all of it, or nothing where a step fails.

    Processes that start at once queue up here. On SQLite the caller's write transaction is the
    queue already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", "service.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
