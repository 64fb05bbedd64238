"""Accounts that are members, and of which tier."""

from sqlalchemy import Column, DateTime, Table, Text

from ordersaga.persistence.tables.metadata import metadata

members = Table(
    "members",
    metadata,
    Column("account", Text, primary_key=True),
    Column("tier", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
