"""The outbox: what downstream systems are told, written with the transition that it tells of (R-ORD-3)."""

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# `event_id` grows per order in the order of its transitions, but over all orders only roughly: transactions end in
# another order than they began. The relay numbers what is committed with `position`, which has no late arrivals.
events = Table(
    "events",
    metadata,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    Column("position", BigInteger, unique=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("document", JSONB, nullable=False),
    UniqueConstraint("order_no", "sequence"),
    Index("ix_events_unpublished", "event_id", postgresql_where=text("position IS NULL")),
)

# How far each consumer of the relay's own has come, such as the Redis stream.
relays = Table(
    "relays",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
