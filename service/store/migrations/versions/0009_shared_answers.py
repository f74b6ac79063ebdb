"""Answers by place and by what they say: the few tasks that several people have answered."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("position", "answer"):
        op.create_index(op.f(f"ix_task_answers_{column}"), "task_answers", [column])
