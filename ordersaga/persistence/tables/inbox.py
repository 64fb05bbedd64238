"""What the outside world reported: stored first, acknowledged, then delivered to the workflow that it concerns."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# `delivered_at`: the workflow was told. `applied_at`: the workflow's activity has taken the report into account.
inbox = Table(
    "inbox",
    metadata,
    Column("report_id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("workflow_id", Text),
    Column("signal", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("next_try_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
    Column("applied_at", DateTime(timezone=True)),
    UniqueConstraint("source", "event_id"),
    Index("ix_inbox_undelivered", "next_try_at", postgresql_where=text("delivered_at IS NULL")),
    Index("ix_inbox_unapplied", "subject", postgresql_where=text("applied_at IS NULL")),
)
