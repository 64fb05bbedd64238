"""Payment attempts (R-PAY-1 … R-PAY-4)."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from ordersaga.persistence.tables.metadata import metadata

payments = Table(
    "payments",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("instalment", Text, nullable=False, server_default="full"),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", Text, nullable=False),
    Column("cashier_url", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("provider_transaction_id", Text),
    Column("received_amount", BigInteger),
    Column("received_currency", String(3)),
    Column("paid_at", DateTime(timezone=True)),
    Column("failure", Text),
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    Column("next_inquiry_at", DateTime(timezone=True)),
    Column("inquiries", Integer, nullable=False, server_default="0"),
    CheckConstraint("amount > 0", name="amount_positive"),
    # Refunds, those under way included, never exceed what was taken (M8).
    CheckConstraint("refunded >= 0 AND refunded <= coalesce(received_amount, 0)", name="refunded_within_received"),
    Index("ix_payments_next_inquiry_at", "next_inquiry_at", postgresql_where=text("state = 'open'")),
    # However many attempts and callbacks there are, an instalment is paid by one of them.
    Index(
        "uq_payments_one_capture", "order_no", "instalment", unique=True, postgresql_where=text("state = 'succeeded'")
    ),
)
