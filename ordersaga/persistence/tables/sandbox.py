"""The sandbox payment provider's own books. They stand for another company's database: no key leads to ours."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

sandbox_payments = Table(
    "sandbox_payments",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("order_no", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("callback_url", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("event_id", Text, unique=True),
    Column("decided_at", DateTime(timezone=True)),
    Column("provider_transaction_id", Text, unique=True),
    Column("paid_amount", BigInteger),
    Column("paid_at", DateTime(timezone=True)),
    Column("failure", Text),
    Column("refunded", BigInteger, nullable=False, server_default=text("0")),
    Column("refund_wish", JSONB),
    CheckConstraint("refunded BETWEEN 0 AND coalesce(paid_amount, 0)", name="refunded_within_paid"),
    CheckConstraint("state IN ('open', 'succeeded', 'failed', 'closed')", name="state"),
    CheckConstraint("num_nulls(event_id, decided_at) = CASE state WHEN 'open' THEN 2 ELSE 0 END", name="decided"),
    CheckConstraint(
        "num_nulls(provider_transaction_id, paid_amount, paid_at) = CASE state WHEN 'succeeded' THEN 0 ELSE 3 END",
        name="paid",
    ),
    Index(None, "created_at"),
    Index(None, "paid_at", "payment_id", postgresql_where=text("state = 'succeeded'")),
)

# A refund is decided when it is asked for, and shown as pending until `settles_at`. `refund_no` is the merchant's.
sandbox_refunds = Table(
    "sandbox_refunds",
    metadata,
    Column("refund_no", Text, primary_key=True),
    Column("payment_id", Text, nullable=False, index=True),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("settles_at", DateTime(timezone=True), nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("provider_refund_id", Text, nullable=False, unique=True),
    Column("failure", Text),
    CheckConstraint("amount > 0", name="amount_positive"),
    Index(None, "settles_at", "refund_no", postgresql_where=text("failure IS NULL")),
)

# What the sandbox's entitlement provider was asked for. `reference` is the merchant's number of one unit.
sandbox_entitlements = Table(
    "sandbox_entitlements",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("product", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("state IN ('asked', 'granted', 'used', 'revoked', 'refused')", name="state"),
)

sandbox_callbacks = Table(
    "sandbox_callbacks",
    metadata,
    Column("callback_id", BigInteger, Identity(), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("delivered_at", DateTime(timezone=True)),
    Column("given_up_at", DateTime(timezone=True)),
    Index(None, "due_at", postgresql_where=text("delivered_at IS NULL AND given_up_at IS NULL")),
)
