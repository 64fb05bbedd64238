"""Digital goods: the pool of codes, what orders hold of it, and entitlements at their providers (R-TYPE-4)."""

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

# A code is one row for ever: its digest is entered once, and the row belongs to one unit of one order at most.
digital_codes = Table(
    "digital_codes",
    metadata,
    Column("code_id", BigInteger, Identity(always=True), primary_key=True),
    Column("sku", Text, ForeignKey("skus.sku"), nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("sealed", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="available"),
    Column("order_no", Text),
    Column("line_no", Integer),
    Column("unit", Integer),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("revealed_at", DateTime(timezone=True)),
    UniqueConstraint("order_no", "line_no", "unit"),
    CheckConstraint("state IN ('available', 'held', 'sold')", name="state"),
    CheckConstraint(
        "num_nulls(order_no, line_no, unit) = CASE state WHEN 'available' THEN 3 ELSE 0 END", name="of_one_unit"
    ),
    CheckConstraint("revealed_at IS NULL OR state = 'sold'", name="revealed_only_sold"),
    Index("ix_digital_codes_available", "sku", "code_id", postgresql_where=text("state = 'available'")),
)

# One row per order from its first hold or release on: a release that comes first is the tombstone of the hold.
digital_holds = Table(
    "digital_holds",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("returns", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("state IN ('held', 'delivered', 'returning', 'released')", name="state"),
)

entitlements = Table(
    "entitlements",
    metadata,
    Column("order_no", Text, ForeignKey("digital_holds.order_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("unit", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('promised', 'granted', 'revoked')", name="state"),
)
