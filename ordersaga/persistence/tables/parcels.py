"""Parcels and what is in them (R-SPL-1, R-FUL-1)."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

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
    Column("updated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("order_no", "sequence"),
    Index("ix_parcels_state", "state", "parcel_no"),
)

parcel_lines = Table(
    "parcel_lines",
    metadata,
    Column("parcel_no", Text, ForeignKey("parcels.parcel_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("payable", BigInteger, nullable=False),
    Column("shipping", BigInteger, nullable=False),
)
