"""Campaigns: SKUs offered as another order type for a time (R-TYPE-2, R-TYPE-3, R-TYPE-5)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

campaigns = Table(
    "campaigns",
    metadata,
    Column("code", Text, primary_key=True),
    Column("order_type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sku", Text, ForeignKey("skus.sku"), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("stock_policy", Text),
    Column("pooled", Boolean, nullable=False, server_default="false"),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("price > 0", name="price_positive"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    Index("ix_campaigns_sku", "sku", "order_type", "ends_at"),
)
