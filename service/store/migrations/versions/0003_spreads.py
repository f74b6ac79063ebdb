"""How far the members or samples agreed that made a score, for calibrating again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True)


def upgrade() -> None:
    for table in ("decisions", "labels"):
        op.add_column(table, sa.Column("spread", DOCUMENT, nullable=True))
