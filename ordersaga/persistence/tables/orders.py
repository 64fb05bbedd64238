"""Orders, their lines, and every transition that they made (R-ORD-1, R-STM-4)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# Every state that is the end of an order of some type.
UNDER_WAY = text(
    "state NOT IN ('cancelled', 'completed', 'deposit_forfeited', 'payment_timed_out', 'refunded', 'risk_refused')"
)

orders = Table(
    "orders",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("order_type", Text, nullable=False),
    Column("buyer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("table_version", Integer, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("shipping_option", Text, nullable=False),
    Column("goods", BigInteger, nullable=False),
    Column("discount", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("shipping", BigInteger, nullable=False),
    Column("shipping_discount", BigInteger, nullable=False, server_default="0"),
    Column("tax", BigInteger, nullable=False),
    Column("payable", BigInteger, nullable=False),
    Column("due_now", BigInteger, nullable=False),
    Column("receiver", JSONB(none_as_null=True)),
    Column("campaign", Text),
    Column("sale", JSONB(none_as_null=True)),
    Column("placed_at", DateTime(timezone=True), nullable=False),
    Column("payment_due_at", DateTime(timezone=True), nullable=False),
    Column("after_sales_until", DateTime(timezone=True)),
    Column("delivery_note", Text),
    # The case that an exchange's order comes from.
    Column("replaces", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("payable >= 0", name="payable_not_negative"),
    Index("ix_orders_buyer_placed_at", "buyer", "placed_at", "order_no"),
    Index("ix_orders_placed_at", "placed_at", "order_no"),
    Index("ix_orders_state_order_type", "state", "order_type", "placed_at", "order_no"),
    # Few, with all that is counted of them.
    Index("ix_orders_under_way", "order_type", "state", "payment_due_at", postgresql_where=UNDER_WAY),
    Index("ix_orders_replaces", "replaces", postgresql_where=text("replaces IS NOT NULL")),
    Index("ix_orders_campaign", "campaign", postgresql_where=text("campaign IS NOT NULL")),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_no", Text, ForeignKey("orders.order_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("category", Text, nullable=False, server_default=""),
    Column("gift", Boolean, nullable=False, server_default="false"),
    Column("allocations", JSONB, nullable=False, server_default="[]"),
    Column("points", BigInteger, nullable=False, server_default="0"),
    Column("payable", BigInteger, nullable=False),
    Column("shipping", BigInteger, nullable=False),
    Column("weight_g", Integer, nullable=False),
    Column("volume_mm3", BigInteger, nullable=False),
    Column("transport_class", Text, nullable=False),
    Column("stock_policy", Text, nullable=False, server_default="deduct_at_submit"),
    # Of an exchange's line: the order, line and units that were paid for and that it stands for.
    Column("replaces", JSONB(none_as_null=True)),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("payable >= 0 AND payable <= amount", name="payable_within_amount"),
    CheckConstraint("points >= 0 AND payable + points <= amount", name="points_within_amount"),
)

# `step` numbers what the workflow did, so that an action that runs twice is recorded once; people's actions have none.
# `sequence` counts an order's rows from 1; each row's `mac` seals it and, through the seal before, all earlier ones.
transitions = Table(
    "transitions",
    metadata,
    Column("transition_id", BigInteger, Identity(always=True), primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("parcel_no", Text),
    Column("case_no", Text),
    Column("step", Integer),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changes", JSONB, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("mac", Text, nullable=False),
    UniqueConstraint("order_no", "step", "action"),
    UniqueConstraint("order_no", "sequence"),
)

# What people wrote about an action, kept out of Temporal.
notes = Table(
    "notes",
    metadata,
    Column("note_id", BigInteger, Identity(always=True), primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("order_type", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("order_no", Text, ForeignKey("orders.order_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("rating", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating_in_range"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", BigInteger, Identity(always=True), primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_role", Text, nullable=False, server_default="buyer"),
    Column("kind", Text, nullable=False),
    Column("case_no", Text, nullable=False, server_default=""),
    Column("due_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("order_no", "kind", "recipient", "case_no"),
    Index("ix_notifications_recipient", "recipient", "notification_id"),
)
