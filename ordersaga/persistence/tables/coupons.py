"""Coupon templates, the coupons that accounts hold, and every step that these took (S6)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

coupon_templates = Table(
    "coupon_templates",
    metadata,
    Column("template", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("claim_code", Text, unique=True),
    Column("issue_limit", BigInteger),
    Column("issued", BigInteger, nullable=False, server_default="0"),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("issued >= 0 AND (issue_limit IS NULL OR issued <= issue_limit)", name="within_issue_limit"),
)

coupon_template_versions = Table(
    "coupon_template_versions",
    metadata,
    Column(
        "template",
        Text,
        ForeignKey("coupon_templates.template", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

# A coupon keeps the terms that it was granted with.
coupons = Table(
    "coupons",
    metadata,
    Column("coupon_code", Text, primary_key=True),
    Column("template", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    Column("order_no", Text),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["template", "version"], ["coupon_template_versions.template", "coupon_template_versions.version"]
    ),
    CheckConstraint("(state IN ('locked', 'used')) = (order_no IS NOT NULL)", name="order_while_held"),
    Index("ix_coupons_account_valid_from", "account", "valid_from", "coupon_code"),
    Index("ix_coupons_template_account", "template", "account"),
)

coupon_movements = Table(
    "coupon_movements",
    metadata,
    Column("movement_id", BigInteger, Identity(always=True), primary_key=True),
    Column("coupon_code", Text, ForeignKey("coupons.coupon_code"), nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("source_document", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("coupon_code", "source_document", "to_state"),
)
