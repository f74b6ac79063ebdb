"""The history of the schema against the releases that shipped it.

A released migration stays as it was, byte for byte. A later one only adds: the release before it
may still run on the schema that it leaves behind. What it takes away or alters must have been
unused since a release, which it names: `REMOVES_SINCE = "0.2.0"`.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

MIGRATIONS = Path(__file__).parents[2] / "service" / "store" / "migrations"

type Schema = dict[tuple[str, str], str]
"""Each column, by table and name: its type, and whether it may be empty."""


@dataclass(frozen=True, kw_only=True)
class Release:
    version: str
    head: str
    digests: dict[str, str]


class SchemaHistory:
    """The migrations in a folder, and what `released.toml` beside them says was shipped."""

    def __init__(self, folder: Path) -> None:
        told = tomllib.loads((folder / "released.toml").read_text(encoding="utf-8"))
        self.releases = [
            Release(version=row["version"], head=row["head"], digests=row["migrations"])
            for row in told["releases"]
        ]
        self._versions = folder / "versions"
        self._config = Config()
        self._config.set_main_option("script_location", str(folder))
        self._scripts = ScriptDirectory.from_config(self._config)

    def edited(self) -> list[str]:
        """Released migrations that are no longer what was shipped."""
        faults = []
        for release in self.releases:
            for name, digest in release.digests.items():
                path = self._versions / name
                if not path.is_file():
                    faults.append(f"{name} is missing, and {release.version} shipped it")
                elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                    faults.append(f"{name} was edited after {release.version} shipped it")
        return faults

    def unlisted(self) -> list[str]:
        """Migrations up to a release's head that the release does not list, or beyond it does."""
        faults, listed = [], set[str]()
        for release in self.releases:
            listed |= release.digests.keys()
            shipped = {
                Path(script.path).name for script in self._scripts.walk_revisions(head=release.head)
            }
            faults += [
                f"{name}: {release.version} ends with {release.head}, and lists other migrations"
                for name in sorted(shipped ^ listed)
            ]
        return faults

    def hasty(self) -> list[str]:
        """Later migrations that take away or alter what nothing says is unused."""
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            before = self._upgraded(connection, self.releases[0].head)
            faults = []
            for script in self._later():
                after = self._upgraded(connection, script.revision)
                broken = [
                    ".".join(column) for column in before if after.get(column) != before[column]
                ]
                earlier = self._released_before(script)
                since = getattr(script.module, "REMOVES_SINCE", None)
                if broken and since not in earlier:
                    faults.append(
                        f"{Path(script.path).name} takes away or alters {', '.join(broken)}: "
                        f"REMOVES_SINCE must name one of {', '.join(earlier)}, not {since}"
                    )
                before = after
        engine.dispose()
        return faults

    def _later(self) -> list[Script]:
        """After the first release, oldest first."""
        base = self.releases[0].head
        return [
            script
            for script in reversed(list(self._scripts.walk_revisions(base=base)))
            if script.revision != base
        ]

    def _released_before(self, script: Script) -> list[str]:
        """The releases that were out before the one that ships this migration."""
        name = Path(script.path).name
        shipped = [n for n, release in enumerate(self.releases) if name in release.digests]
        return [release.version for release in self.releases[: min(shipped, default=None)]]

    def _upgraded(self, connection: Connection, revision: str) -> Schema:
        self._config.attributes["connection"] = connection
        command.upgrade(self._config, revision)
        return {
            (table, column["name"]): f"{column['type']!r} {column['nullable']}"
            for (_, table), columns in inspect(connection).get_multi_columns().items()
            for column in columns
        }
