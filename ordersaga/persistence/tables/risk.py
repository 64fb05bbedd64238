"""Risk control: rules, block-lists, and whom it has denied (R-STK-4). Values lie here as pseudonyms only."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

risk_rules = Table(
    "risk_rules",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

block_lists = Table(
    "block_lists",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("pseudonym", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("kind", "pseudonym"),
)

# A denied submit leaves no submission: this is what operators can look it up by.
risk_denials = Table(
    "risk_denials",
    metadata,
    Column("denial_id", BigInteger, Identity(always=True), primary_key=True),
    Column("order_no", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False),
    Column("ip", Text),
    Column("device", Text),
    Column("reasons", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_risk_denials_account", "account"),
)
