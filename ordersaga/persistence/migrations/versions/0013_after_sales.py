"""after-sales cases"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "after_sales_rules",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_after_sales_rules")),
    )
    op.create_index(op.f("ix_after_sales_rules_created_at"), "after_sales_rules", ["created_at"], unique=False)
    op.create_table(
        "after_sales_cases",
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("table_version", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("opened_by_role", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("note", sa.BigInteger(), nullable=True),
        sa.Column("warehouse_id", sa.Text(), nullable=True),
        sa.Column("return_shipment", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("settlement", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("replacement_order_no", sa.Text(), nullable=True),
        sa.Column("command", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_after_sales_cases_order_no")),
        sa.PrimaryKeyConstraint("case_no", name=op.f("pk_after_sales_cases")),
        sa.UniqueConstraint("order_no", "sequence", name=op.f("uq_after_sales_cases_order_no_sequence")),
    )
    op.create_index(
        "ix_after_sales_cases_merchant_id", "after_sales_cases", ["merchant_id", "opened_at", "case_no"], unique=False
    )
    op.create_index(
        "ix_after_sales_cases_open",
        "after_sales_cases",
        ["order_no"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('refunded', 'exchanged', 'withdrawn', 'closed')"),
    )
    op.create_index("ix_after_sales_cases_opened_at", "after_sales_cases", ["opened_at", "case_no"], unique=False)
    op.create_index(
        "ix_after_sales_cases_warehouse_id", "after_sales_cases", ["warehouse_id", "opened_at", "case_no"], unique=False
    )
    op.create_table(
        "after_sales_lines",
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("units", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("accepted", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("restock", sa.Text(), nullable=True),
        sa.Column("replacement_sku", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["after_sales_cases.case_no"], name=op.f("fk_after_sales_lines_case_no")),
        sa.PrimaryKeyConstraint("case_no", "line_no", name=op.f("pk_after_sales_lines")),
    )
    op.create_table(
        "claimed_units",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('claimed', 'refunded', 'exchanged')", name=op.f("ck_claimed_units_state_known")),
        sa.CheckConstraint("unit_no > 0", name=op.f("ck_claimed_units_unit_no_positive")),
        sa.ForeignKeyConstraint(["case_no"], ["after_sales_cases.case_no"], name=op.f("fk_claimed_units_case_no")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_claimed_units_order_no")),
        sa.PrimaryKeyConstraint("order_no", "line_no", "unit_no", name=op.f("pk_claimed_units")),
    )
    op.create_index(op.f("ix_claimed_units_case_no"), "claimed_units", ["case_no"], unique=False)
    op.add_column(
        "order_lines", sa.Column("replaces", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column("orders", sa.Column("after_sales_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("delivery_note", sa.Text(), nullable=True))
    op.add_column("orders", sa.Column("replaces", sa.Text(), nullable=True))
    op.create_index(op.f("ix_orders_replaces"), "orders", ["replaces"], unique=False)
    op.add_column(
        "parcel_lines", sa.Column("units", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.add_column("parcels", sa.Column("replaces", sa.Text(), nullable=True))
    op.add_column("refunds", sa.Column("case_no", sa.Text(), nullable=True))
    op.create_index(op.f("ix_refunds_case_no"), "refunds", ["case_no"], unique=False)
    op.create_foreign_key(op.f("fk_refunds_case_no"), "refunds", "after_sales_cases", ["case_no"], ["case_no"])
    op.add_column("stock", sa.Column("defective", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("stock_movements", sa.Column("defective", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("transitions", sa.Column("case_no", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("transitions", "case_no")
    op.drop_column("stock_movements", "defective")
    op.drop_column("stock", "defective")
    op.drop_constraint(op.f("fk_refunds_case_no"), "refunds", type_="foreignkey")
    op.drop_index(op.f("ix_refunds_case_no"), table_name="refunds")
    op.drop_column("refunds", "case_no")
    op.drop_column("parcels", "replaces")
    op.drop_column("parcel_lines", "units")
    op.drop_index(op.f("ix_orders_replaces"), table_name="orders")
    op.drop_column("orders", "replaces")
    op.drop_column("orders", "delivery_note")
    op.drop_column("orders", "after_sales_until")
    op.drop_column("order_lines", "replaces")
    op.drop_index(op.f("ix_claimed_units_case_no"), table_name="claimed_units")
    op.drop_table("claimed_units")
    op.drop_table("after_sales_lines")
    op.drop_index("ix_after_sales_cases_warehouse_id", table_name="after_sales_cases")
    op.drop_index("ix_after_sales_cases_opened_at", table_name="after_sales_cases")
    op.drop_index(
        "ix_after_sales_cases_open",
        table_name="after_sales_cases",
        postgresql_where=sa.text("state NOT IN ('refunded', 'exchanged', 'withdrawn', 'closed')"),
    )
    op.drop_index("ix_after_sales_cases_merchant_id", table_name="after_sales_cases")
    op.drop_table("after_sales_cases")
    op.drop_index(op.f("ix_after_sales_rules_created_at"), table_name="after_sales_rules")
    op.drop_table("after_sales_rules")
