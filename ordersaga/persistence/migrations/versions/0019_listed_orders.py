"""orders as merchants and warehouses list them; lists by state and type; parcels and cases by whose they are and state"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# The order's row stays as it is until the transaction ends: so long what is listed is what it says.
_TRIGGERS = {
    "list_with_merchant": (
        "AFTER INSERT ON order_lines",
        "",
        """
        INSERT INTO listed_orders (order_no, role, party, order_type, state, placed_at)
        SELECT order_no, 'merchant', NEW.merchant_id, order_type, state, placed_at
        FROM orders WHERE order_no = NEW.order_no FOR SHARE
        ON CONFLICT DO NOTHING
        """,
    ),
    "list_with_warehouse": (
        "AFTER INSERT ON parcels",
        "",
        """
        INSERT INTO listed_orders (order_no, role, party, order_type, state, placed_at)
        SELECT order_no, 'warehouse', NEW.warehouse_id, order_type, state, placed_at
        FROM orders WHERE order_no = NEW.order_no FOR SHARE
        ON CONFLICT DO NOTHING
        """,
    ),
    "unlist_with_merchant": (
        "AFTER DELETE ON order_lines",
        "",
        """
        DELETE FROM listed_orders
        WHERE order_no = OLD.order_no AND role = 'merchant' AND party = OLD.merchant_id AND NOT EXISTS (
            SELECT FROM order_lines WHERE order_no = OLD.order_no AND merchant_id = OLD.merchant_id
        )
        """,
    ),
    "relist": (
        "AFTER UPDATE OF state ON orders",
        "WHEN (OLD.state IS DISTINCT FROM NEW.state)",
        "UPDATE listed_orders SET state = NEW.state WHERE order_no = NEW.order_no",
    ),
}
_BACKFILL = """
    INSERT INTO listed_orders (order_no, role, party, order_type, state, placed_at)
    SELECT order_no, role, party, order_type, state, placed_at FROM orders JOIN (
        SELECT order_no, 'merchant' AS role, merchant_id AS party FROM order_lines
        UNION SELECT order_no, 'warehouse', warehouse_id FROM parcels
    ) AS parties USING (order_no)
"""
_LISTS = {
    "ix_listed_orders_placed_at": ("listed_orders", ["role", "party", "placed_at", "order_no"]),
    "ix_listed_orders_state": ("listed_orders", ["role", "party", "state", "order_type", "placed_at", "order_no"]),
    "ix_orders_state_order_type": ("orders", ["state", "order_type", "placed_at", "order_no"]),
    "ix_parcels_merchant_id": ("parcels", ["merchant_id", "state", "parcel_no"]),
    "ix_parcels_warehouse_id": ("parcels", ["warehouse_id", "state", "parcel_no"]),
    "ix_after_sales_cases_state": ("after_sales_cases", ["state", "kind", "opened_at", "case_no"]),
    "ix_after_sales_cases_merchant_id_state": (
        "after_sales_cases",
        ["merchant_id", "state", "kind", "opened_at", "case_no"],
    ),
    "ix_after_sales_cases_warehouse_id_state": (
        "after_sales_cases",
        ["warehouse_id", "state", "kind", "opened_at", "case_no"],
    ),
}
_SETTLED = sa.text("state = 'settled'")


def upgrade() -> None:
    # All at once, and before anything else: whoever writes has locked the order first, and so waits holding nothing
    # that is needed here. What is written afterwards is followed. Reads go on.
    op.execute("LOCK TABLE orders, order_lines, parcels, after_sales_cases, refunds IN EXCLUSIVE MODE")
    op.create_table(
        "listed_orders",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"], ["orders.order_no"], name=op.f("fk_listed_orders_order_no"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_no", "role", "party", name=op.f("pk_listed_orders")),
    )
    for name, (event, condition, statement) in _TRIGGERS.items():
        body = f"BEGIN {statement}; RETURN NULL; END"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        op.execute(f"CREATE TRIGGER {name} {event} FOR EACH ROW {condition} EXECUTE FUNCTION {name}()")
    op.execute(_BACKFILL)
    for name, (table, columns) in _LISTS.items():
        op.create_index(name, table, columns)
    op.create_index("ix_refunds_settled", "refunds", ["requested_at", "refund_no"], postgresql_where=_SETTLED)


def downgrade() -> None:
    op.drop_index("ix_refunds_settled", table_name="refunds")
    for name, (table, _) in _LISTS.items():
        if table != "listed_orders":
            op.drop_index(name, table_name=table)
    for name, (event, _, _) in _TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {event.split()[-1]}")
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("listed_orders")
