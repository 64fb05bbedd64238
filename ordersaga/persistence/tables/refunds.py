"""Refund documents: money on its way back (R-PAY-3, P1, P6, M8)."""

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

# `source_document` is why there is a refund, once each: `payment/<payment_id>` for money that the order did not take,
# `<case_no>/<payment_id>` for what a case gives back of a payment.
refunds = Table(
    "refunds",
    metadata,
    Column("refund_no", Text, primary_key=True),
    Column("source_document", Text, nullable=False, unique=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False, index=True),
    Column("case_no", Text, ForeignKey("after_sales_cases.case_no"), index=True),
    Column("payment_id", Text, ForeignKey("payments.payment_id"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="1"),
    Column("provider_refund_id", Text),
    Column("failure", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("tries > 0", name="tries_positive"),
    Index("ix_refunds_requested_at", "requested_at", "refund_no"),
    Index("ix_refunds_settled", "requested_at", "refund_no", postgresql_where=text("state = 'settled'")),
    Index("ix_refunds_unfinished", "requested_at", postgresql_where=text("state NOT IN ('succeeded', 'settled')")),
)
