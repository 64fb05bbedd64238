"""Signed checkpoints over the heads of the audit chains (R-SUB-3)."""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# `heads`: the order numbers that moved since the checkpoint before, each with its last sequence and seal.
# `position`, `orders` and `transitions` count from the beginning.
audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("orders", BigInteger, nullable=False),
    Column("transitions", BigInteger, nullable=False),
    Column("heads", JSONB, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("mac", Text, nullable=False),
)
