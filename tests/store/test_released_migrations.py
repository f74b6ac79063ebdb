"""Released migrations stay as they are; later ones add first, and remove a release later."""

import shutil
from pathlib import Path

import pytest

from tests.store.schema_history import MIGRATIONS, SchemaHistory

LATER = '''"""Planted."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
{since}

def upgrade() -> None:
    {step}
'''
DROPS_A_COLUMN = 'op.drop_column("decisions", "comment")'
BREAKING = {
    DROPS_A_COLUMN: "decisions.comment",
    'op.execute("ALTER TABLE decisions DROP COLUMN comment")': "decisions.comment",
    'op.drop_table("truths")': "truths.verdict",
    'op.rename_table("truths", "facts")': "truths.verdict",
    'op.execute("ALTER TABLE labels RENAME COLUMN source TO origin")': "labels.source",
    """with op.batch_alter_table("labels") as labels:
        labels.alter_column("reviewer", nullable=True)""": "labels.reviewer",
    """with op.batch_alter_table("labels") as labels:
        labels.alter_column("source", type_=sa.Text())""": "labels.source",
}
ADDING = (
    'op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True))',
    'op.add_column("labels", sa.Column("why", sa.String(), nullable=True))',
    'op.create_index("ix_labels_at", "labels", ["at"])',
    "op.execute(\"UPDATE labels SET source = 'person' WHERE source = 'human'\")",
)


class Tree:
    """A copy of the migrations as they were released, free to be spoilt."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(MIGRATIONS, folder))
        releases = SchemaHistory(folder).releases
        released = {name for release in releases for name in release.digests}
        for path in (folder / "versions").glob("[0-9]*.py"):
            if path.name not in released:
                path.unlink()
        self._last = releases[-1].head

    @property
    def history(self) -> SchemaHistory:
        return SchemaHistory(self.folder)

    def add(self, step: str, since: str | None = None) -> str:
        """A migration after the last one."""
        revision = f"{int(self._last) + 1:04}"
        declared = f'REMOVES_SINCE = "{since}"\n' if since else ""
        text = LATER.format(revision=revision, before=self._last, since=declared, step=step)
        path = self.folder / "versions" / f"{revision}_planted.py"
        path.write_text(text, encoding="utf-8")
        self._last = revision
        return path.name

    def release(self, version: str, *names: str) -> None:
        """All that was added is shipped."""
        with (self.folder / "released.toml").open("a", encoding="utf-8") as ledger:
            ledger.write(f'\n[[releases]]\nversion = "{version}"\nhead = "{self._last}"\n')
            ledger.write("\n[releases.migrations]\n")
            ledger.writelines(f'"{name}" = "0"\n' for name in names)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "migrations")


def test_what_was_released_is_as_it_was() -> None:
    history = SchemaHistory(MIGRATIONS)
    assert history.edited() == []
    assert history.unlisted() == []


def test_later_migrations_only_add_or_remove_a_release_later() -> None:
    assert SchemaHistory(MIGRATIONS).hasty() == []


def test_a_released_migration_that_is_edited_is_found(tree: Tree) -> None:
    with (tree.folder / "versions" / "0003_spreads.py").open("a", encoding="utf-8") as file:
        file.write("# One more remark.\n")
    assert tree.history.edited() == ["0003_spreads.py was edited after 0.1.0 shipped it"]


def test_a_released_migration_that_is_missing_is_found(tree: Tree) -> None:
    (tree.folder / "versions" / "0009_shared_answers.py").unlink()
    assert tree.history.edited() == ["0009_shared_answers.py is missing, and 0.1.0 shipped it"]


def test_a_release_lists_all_that_it_ships(tree: Tree) -> None:
    tree.add(ADDING[0])
    tree.release("0.2.0")
    assert tree.history.unlisted() == [
        "0010_planted.py: 0.2.0 ends with 0010, and lists other migrations"
    ]


@pytest.mark.parametrize("step", ADDING)
def test_a_later_migration_may_add(tree: Tree, step: str) -> None:
    tree.add(step)
    assert tree.history.hasty() == []


@pytest.mark.parametrize("step", BREAKING)
def test_a_later_migration_may_not_take_away_at_once(tree: Tree, step: str) -> None:
    tree.add(step)
    (fault,) = tree.history.hasty()
    assert BREAKING[step] in fault
    assert "REMOVES_SINCE must name one of 0.1.0, not None" in fault


def test_what_a_release_no_longer_used_may_go_after_it(tree: Tree) -> None:
    tree.add(DROPS_A_COLUMN, since="0.1.0")
    assert tree.history.hasty() == []


def test_a_release_that_is_not_out_yet_is_no_reason(tree: Tree) -> None:
    tree.add(DROPS_A_COLUMN, since="0.2.0")
    (fault,) = tree.history.hasty()
    assert "one of 0.1.0, not 0.2.0" in fault


def test_a_release_may_not_stop_using_and_remove_at_once(tree: Tree) -> None:
    adds = tree.add(ADDING[0])
    tree.release("0.2.0", adds)
    removes = tree.add(DROPS_A_COLUMN, since="0.3.0")
    tree.release("0.3.0", removes)
    (fault,) = tree.history.hasty()
    assert "one of 0.1.0, 0.2.0, not 0.3.0" in fault
