"""orders by state; fewer index entries for what most orders do not have"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text(
    "state NOT IN ('cancelled', 'completed', 'deposit_forfeited', 'payment_timed_out', 'refunded', 'risk_refused')"
)
_DEVICE = "ix_submissions_device_received_at"


def upgrade() -> None:
    op.create_index("ix_orders_state_placed_at", "orders", ["state", "placed_at", "order_no"])
    op.create_index(
        "ix_orders_under_way", "orders", ["order_type", "state", "payment_due_at"], postgresql_where=_UNDER_WAY
    )
    op.drop_index("ix_orders_replaces", table_name="orders")
    op.create_index("ix_orders_replaces", "orders", ["replaces"], postgresql_where=sa.text("replaces IS NOT NULL"))
    op.drop_index(_DEVICE, table_name="submissions")
    op.create_index(_DEVICE, "submissions", ["device", "received_at"], postgresql_where=sa.text("device IS NOT NULL"))


def downgrade() -> None:
    op.drop_index(_DEVICE, table_name="submissions")
    op.create_index(_DEVICE, "submissions", ["device", "received_at"])
    op.drop_index("ix_orders_replaces", table_name="orders")
    op.create_index("ix_orders_replaces", "orders", ["replaces"])
    op.drop_index("ix_orders_under_way", table_name="orders")
    op.drop_index("ix_orders_state_placed_at", table_name="orders")
