"""Retrainings: which challenger came of which data, and how the panel judged it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "retrainings",
        sa.Column("gate", sa.String(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("challenger", sa.String(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("champion", sa.String(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("beats", sa.Boolean(), nullable=False),
        sa.Column("judgement", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("gate", "number", "challenger", name=op.f("pk_retrainings")),
    )
