"""Points: balances, the ledger that they add up from, and what they are worth."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# `balance` is what the account owns, `locked` the part of it that unpaid orders hold.
point_accounts = Table(
    "point_accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("balance", BigInteger, nullable=False),
    Column("locked", BigInteger, nullable=False),
    CheckConstraint("locked >= 0", name="locked_not_negative"),
    CheckConstraint("balance >= locked", name="never_overspent"),
)

# `reason` and `booked_by` are an operator's, of a movement that no order made.
point_movements = Table(
    "point_movements",
    metadata,
    Column("movement_id", BigInteger, Identity(always=True), primary_key=True),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source_document", Text, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("locked", BigInteger, nullable=False),
    Column("reason", Text),
    Column("booked_by", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("account", "source_document", "kind"),
    Index("ix_point_movements_account", "account", "movement_id"),
)

# What an order's goods earned when they were received: `points` for `paid` minor units. `worth_points` of them were
# worth `worth_amount` then. Cases take them back in proportion.
earned_points = Table(
    "earned_points",
    metadata,
    Column("order_no", Text, ForeignKey("orders.order_no"), primary_key=True),
    Column("account", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("worth_points", BigInteger, nullable=False),
    Column("worth_amount", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("points > 0 AND paid > 0", name="something_earned"),
)

points_policies = Table(
    "points_policies",
    metadata,
    Column("currency", String(3), primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
