"""Answers by who gave them and when: what somebody decided lately."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_task_answers_reviewer_at"), "task_answers", ["reviewer", "at"])
