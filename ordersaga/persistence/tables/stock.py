"""Balances, the ledger that they add up from, and what orders hold (R-STK-2).

`pool` is the code of the campaign whose own stock it is, or empty: the general shelf.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ordersaga.persistence.tables.metadata import metadata

stock = Table(
    "stock",
    metadata,
    Column("sku", Text, ForeignKey("skus.sku"), primary_key=True),
    Column("warehouse_id", Text, ForeignKey("warehouses.warehouse_id"), primary_key=True),
    Column("pool", Text, primary_key=True, server_default=""),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    # Came back, and is not for sale; not part of what is on hand.
    Column("defective", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("defective >= 0", name="defective_not_negative"),
    CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    CheckConstraint("on_hand >= reserved", name="never_oversold"),
    Index("ix_stock_pool", "pool", postgresql_where=text("pool <> ''")),
)

# A movement happens once for a source document, line, warehouse and kind, however often it is asked for (S4).
stock_movements = Table(
    "stock_movements",
    metadata,
    Column("movement_id", BigInteger, Identity(always=True), primary_key=True),
    Column("sku", Text, nullable=False, index=True),
    Column("warehouse_id", Text, nullable=False),
    Column("pool", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False),
    Column("source_document", Text, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("defective", BigInteger, nullable=False, server_default="0"),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("source_document", "line_no", "warehouse_id", "kind"),
)

# One row per order from its first reserve or release on: a release that comes first is the tombstone of the reserve.
stock_reservations = Table(
    "stock_reservations",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("state", Text, nullable=False),
)

stock_reservation_lines = Table(
    "stock_reservation_lines",
    metadata,
    Column("order_no", Text, ForeignKey("stock_reservations.order_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("warehouse_id", Text, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("pool", Text, nullable=False, server_default=""),
    Column("quantity", Integer, nullable=False),
)
