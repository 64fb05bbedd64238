"""Webhook endpoints of downstream systems, and what each of them is still to be told (R-ORD-3)."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# `secret` holds the signing secrets, encrypted with a key that is not in the database. No `event_types`: all of them.
webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_types", JSONB, nullable=False),
    Column("secret", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

# `state`: pending, delivered, dead. Of one order, an endpoint is told one event after the other. Who takes a delivery
# puts `next_try_at` off to when it counts as abandoned; while it still says so, the delivery is theirs.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("endpoint_id", Text, ForeignKey("webhook_endpoints.endpoint_id"), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("order_no", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", DateTime(timezone=True), nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("settled_at", DateTime(timezone=True)),
    Index("ix_webhook_deliveries_due", "endpoint_id", "next_try_at", postgresql_where=text("state = 'pending'")),
    Index(
        "ix_webhook_deliveries_pending",
        "endpoint_id",
        "order_no",
        "position",
        postgresql_where=text("state = 'pending'"),
    ),
    Index("ix_webhook_deliveries_dead", "endpoint_id", "position", postgresql_where=text("state = 'dead'")),
)
