"""Parcels and what is in them (R-SPL-1, R-FUL-1)."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

parcels = Table(
    "parcels",
    metadata,
    Column("parcel_no", Text, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("warehouse_id", Text, nullable=False),
    Column("transport_class", Text, nullable=False),
    Column("weight_g", BigInteger, nullable=False),
    Column("volume_mm3", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    # The parcel whose goods this one carries: stopped in part, or sent again.
    Column("replaces", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("order_no", "sequence"),
    Index("ix_parcels_state", "state", "parcel_no"),
    Index("ix_parcels_merchant_id", "merchant_id", "state", "parcel_no"),
    Index("ix_parcels_warehouse_id", "warehouse_id", "state", "parcel_no"),
)

parcel_lines = Table(
    "parcel_lines",
    metadata,
    Column("parcel_no", Text, ForeignKey("parcels.parcel_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    # Numbers of the line's units, the first one 1.
    Column("units", JSONB, nullable=False, server_default="[]"),
    Column("payable", BigInteger, nullable=False),
    Column("shipping", BigInteger, nullable=False),
)
