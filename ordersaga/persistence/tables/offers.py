"""Promotions and member benefits, and what orders hold of every kind of offer (R-PRC-1, R-SUB-2)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# What is counted stands here, beside the version that applies now; the rule itself is in its version and never changes.
offers = Table(
    "offers",
    metadata,
    Column("code", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("budget", BigInteger),
    Column("usage_limit", BigInteger),
    Column("spent", BigInteger, nullable=False, server_default="0"),
    Column("used", BigInteger, nullable=False, server_default="0"),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("spent >= 0 AND (budget IS NULL OR spent <= budget)", name="within_budget"),
    CheckConstraint("used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", name="within_usage_limit"),
    Index("ix_offers_enabled_ends_at", "enabled", "ends_at"),
)

offer_versions = Table(
    "offer_versions",
    metadata,
    Column("code", Text, ForeignKey("offers.code", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

offer_account_uses = Table(
    "offer_account_uses",
    metadata,
    Column("code", Text, ForeignKey("offers.code"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("used", Integer, nullable=False),
    CheckConstraint("used >= 0", name="used_not_negative"),
)

# One row per order from its first hold or return on: a return that comes first is the tombstone of the hold.
offer_holds = Table(
    "offer_holds",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

# The ledger of budgets and quotas: what is spent and used of an offer is the sum of its items that were not returned.
offer_hold_items = Table(
    "offer_hold_items",
    metadata,
    Column("order_no", Text, ForeignKey("offer_holds.order_no"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    # How many of the points after-sales cases gave back, unit by unit.
    Column("points_returned", BigInteger, nullable=False, server_default="0"),
    Column("returned", Boolean, nullable=False, server_default="false"),
    Column("restorations", JSONB, nullable=False),
    CheckConstraint("points_returned BETWEEN 0 AND points", name="points_returned_within_points"),
    Index("ix_offer_hold_items_code", "code"),
)

restorations = Table(
    "restorations",
    metadata,
    Column("source", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
