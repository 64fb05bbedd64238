"""indexes that lists no longer use"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_UNUSED = {
    "ix_orders_state_placed_at": ("orders", ["state", "placed_at", "order_no"]),
    "ix_order_lines_merchant_id": ("order_lines", ["merchant_id"]),
}


def upgrade() -> None:
    # Nobody waits for this, and nobody who waits is waited for: orders are written meanwhile.
    with op.get_context().autocommit_block():
        for name in _UNUSED:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def downgrade() -> None:
    for name, (table, columns) in _UNUSED.items():
        op.create_index(name, table, columns, if_not_exists=True)
