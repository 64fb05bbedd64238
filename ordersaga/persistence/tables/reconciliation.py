"""Differences that comparing the books has found, what operators decided of them, and when was looked last."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# A difference is one item for ever, however often it is found: one per kind and subject. `concerns_at` is when that
# happened which it is about, where it is about something that happened at a time, such as a capture.
reconciliation_items = Table(
    "reconciliation_items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("order_no", Text, index=True),
    Column("severity", Text, nullable=False),
    Column("expected", JSONB, nullable=False),
    Column("found", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("first_seen", DateTime(timezone=True), nullable=False),
    Column("last_seen", DateTime(timezone=True), nullable=False),
    Column("concerns_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("note", Text),
    UniqueConstraint("kind", "subject"),
    CheckConstraint("state IN ('open', 'resolved', 'ignored', 'gone')", name="state_known"),
    Index("ix_reconciliation_items_first_seen", "first_seen", "item_id"),
    Index("ix_reconciliation_items_open", "kind", postgresql_where=text("state = 'open'")),
)

# Who decided what, in order; rows are only added.
reconciliation_decisions = Table(
    "reconciliation_decisions",
    metadata,
    Column("decision_id", BigInteger, Identity(always=True), primary_key=True),
    Column("item_id", Text, ForeignKey("reconciliation_items.item_id"), nullable=False, index=True),
    Column("decision", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

reconciliation_checks = Table(
    "reconciliation_checks",
    metadata,
    Column("check_name", Text, primary_key=True),
    Column("looked_at", DateTime(timezone=True), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("found", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
)
