"""Merchants, warehouses, SKUs."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

merchants = Table(
    "merchants",
    metadata,
    Column("merchant_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("self_operated", Boolean, nullable=False),
    Column("shipping", JSONB, nullable=False),
)

warehouses = Table(
    "warehouses",
    metadata,
    Column("warehouse_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
)

skus = Table(
    "skus",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("merchant_id", Text, ForeignKey("merchants.merchant_id"), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("shipping_fee", BigInteger),
    Column("category", Text, nullable=False, server_default=""),
    Column("floor_price", BigInteger, nullable=False, server_default="0"),
    Column("weight_g", Integer, nullable=False),
    Column("length_mm", Integer, nullable=False),
    Column("width_mm", Integer, nullable=False),
    Column("height_mm", Integer, nullable=False),
    Column("transport_class", Text, nullable=False),
    Column("order_type", Text, nullable=False),
    Column("stock_policy", Text, nullable=False),
    Column("delivery", Text, nullable=False, server_default="codes"),
    CheckConstraint("price >= 0", name="price_not_negative"),
    CheckConstraint("shipping_fee >= 0", name="shipping_fee_not_negative"),
    CheckConstraint("floor_price >= 0 AND floor_price <= price", name="floor_price_within_price"),
)

# A catalogue file is loaded once: its stock is where selling began, not what it should be again at every start.
catalogue_files = Table(
    "catalogue_files",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
)
