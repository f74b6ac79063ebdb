"""Migrated SQLite stores for tests: one process runs the migrations once and copies the file."""

import tempfile
from functools import cache
from pathlib import Path

from service.store.sql_store import SqlStore


def migrated(folder: Path) -> str:
    """The address of a store in this folder: what stands there, or a migrated, empty one."""
    file = folder / "gate.db"
    if not file.exists():
        file.write_bytes(_template())
    return f"sqlite:///{file}"


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory(prefix="gate-template-") as folder:
        file = Path(folder) / "gate.db"
        store = SqlStore(f"sqlite:///{file}")
        store.migrate()
        store.close()
        return file.read_bytes()
