"""The bundles that are shipped, as they are where nothing was ever activated."""

import tempfile
from pathlib import Path

from service.bootstrap.shelf import Shelf
from service.registry.versions import Registry
from service.store.sql_store import SqlStore
from service.usecases.models.activation_cache import ModelBook


def shipped(models: Path) -> Shelf:
    nothing = Path(tempfile.gettempdir()) / "nothing-was-added"
    return Shelf(Registry(models, nothing), ModelBook(SqlStore(f"sqlite:///{nothing}.db")))
