"""Orders as merchants and warehouses list them: one row for each who has an order in their list."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text

from ordersaga.persistence.tables.metadata import metadata

# What the order says as well, so that a page is found in one index however many orders there are. Triggers write it:
# a row comes with a line or a parcel, goes with a merchant's last line, and follows the order's state.
listed_orders = Table(
    "listed_orders",
    metadata,
    Column("order_no", Text, ForeignKey("orders.order_no", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("order_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False),
    Index("ix_listed_orders_placed_at", "role", "party", "placed_at", "order_no"),
    Index("ix_listed_orders_state", "role", "party", "state", "order_type", "placed_at", "order_no"),
)
