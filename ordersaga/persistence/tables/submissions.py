"""What buyers submitted, before and after it became an order, and the first answers to creating requests."""

from sqlalchemy import Boolean, Column, DateTime, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# Not an order: it shows nowhere. PostgreSQL decides by it who was first, for one quote and for one idempotency key.
submissions = Table(
    "submissions",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("quote_id", Text, nullable=False, unique=True),
    Column("buyer", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_hash", Text, nullable=False),
    Column("priced", JSONB, nullable=False),
    Column("receiver", JSONB(none_as_null=True)),
    Column("delivery_note", Text),
    # What else the price was asked for with: the channel and the preferred promotions.
    Column("asked", JSONB, nullable=False, server_default="{}"),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("placed", Boolean),
    Column("refusal", JSONB),
    Column("answer", JSONB),
    # What purchase limits count of it, and what risk control said: see `domain/screening.py`.
    Column("screening", JSONB, nullable=False, server_default="{}"),
    # Pseudonyms of where it came from.
    Column("ip", Text),
    Column("device", Text),
    UniqueConstraint("buyer", "idempotency_key"),
    Index("ix_submissions_ip_received_at", "ip", "received_at"),
    Index("ix_submissions_device_received_at", "device", "received_at", postgresql_where=text("device IS NOT NULL")),
)

idempotent_requests = Table(
    "idempotent_requests",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("answer", JSONB),
)
