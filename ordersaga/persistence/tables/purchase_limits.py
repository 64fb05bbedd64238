"""Purchase limits, and what orders count for (R-STK-3)."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from ordersaga.persistence.tables.metadata import metadata

# What is named stands in lists: a submit asks for the limits of its goods only.
purchase_limits = Table(
    "purchase_limits",
    metadata,
    Column("code", Text, primary_key=True),
    Column("skus", ARRAY(Text), nullable=False),
    Column("categories", ARRAY(Text), nullable=False),
    Column("order_types", ARRAY(Text), nullable=False),
    Column("campaigns", ARRAY(Text), nullable=False),
    Column("subject", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("period", Text, nullable=False),
    Column("seconds", Integer),
    Column("enabled", Boolean, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("(period = 'rolling') = (seconds IS NOT NULL)", name="seconds_of_rolling"),
)

# One row per order from its first hold or return on: a return that comes first is the tombstone of the hold.
limit_holds = Table(
    "limit_holds",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("undoing", Text),
    Column("at", DateTime(timezone=True), nullable=False),
)

# The ledger: what a subject has used of a limit is the sum of its items in the period that were not returned.
limit_hold_items = Table(
    "limit_hold_items",
    metadata,
    Column("order_no", Text, ForeignKey("limit_holds.order_no"), primary_key=True),
    Column("code", Text, ForeignKey("purchase_limits.code"), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("units", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("returned", Boolean, nullable=False, server_default="false"),
    CheckConstraint("units > 0", name="units_positive"),
    Index("ix_limit_hold_items_code_subject_at", "code", "subject", "at"),
)
