"""Why a version of a gate was made, by whom, and which one it put back; decisions by time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("actor", "note"):
        op.add_column("gate_policies", sa.Column(name, sa.String(), nullable=True))
    op.add_column("gate_policies", sa.Column("restores", sa.Integer(), nullable=True))
    op.execute("UPDATE gate_policies SET cause = 'file' WHERE cause = 'config'")
    op.create_index(op.f("ix_decisions_gate_created_at"), "decisions", ["gate", "created_at"])
