"""After-sales cases: what is claimed, unit by unit, and the rules by which things come back (R-REV-3 … R-REV-8)."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

_OPEN = text("state NOT IN ('refunded', 'exchanged', 'withdrawn', 'closed')")

after_sales_cases = Table(
    "after_sales_cases",
    metadata,
    Column("case_no", Text, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("table_version", Integer, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("opened_by_role", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("note", BigInteger),
    Column("warehouse_id", Text),
    Column("return_shipment", JSONB(none_as_null=True)),
    Column("settlement", JSONB(none_as_null=True)),
    Column("replacement_order_no", Text),
    Column("command", Text),
    Column("due_at", DateTime(timezone=True)),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("order_no", "sequence"),
    Index("ix_after_sales_cases_opened_at", "opened_at", "case_no"),
    Index("ix_after_sales_cases_merchant_id", "merchant_id", "opened_at", "case_no"),
    Index("ix_after_sales_cases_warehouse_id", "warehouse_id", "opened_at", "case_no"),
    Index("ix_after_sales_cases_state", "state", "kind", "opened_at", "case_no"),
    Index("ix_after_sales_cases_merchant_id_state", "merchant_id", "state", "kind", "opened_at", "case_no"),
    Index("ix_after_sales_cases_warehouse_id_state", "warehouse_id", "state", "kind", "opened_at", "case_no"),
    Index("ix_after_sales_cases_open", "order_no", postgresql_where=_OPEN),
)

# `units` and `accepted` are numbers of the line's units, the first one 1.
after_sales_lines = Table(
    "after_sales_lines",
    metadata,
    Column("case_no", Text, ForeignKey("after_sales_cases.case_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("units", JSONB, nullable=False),
    Column("accepted", JSONB(none_as_null=True)),
    Column("restock", Text),
    Column("replacement_sku", Text),
)

# A unit is in one case at a time, and once money or a replacement was given for it, for ever. What a case gives up is
# free again: its rows go away.
claimed_units = Table(
    "claimed_units",
    metadata,
    Column("order_no", Text, ForeignKey("orders.order_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("unit_no", Integer, primary_key=True),
    Column("case_no", Text, ForeignKey("after_sales_cases.case_no"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    CheckConstraint("unit_no > 0", name="unit_no_positive"),
    CheckConstraint("state IN ('claimed', 'refunded', 'exchanged')", name="state_known"),
)

# Versions by the time from which they hold: an order keeps to the one that stood when it was placed.
after_sales_rules = Table(
    "after_sales_rules",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
)
