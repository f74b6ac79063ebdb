"""What a workflow sent in the place of signals, where the plugin could not read it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("signals_unreadable", sa.String(), nullable=True))
