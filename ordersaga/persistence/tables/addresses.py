"""Addresses that buyers keep."""

from sqlalchemy import Column, DateTime, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

addresses = Table(
    "addresses",
    metadata,
    Column("address_id", Text, primary_key=True),
    Column("buyer", Text, nullable=False, index=True),
    Column("address", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
