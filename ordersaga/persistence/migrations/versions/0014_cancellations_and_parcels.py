"""cancellations and parcels"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is told of a case is told once for each case; the empty text stands for the order itself.
    op.add_column("notifications", sa.Column("case_no", sa.Text(), nullable=False, server_default=""))
    op.add_column("notifications", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("uq_notifications_order_no_kind_recipient"), "notifications", type_="unique")
    op.create_unique_constraint(
        op.f("uq_notifications_order_no_kind_recipient_case_no"),
        "notifications",
        ["order_no", "kind", "recipient", "case_no"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_notifications_order_no_kind_recipient_case_no"), "notifications", type_="unique")
    op.execute("DELETE FROM notifications WHERE case_no <> ''")
    op.drop_column("notifications", "due_at")
    op.drop_column("notifications", "case_no")
    op.create_unique_constraint(
        op.f("uq_notifications_order_no_kind_recipient"), "notifications", ["order_no", "kind", "recipient"]
    )
